"""What a collection holds of an item, and how it is asked about it. Pure: nothing here connects.

An item is one entity: its row, its vector, its index terms as one text for Milvus' BM25 function, the names of its
attributes as numbers in one array, and each number of its attributes in a field of its own. Terms are made by
`trimtab.text`, not by Milvus: they are written with letters a to z and digits alone, so that every analyser keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.lexical.field_terms import field_terms
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.lexical.wanted import Wanted
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Lexicon

ROW, VECTOR, TERMS, BM25, CODES = "row", "vector", "terms", "bm25", "codes"
NUMBER = "number_"
"""What the names of the fields of numbers begin with; their places follow."""

REPEATS: Mapping[str, int] = {field: round(boost) for field, boost in BOOSTS.items()}
"""How often the terms of a field stand in the text: BM25 has one text of an item, and no weights within it."""

K1, B = 1.5, 0.75
"""The parameters of BM25: what milvus-lite has, whatever it is given."""

MAX_TEXT_BYTES = 65_535
MAX_CODES = 4096
MAX_NUMBERS = 48
"""Milvus allows 64 fields."""

ENCODED = "0x"
NOTHING = f"{ROW} < 0"


def token(term: str) -> str:
    """A term in letters a to z and digits, different for different terms."""
    is_plain = term.isascii() and term.isalnum() and term == term.lower() and not term.startswith(ENCODED)
    return term if is_plain else ENCODED + term.encode(errors="surrogatepass").hex()


def document(texts: Mapping[str, str], lexicon: Lexicon) -> str:
    """The text of an item that BM25 is of.

    Args:
        texts: by field of `BOOSTS`.
    """
    tokens = [
        token(term)
        for field, repeats in REPEATS.items()
        for term in field_terms(lexicon, texts[field]).indexed * repeats
    ]
    text = " ".join(tokens)
    return text if len(text) <= MAX_TEXT_BYTES else text[:MAX_TEXT_BYTES].rpartition(" ")[0]


@dataclass(frozen=True)
class Layout:
    """The fields of a collection.

    Attributes:
        names: attributes whose names are in the array of codes, by place.
        numbers: attributes with a field of their own, by place; of each, an item has one number at most.
    """

    dim: int
    names: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, columns: Sequence[AttributeColumn], dim: int, n_items: int) -> Layout:
        """The attributes that can be filtered on in Milvus, as many as it allows; by the others rows are left out
        afterwards."""
        most = [0] * n_items
        names = []
        for column in columns:
            if column.is_named:
                counted = [many + one for many, one in zip(most, _counts(column), strict=True)]
                if max(counted, default=0) <= MAX_CODES:
                    most = counted
                    names.append(column.attribute.name)
        single = [one for one in columns if not one.is_named and max(_counts(one), default=0) <= 1]
        numbers = sorted(single, key=lambda one: -len(one.rows))[:MAX_NUMBERS]
        return cls(dim, tuple(names), tuple(one.attribute.name for one in numbers))

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Layout:
        return cls(int(given["dim"]), tuple(given["names"]), tuple(given["numbers"]))

    def as_dict(self) -> dict[str, Any]:
        return {"dim": self.dim, "names": list(self.names), "numbers": list(self.numbers)}

    @property
    def fields(self) -> set[str]:
        """The names of all fields."""
        return {ROW, VECTOR, TERMS, BM25, CODES, *(f"{NUMBER}{place}" for place in range(len(self.numbers)))}

    def filters_on(self, field: str) -> bool:
        """Whether conditions on an attribute can be met in Milvus."""
        return field in self.names or field in self.numbers

    def code(self, field: str, code: int) -> int:
        """The number of a name of an attribute."""
        return self.names.index(field) << 32 | code

    def expression(self, condition: Condition) -> str:
        """The items that meet a condition, as a filter of Milvus."""
        if condition.field in self.names:
            having = NOTHING
            if condition.codes:
                codes = ", ".join(str(self.code(condition.field, code)) for code in sorted(set(condition.codes)))
                having = f"array_contains_any({CODES}, [{codes}])"
            return f"not ({having})" if condition.negated else having
        field = f"{NUMBER}{self.numbers.index(condition.field)}"
        having = any_of([_within(field, low, high) for low, high in condition.ranges])
        return f"({field} is null or not ({having}))" if condition.negated else having


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is looked for among the terms of items.

    Attributes:
        terms: distinct index terms whose BM25 adds up.
        finding: the items that are found, as a filter; empty where any of the terms finds an item.
    """

    terms: tuple[str, ...]
    finding: str


def lookup(
    wanted: Wanted, rare_or_all: Callable[[Sequence[QueryWord]], Sequence[QueryWord]], knows: Callable[[str], bool]
) -> Lookup:
    """What `LexicalIndex.search` finds, as one text and one filter.

    An item is found by its rare words, or by synonyms of which it has all words; the other words only add to scores.
    """
    replaced = wanted.replaced
    finding = [word for word in rare_or_all(wanted.things) if word.term not in replaced]
    finding += [word for typed in wanted.with_synonyms for word in typed]
    meant = [words for typed in wanted.with_synonyms for words in wanted.synonyms_of(typed)]
    readings = [terms for word in finding for terms in _readings(word, knows)]
    alone = {terms[0] for terms in readings if len(terms) == 1}
    parts = [has(words, knows) for words in meant] + [_match_all(terms) for terms in readings if len(terms) > 1]
    scored = [*wanted.terms, *finding, *(word for words in meant for word in words), *wanted.absent]
    terms = dict.fromkeys(term for word in scored for reading in _readings(word, knows) for term in reading)
    terms |= dict.fromkeys(word.accented for word in scored if word.accented is not None and knows(word.accented))
    found = any_of(([_match(alone)] if alone else []) + parts)
    is_plain = alone.issuperset(terms)
    ruled_out = [f"not ({has(words, knows)})" for words in wanted.forbidden if words]
    return Lookup(tuple(terms), all_of(([] if is_plain else [found]) + ruled_out))


def has(words: Sequence[QueryWord], knows: Callable[[str], bool]) -> str:
    """The items that have all of some words."""
    return all_of([any_of([_match_all(terms) for terms in _readings(word, knows)]) for word in words])


def any_of(expressions: Sequence[str]) -> str:
    """The items that one of the filters lets through."""
    return f"({' or '.join(expressions)})" if expressions else NOTHING


def all_of(expressions: Iterable[str]) -> str:
    """The items that all filters let through; empty where there are none."""
    return " and ".join(one for one in expressions if one)


def _readings(word: QueryWord, knows: Callable[[str], bool]) -> list[tuple[str, ...]]:
    return [tuple(terms) for terms in word.readings if all(map(knows, terms))]


def _match(terms: Iterable[str]) -> str:
    return f'text_match({TERMS}, "{" ".join(sorted(map(token, terms)))}")'


def _match_all(terms: Iterable[str]) -> str:
    return f"({all_of([_match([term]) for term in terms])})"


def _within(field: str, low: float, high: float) -> str:
    ends = [f"{field} >= {low!r}"] if isfinite(low) else []
    ends += [f"{field} <= {high!r}"] if isfinite(high) else []
    return f"({all_of(ends)})" if ends else f"{field} is not null"


def _counts(column: AttributeColumn) -> list[int]:
    """[n_items] how many values each item has."""
    counts: list[int] = (column.starts[1:] - column.starts[:-1]).tolist()
    return counts
