"""Which analysed word of a query met which field of an item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from trimtab.core.understood import Understood
from trimtab.text.analyser import Analyser

FIELDS = ("title", "product_type", "brand", "category", "attributes", "description")


def matched_fields(
    query: Understood, items: Iterable[Mapping[str, str]], analyser: Analyser
) -> Iterator[dict[str, list[str]]]:
    """For each item the fields that have each word or synonym of a query; a word that no field has is there with none.

    Args:
        items: their texts, by `FIELDS`.
    """
    wanted = list(_wanted(query, analyser))

    @cache
    def terms_of(text: str) -> frozenset[str]:
        return frozenset(analyser.terms(text))

    for texts in items:
        terms = {field: terms_of(texts[field]) for field in FIELDS}
        found: dict[str, list[str]] = {}
        for word, alternatives in wanted:
            fields = [field for field in FIELDS if any(one <= terms[field] for one in alternatives)]
            found[word] = [field for field in FIELDS if field in fields or field in found.get(word, ())]
        yield found


def _wanted(query: Understood, analyser: Analyser) -> Iterator[tuple[str, list[frozenset[str]]]]:
    """Each word and synonym with the sets of index terms of which an item must have one."""
    for token in analyser.tokens(query.words):
        yield (
            token.text,
            [frozenset([term]) for term in (token.term, *token.also)] + [frozenset(token.parts)] * bool(token.parts),
        )
    for _, meant in query.synonyms:
        yield meant, [frozenset(analyser.terms(meant))]
