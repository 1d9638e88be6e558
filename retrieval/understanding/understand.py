"""The one entry: a text in, what is to be searched out.

A rule's rewriting comes first. Then bounds on the price (`no more than $50`) and words that are not wanted are read,
because their words mean something in whatever catalogue; what is left is corrected, and compared with the catalogue's
values, synonyms and items.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Protocol

from trimtab.core.understood import Mention, Steps, Understood
from trimtab.retrieval.understanding.bounds import PRICE, Bound, bound_words, joint_range, price_bounds
from trimtab.retrieval.understanding.correction import Corrector, Spelling, retyped, with_corrections
from trimtab.retrieval.understanding.mentions import NO_VALUES, Values, applied
from trimtab.retrieval.understanding.negation import Negated, Phrase, grammar_of
from trimtab.retrieval.understanding.relaxation import dropped, dropped_beside, kind_in, never_with
from trimtab.retrieval.understanding.synonyms import NO_SYNONYMS, Synonyms
from trimtab.text.analyser import Analyser
from trimtab.text.query import QueryReading, QueryWord
from trimtab.text.words.function_words import function_words

MAX_QUERY_CHARACTERS = 400
"""The characters of a query that are read; the rest is cut off."""


class Catalogue(Spelling, Protocol):
    """What items have which words."""

    def read(self, text: str) -> QueryReading:
        """The words of a text, as items have them."""

    def has_all(self, words: Sequence[QueryWord]) -> bool:
        """Whether any item has all of the words."""

    def goes_without(self, words: str) -> bool:
        """Whether any item says that it goes without some words."""

    def best_covered(self, words: Sequence[QueryWord]) -> Collection[QueryWord]:
        """The words that the item has that has most of them, rare ones counting for more."""


@dataclass(frozen=True)
class Knowledge:
    """What understanding knows of a catalogue and its shop.

    Attributes:
        values: those of the attributes.
        filter_on: attributes whose mention filters.
        filter_on_prices: whether bounds on the price that name a currency filter, too.
        names: that hold a word of negation and say nothing of it.
    """

    analyser: Analyser
    catalogue: Catalogue
    values: Values = NO_VALUES
    synonyms: Synonyms = NO_SYNONYMS
    steps: Steps = field(default_factory=Steps)
    filter_on: frozenset[str] = frozenset()
    filter_on_prices: bool = True
    names: frozenset[Phrase] = frozenset()

    @cached_property
    def corrector(self) -> Corrector:
        """The correction of words by the catalogue."""
        return Corrector(self.catalogue)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request and those who run the shop say beside the words.

    Attributes:
        steps: that are taken; None takes the shop's.
        language: of the words, by its code; None where they may be of any of the catalogue's.
        rewritten: what a rule puts in place of the words.
        synonyms: those that came after the bundle.
        filtered: attributes that are filtered on already: a mention does not filter on them too.
        currency: of the prices that are shown; None where nobody said.
    """

    steps: Steps | None = None
    language: str | None = None
    rewritten: str | None = None
    synonyms: Synonyms = NO_SYNONYMS
    filtered: frozenset[str] = frozenset()
    currency: str | None = None


NO_WISHES = Wishes()


def understand(text: str, known: Knowledge, wishes: Wishes = NO_WISHES) -> Understood:
    """What a query means to a catalogue."""
    steps = known.steps if wishes.steps is None else wishes.steps
    words = _readable(wishes.rewritten or text)
    analyser, language = known.analyser, wishes.language
    other = retyped(words, analyser, known.catalogue) if steps.correct else None
    typed = words = other or words
    bounds: Sequence[Bound] = ()
    if steps.attributes:
        bounds = price_bounds(words, analyser, language, wishes.currency)
        typed = words = _cut(words, bounds)
    unwanted: Sequence[Negated] = ()
    if steps.negation:
        words, unwanted = _without_negated(words, known, language)
    mended: dict[str, str] = {}
    if steps.correct:
        mended = known.corrector.corrections(analyser.read(words), kept=_grammatical(analyser, language))
        words = with_corrections(words, mended, analyser)
        mended |= _mended_absent(unwanted, typed, known)
    mentions: Sequence[Mention] = ()
    if steps.attributes:
        mentions = known.values.mentions(words, analyser)
        words = known.values.without_size_names(words, analyser)
    synonyms = _synonyms(words, known, wishes) if steps.synonyms else ()
    relaxed, linking = _relaxed(words, synonyms, mentions, known, language) if steps.relax else ((), ())
    return Understood(
        text,
        words,
        corrected=with_corrections(other or wishes.rewritten or text, mended, analyser) if mended or other else None,
        synonyms=synonyms,
        excluded=tuple(dict.fromkeys(_said_by(unwanted, typed, mended, analyser))),
        forbidden=tuple(_said_by([one for one in unwanted if one.kind == "minus"], typed, mended, analyser)),
        attributes=(*_bounding(bounds, known, wishes), *applied(mentions, known.filter_on - wishes.filtered)),
        relaxed=relaxed,
        rewritten=wishes.rewritten,
        language=language,
        linking=linking,
    )


def _readable(text: str) -> str:
    """As much of a query as is read, by the characters of the form that words are read in: one may become eighteen."""
    cut = text[:MAX_QUERY_CHARACTERS].encode(errors="replace").decode()
    normal = unicodedata.normalize("NFKC", cut)
    return cut if len(normal) <= MAX_QUERY_CHARACTERS else normal[:MAX_QUERY_CHARACTERS]


def _linking(text: str, mentions: Iterable[Mention], analyser: Analyser) -> tuple[str, ...]:
    """The words that link others: not the last one (`vitamin a`), none of a value, and none where nothing is left."""
    tokens = analyser.read(text)
    named = {token.key for mention in mentions for token in analyser.read(mention.text)}
    linking = function_words(analyser) - named
    found = tuple(dict.fromkeys(token.text for token in tokens[:-1] if token.key in linking))
    return found if any(token.key not in linking for token in tokens) else ()


def _without_negated(text: str, known: Knowledge, language: str | None) -> tuple[str, Sequence[Negated]]:
    """The text without the words that are not wanted, and where they are.

    Where nothing else is wanted it stays as it was, and what is typed with a minus sign is looked for.
    """
    analyser = known.analyser
    # A property that is one word is looked for as it is; `sugar free` is not a kind of sugar.
    places = [
        place
        for place in grammar_of(analyser, language, known.names).places(text)
        if place.kind != "property" or not place.is_one_word(text)
    ]
    wanted = _cut(text, places)
    if analyser.read(wanted):
        return wanted, places
    return text, [place for place in places if place.kind != "minus"]


def _mended_absent(unwanted: Sequence[Negated], typed: str, known: Knowledge) -> dict[str, str]:
    """The words that are not wanted and that no item has, and near ones that some item says it goes without."""
    tokens = [token for place in unwanted for text in place.texts(typed) for token in known.analyser.read(text)]
    unknown = {token.text for token in tokens if not known.catalogue.knows(token.key)}
    meant = {word: known.catalogue.readings(word, is_last=False) for word in unknown}
    absent = {word: next(filter(known.catalogue.goes_without, readings), "") for word, readings in meant.items()}
    return {word: reading for word, reading in absent.items() if reading}


def _said_by(places: Iterable[Negated], text: str, mended: Mapping[str, str], analyser: Analyser) -> Iterator[str]:
    return (with_corrections(one, mended, analyser) for place in places for one in place.texts(text))


def _bounding(bounds: Sequence[Bound], known: Knowledge, wishes: Wishes) -> Iterator[Mention]:
    """What is said of the price; several bounds that filter hold together (`over $20 under $50`)."""
    if PRICE in wishes.filtered:
        filtering = []
    elif PRICE in known.filter_on:
        filtering = list(bounds)
    else:
        filtering = [bound for bound in bounds if known.filter_on_prices and bound.is_in(wishes.currency)]
    both = joint_range(filtering)
    for bound in bounds:
        mention = bound.mention
        yield replace(mention, value=both or mention.value, applied=True) if bound in filtering else mention


@lru_cache(maxsize=128)
def _grammatical(analyser: Analyser, language: str | None) -> frozenset[str]:
    """Words that mean something in whatever catalogue."""
    return bound_words(analyser, language) | grammar_of(analyser, language).words


def _synonyms(words: str, known: Knowledge, wishes: Wishes) -> tuple[tuple[str, str], ...]:
    found = (table.found_in(words, known.analyser) for table in (known.synonyms, wishes.synonyms))
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def _relaxed(
    words: str,
    synonyms: Iterable[tuple[str, str]],
    mentions: Sequence[Mention],
    known: Knowledge,
    language: str | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that an item need not have, and those that are not looked for."""
    analyser, catalogue = known.analyser, known.catalogue
    linking = _linking(words, mentions, analyser)
    reading = catalogue.read(words)
    found_otherwise = {token.text for typed, _ in synonyms for token in analyser.read(typed)} | set(linking)
    by_text = {token.text: word for token, word in zip(reading.tokens, reading.words, strict=True)}
    wanted = {text: word for text, word in by_text.items() if text not in found_otherwise}
    relaxed = dropped(wanted, has_all=catalogue.has_all, best_covered=catalogue.best_covered)
    kind = kind_in([token for token in reading.tokens if token.text in wanted], mentions, analyser, language)
    if not relaxed or not kind:
        return relaxed, linking
    if not set(kind).isdisjoint(relaxed):
        relaxed = dropped_beside(kind, wanted, has_all=catalogue.has_all)
    return relaxed, (*linking, *never_with(kind, wanted, has_all=catalogue.has_all))


def _cut(text: str, places: Sequence[Negated | Bound]) -> str:
    """A text without some places; as it was to the last space where there are none."""
    if not places:
        return text
    parts, at = [], 0
    for place in places:
        parts.append(text[at : place.start])
        at = place.end
    return " ".join(" ".join([*parts, text[at:]]).split())
