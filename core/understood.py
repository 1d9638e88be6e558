"""What a query was understood as: what is searched, and each step that made it differ from what was typed.

Whatever changes what is searched is logged with it, so that a decision can be made again to the bit though rules and
synonyms have changed since.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import chain
from operator import attrgetter
from typing import Any, Self

STEPS = ("correct", "synonyms", "negation", "attributes", "relax")
"""The switches of a request and of `[understanding]` in `shop.toml`."""

MAX_WORDINGS = 4
"""The most ways of saying a query of which the meaning is looked for: each is encoded and searched."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of understanding that are taken."""

    correct: bool = True
    synonyms: bool = True
    negation: bool = True
    attributes: bool = True
    relax: bool = True


AS_TYPED = Steps(**dict.fromkeys(STEPS, False))
"""No step at all: `exact=true`."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A value of an attribute, or a bound on a number, that some words of a query speak of.

    Attributes:
        text: the words.
        value: as in `filter=field:value`.
        applied: whether it filters; otherwise the ranker knows of it.
    """

    text: str
    field: str
    value: str
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """A query as it is searched.

    Attributes:
        query: as typed.
        words: what is looked for; equal to `query` where no step changed anything.
        corrected: what was typed with other words in place of misspelt ones; None where none was.
        synonyms: words of `words`, and words that count as well as they do.
        excluded: words that are not wanted, as typed.
        forbidden: those of them that no item may have.
        relaxed: words of `words` that an item need not have to be among the matches.
        rewritten: what a rule put in place of what was typed.
        redirect, banner: what a rule says to do beside showing the slate.
        language: which the words were said to be in, by its code; None where nothing was said.
        linking: words of `words` that are not looked for: they link others (`for`, `with`), or no item of the kind
            that is wanted has them.
    """

    query: str
    words: str
    corrected: str | None = None
    synonyms: tuple[tuple[str, str], ...] = ()
    excluded: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    attributes: tuple[Mention, ...] = ()
    relaxed: tuple[str, ...] = ()
    rewritten: str | None = None
    redirect: str | None = None
    banner: str | None = None
    language: str | None = None
    linking: tuple[str, ...] = ()

    @classmethod
    def as_typed(cls, text: str) -> Self:
        """The query that is nothing but its words."""
        return cls(text, text)

    @property
    def filters(self) -> tuple[str, ...]:
        """The conditions that follow from the words, as in `filter=`."""
        return tuple(f"{mention.field}:{mention.value}" for mention in self.attributes if mention.applied)

    @property
    def wordings(self) -> tuple[str, ...]:
        """The words, and the words with each of the first synonyms in place of what was typed."""
        others = (_reworded(self.words, typed, meant) for typed, meant in self.synonyms)
        return tuple(dict.fromkeys((self.words, *others)))[:MAX_WORDINGS]

    def as_dict(self) -> dict[str, Any]:
        """The field `understood` of a response."""
        return {
            "query": self.query,
            "corrected": self.corrected,
            "synonyms": [{"from": typed, "to": meant} for typed, meant in self.synonyms],
            "excluded": list(self.excluded),
            "attributes": [
                {"text": one.text, "field": one.field, "value": one.value, "applied": one.applied}
                for one in self.attributes
            ],
            "relaxed": list(self.relaxed),
            "rewritten": self.rewritten,
            "redirect": self.redirect,
            "banner": self.banner,
        }

    def to_log(self) -> str:
        """JSON of what differs from the query as it was typed, which the log has beside it."""
        usual = (self.query, *_USUAL)
        changed = {
            name: value for name, value, one in zip(_LOGGED, _logged_of(self), usual, strict=True) if value != one
        }
        if not changed:
            return "{}"
        if self.attributes:
            changed["attributes"] = [[one.text, one.field, one.value, one.applied] for one in self.attributes]
        return _encoder.encode(changed)

    @classmethod
    def from_log(cls, query: str, logged: str) -> Self:
        """What `to_log` wrote of this query.

        Raises:
            ValueError, TypeError: it is nothing that `to_log` writes.
        """
        try:
            changed: Mapping[str, Any] = json.loads(logged)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        plain: dict[str, Any] = {"words": query, **changed}
        for name in ("excluded", "forbidden", "relaxed", "linking"):
            plain[name] = tuple(plain.get(name, ()))
        plain["synonyms"] = tuple((typed, meant) for typed, meant in plain.get("synonyms", ()))
        plain["attributes"] = tuple(Mention(*one) for one in plain.get("attributes", ()))
        found = cls(query, **plain)
        if not all(isinstance(text, str) for text in found._texts()):
            raise TypeError("words are not text")
        return found

    def _texts(self) -> Iterator[object]:
        """All that is text where this is what `to_log` writes."""
        yield from (self.words, *self.excluded, *self.forbidden, *self.relaxed, *self.linking)
        yield from chain.from_iterable(self.synonyms)
        yield from chain.from_iterable((one.text, one.field, one.value) for one in self.attributes)
        notes = (self.corrected, self.rewritten, self.redirect, self.banner, self.language)
        yield from (note for note in notes if note is not None)


def _reworded(text: str, typed: str, meant: str) -> str:
    """A text with other words in place of some, which may be a part of a word only where no spaces part words."""
    other = re.sub(rf"(?<!\w){re.escape(typed)}(?!\w)", lambda _: meant, text)
    return other if other != text else text.replace(typed, meant)


_LOGGED = tuple(one.name for one in fields(Understood) if one.name != "query")
_logged_of = attrgetter(*_LOGGED)
_USUAL = _logged_of(Understood.as_typed(""))[1:]
"""What a query as typed has behind its words."""
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def wording_of(row: Mapping[str, Any]) -> str | Understood:
    """What a log row was a search for: the words as they were understood, or as typed in rows of earlier versions.

    Raises:
        ValueError, TypeError: `understood` is not what is logged.
    """
    query, logged = str(row["query"]), row.get("understood")
    return query if logged is None else Understood.from_log(query, logged)
