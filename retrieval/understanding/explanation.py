"""Which analysed word of a query met which field of an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trimtab.core.understood import Understood
from trimtab.text.analyser import Analyser

FIELDS = ("title", "product_type", "brand", "category", "attributes", "description")


def matched_fields(query: Understood, texts: Mapping[str, str], analyser: Analyser) -> dict[str, list[str]]:
    """The fields that have each word or synonym of a query, by word; a word that no field has is there with none.

    Args:
        texts: of an item, by `FIELDS`.
    """
    terms_of = {field: frozenset(analyser.terms(texts[field])) for field in FIELDS}
    found: dict[str, list[str]] = {}
    for word, alternatives in _wanted(query, analyser):
        fields = [field for field, terms in terms_of.items() if any(one <= terms for one in alternatives)]
        found[word] = [field for field in FIELDS if field in fields or field in found.get(word, ())]
    return found


def _wanted(query: Understood, analyser: Analyser) -> Iterator[tuple[str, list[frozenset[str]]]]:
    """Each word and synonym with the sets of index terms of which an item must have one."""
    for token in analyser.tokens(query.words):
        yield (
            token.text,
            [frozenset([term]) for term in (token.term, *token.also)] + [frozenset(token.parts)] * bool(token.parts),
        )
    for _, meant in query.synonyms:
        yield meant, [frozenset(analyser.terms(meant))]
