"""The one entry: a text in, what is to be searched out.

A rule's rewriting comes first. Then words that are not wanted and bounds on the price are read, because their words
mean something in whatever catalogue; what is left is corrected, and compared with the catalogue's values, synonyms and
items.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

from trimtab.core.understood import Steps, Understood
from trimtab.retrieval.understanding.bounds import Bound, bound_words, price_bounds
from trimtab.retrieval.understanding.correction import Spelling, corrections, with_corrections
from trimtab.retrieval.understanding.mentions import NO_VALUES, Values, applied
from trimtab.retrieval.understanding.negation import grammar_of, negated
from trimtab.retrieval.understanding.relaxation import dropped
from trimtab.retrieval.understanding.synonyms import NO_SYNONYMS, Synonyms
from trimtab.text.analyser import Analyser

MAX_QUERY_CHARACTERS = 400
"""The characters of a query that are read; the rest is cut off."""


class Catalogue(Spelling, Protocol):
    """What items have which words."""

    def best_covered(self, words: Sequence[str]) -> Collection[str]:
        """The words that the item has that has most of them, rare ones counting for more."""


@dataclass(frozen=True)
class Knowledge:
    """What understanding knows of a catalogue and its shop.

    Attributes:
        values: those of the attributes.
        filter_on: attributes whose mention filters.
    """

    analyser: Analyser
    catalogue: Catalogue
    values: Values = NO_VALUES
    synonyms: Synonyms = NO_SYNONYMS
    steps: Steps = field(default_factory=Steps)
    filter_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request and those who run the shop say beside the words.

    Attributes:
        steps: that are taken; None takes the shop's.
        rewritten: what a rule puts in place of the words.
        synonyms: those that came after the bundle.
        filtered: attributes that are filtered on already: a mention does not filter on them too.
    """

    steps: Steps | None = None
    rewritten: str | None = None
    synonyms: Synonyms = NO_SYNONYMS
    filtered: frozenset[str] = frozenset()


NO_WISHES = Wishes()


def understand(text: str, known: Knowledge, wishes: Wishes = NO_WISHES) -> Understood:
    """What a query means to a catalogue."""
    steps = known.steps if wishes.steps is None else wishes.steps
    words = (wishes.rewritten or text)[:MAX_QUERY_CHARACTERS].encode(errors="replace").decode()
    understood = Understood(text, words, rewritten=wishes.rewritten)
    if steps.negation:
        understood = _without_negated(understood, known.analyser)
    bounds: Sequence[Bound] = ()
    if steps.attributes:
        bounds = price_bounds(understood.words, known.analyser)
        places = [(bound.start, bound.end) for bound in bounds]
        understood = replace(understood, words=_cut(understood.words, places))
    if steps.correct:
        understood = _corrected(understood, known)
    if steps.attributes:
        mentions = [bound.mention for bound in bounds] + known.values.mentions(understood.words, known.analyser)
        understood = replace(understood, attributes=applied(mentions, known.filter_on - wishes.filtered))
    if steps.synonyms:
        found = (table.found_in(understood.words, known.analyser) for table in (known.synonyms, wishes.synonyms))
        understood = replace(understood, synonyms=tuple(dict.fromkeys(pair for pairs in found for pair in pairs)))
    if steps.relax:
        understood = replace(understood, relaxed=_relaxed(understood, known))
    return understood


def _without_negated(understood: Understood, analyser: Analyser) -> Understood:
    """The query without the words that are not wanted; as it was where nothing else is wanted."""
    text = understood.words
    places = [place for place in negated(text, analyser) if place.kind != "property"]
    wanted = _cut(text, [(place.start, place.end) for place in places])
    if not places or not analyser.read(wanted):
        return understood
    return replace(
        understood,
        words=wanted,
        excluded=tuple(dict.fromkeys(words for place in places for words in place.texts(text))),
        forbidden=tuple(words for place in places if place.kind == "minus" for words in place.texts(text)),
    )


def _corrected(understood: Understood, known: Knowledge) -> Understood:
    mended = corrections(understood.words, known.analyser, known.catalogue, kept=_grammatical(known.analyser))
    if not mended:
        return understood
    whole = understood.query if understood.rewritten is None else understood.rewritten
    return replace(
        understood,
        words=with_corrections(understood.words, mended, known.analyser),
        corrected=with_corrections(whole, mended, known.analyser),
    )


@lru_cache(maxsize=32)
def _grammatical(analyser: Analyser) -> frozenset[str]:
    """Words that mean something in whatever catalogue."""
    return bound_words(analyser) | grammar_of(analyser).words


def _relaxed(understood: Understood, known: Knowledge) -> tuple[str, ...]:
    found_otherwise = {word for typed, _ in understood.synonyms for word in _words(typed, known.analyser)}
    words = [word for word in _words(understood.words, known.analyser) if word not in found_otherwise]
    return dropped(words, n_having=known.catalogue.together, best_covered=known.catalogue.best_covered)


def _words(text: str, analyser: Analyser) -> list[str]:
    return list(dict.fromkeys(token.text for token in analyser.read(text)))


def _cut(text: str, places: Sequence[tuple[int, int]]) -> str:
    """A text without some places; as it was to the last space where there are none."""
    if not places:
        return text
    parts, at = [], 0
    for start, end in places:
        parts.append(text[at:start])
        at = end
    return " ".join(" ".join([*parts, text[at:]]).split())
