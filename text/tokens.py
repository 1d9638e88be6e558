"""One word, number, quantity or code of a text."""

from __future__ import annotations

from typing import Literal, NamedTuple

from trimtab.text.normal import fold_accents, fold_case, normalised

Kind = Literal["word", "number", "measure", "code"]


class Token(NamedTuple):
    """One word, number, quantity or code of a text.

    Attributes:
        text: as it stands in the text.
        key: the text as values are compared.
        term: what it is found by in an index: stemmed, or an amount in the unit of its kind.
        kind: a `measure` is a number and its unit, a `code` has letters and digits.
        start, end: where it stands in the text.
        also: other terms of the same meaning, which an item or a query may have instead.
        parts: terms of what it is made of; all of them together mean the same.
        joined: terms of which it is the end: words with a hyphen between them written as one.
    """

    text: str
    key: str
    term: str
    kind: Kind
    start: int
    end: int
    also: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()

    @property
    def indexed(self) -> tuple[str, ...]:
        """All terms that an item with the token is found by, each once."""
        return tuple(dict.fromkeys((self.term, *self.also, *self.parts, *self.joined)))

    @property
    def accented(self) -> str | None:
        """The word with its accents, where it has any that `key` leaves out."""
        exact = fold_case(normalised(self.text)).replace("'", "")
        return exact if exact != self.key == fold_accents(exact) else None
