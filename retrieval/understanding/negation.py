"""Negation: words that are not wanted (`without straw`, `ohne Zucker`, `-red`), and what items say they go without.

Words that are not wanted are not looked for, and are a feature of the ranker; only what is typed with a minus sign may
not be found at all. What an item goes without by its own texts (`sugar free`, `no show`) is an index term of its own,
so that a query finds it in whatever way both put it. A product property that is one word, such as `sugarless`, is
looked for as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, count, islice, pairwise
from typing import Literal, NamedTuple

import regex

from trimtab.retrieval.understanding.cues import CUES, UNSPACED
from trimtab.text.analyser import OUTER, Analyser
from trimtab.text.kept import Kept
from trimtab.text.normal import normalised
from trimtab.text.tokens import Token
from trimtab.text.words.lexicon import Lexicon

ABSENT = "¬"
"""What the index terms begin with of which an item goes without."""
MAX_WORDS = 3
"""The most words that one cue speaks of, between two that join them."""
MAX_LINKING = 2
"""The most words that link a cue to what it speaks of."""
SHORTEST_STEM = 3
BEHIND = 8
"""Words behind a cue that it may speak of."""

_MINUS = regex.compile(r'(?<!\S)-(?:"(?P<words>[^"]+)"|(?P<words>\p{L}[^\s"]*))')
"""A minus sign in front of a word, or of some in quotes, with a space before it; `-20` is a number."""
_BREAK = regex.compile(r"[,;:()\[\]!?|/•]")
"""Signs at which what is not there has ended."""

Phrase = tuple[str, ...]
Reach = tuple[int, int]
"""How many words in front of a cue, and behind its first one, it may speak of."""
Kind = Literal["words", "property", "minus"]
_BETWEEN = regex.compile(r"[\s-]")
"""What stands between two words."""


class Negated(NamedTuple):
    """A place of a text that says what is not there.

    Attributes:
        start, end: of the words and what negates them.
        words: where the words are that are not there.
        kind: `minus` was typed with a minus sign; of a `property`, the words name something that is wanted.
    """

    start: int
    end: int
    words: tuple[tuple[int, int], ...]
    kind: Kind = "words"

    def is_one_word(self, text: str) -> bool:
        """Whether one word says it all: `sugarless`."""
        return not _BETWEEN.search(text, self.start, self.end)

    def texts(self, text: str) -> list[str]:
        """The words."""
        return [text[start:end] for start, end in self.words]


class Absent(NamedTuple):
    """What a text says is not there.

    Attributes:
        terms: the index terms of that.
        words: those of the words among them that stand in the text.
    """

    terms: tuple[str, ...]
    words: tuple[str, ...]


def _after_minus(text: str) -> Iterator[Negated]:
    for match in _MINUS.finditer(text):
        yield Negated(match.start(), match.end(), (match.span("words"),), "minus")


class Grammar:
    """The cues of some languages, as an analyser compares words.

    Attributes:
        words: all of them, and those at which what is not there has ended.
        joins: words behind which more is not there.
        property_words: words that are cues behind another, and make a property of it.
    """

    def __init__(self, analyser: Analyser, languages: Sequence[str], names: Iterable[Phrase] = ()) -> None:
        """
        Args:
            names: phrases of a catalogue whose cues say nothing, without what joins their words: `free clear`.
        """
        self._analyser = analyser
        cues = [CUES[language] for language in languages if language in CUES]

        def phrases(texts: Iterable[str]) -> frozenset[Phrase]:
            return frozenset(keys_of(analyser.read(one)) for text in texts for one in text.split(";") if one)

        def words(texts: Iterable[str]) -> frozenset[str]:
            return frozenset(analyser.key(word) for text in texts for word in text.replace(";", " ").split())

        self._before_last = phrases(cue.before_last for cue in cues)
        self._before_one = phrases(cue.before_one for cue in cues) | self._before_last
        before_property = phrases(cue.before_property for cue in cues)
        self._before_linked = phrases(cue.before for cue in cues) | self._before_last
        self._before_one |= before_property
        self._before = phrases(cue.before for cue in cues) | self._before_one
        property_behind = phrases(cue.property for cue in cues)
        self._after = phrases(cue.after for cue in cues) | property_behind
        self._property = property_behind | before_property
        self.property_words = frozenset(phrase[0] for phrase in property_behind)
        self._endings = tuple(words(f"{cue.property} {cue.endings}" for cue in cues))
        self._cases = ("", *(cue.case for cue in cues if cue.case))
        self._patterns = tuple(regex.compile(cue.inside) for cue in cues if cue.inside)
        self._inside = Kept[str, tuple[int, int] | None](self._read_inside)
        self._ends, self.joins = words(cue.ends for cue in cues), words(cue.joins for cue in cues)
        self._cues = self._before | self._after
        self._firsts = frozenset(phrase[0] for phrase in self._cues)
        self._stops = self._firsts | self._ends | self.joins
        self.words = self._stops | {word for phrase in self._cues for word in phrase}
        self._longest = max(map(len, self._cues), default=0)
        self._unspaced = tuple(regex.compile(UNSPACED[language]) for language in languages if language in UNSPACED)
        self._reach_of_cue = {phrase: self._reach_of_phrase(phrase) for phrase in self._cues}
        self._names = defaultdict[str, list[Phrase]](list)
        for name in names:
            for word in self._firsts.intersection(name):
                self._names[word].append(name)
        for phrase, reach in self._reach_of_cue.items():
            longest = max((2 * len(name) for name in self._names.get(phrase[0], ())), default=0)  # with what joins them
            self._reach_of_cue[phrase] = (reach[0] + longest, reach[1] + longest)
        self._longer = frozenset(phrase[0] for phrase in self._cues if len(phrase) > 1)
        self._n_told_by = Kept[str, int](self._chunks_of_cue)
        self._reach = Kept[Phrase, Reach | None](self._reach_of_chunks)
        self._absent = Kept[str, Absent](self._read_absent)

    def places(self, text: str) -> list[Negated]:
        """The places of a text that say what is not there, in order; none is part of another."""
        kept: list[Negated] = []
        if not self.may_be_in(text):
            return kept
        tokens = self._analyser.read(text)
        for one in sorted([*_after_minus(text), *self.unspaced(text), *self.spaced(text, tokens)]):
            if not kept or one.start >= kept[-1].end:
                kept.append(one)
        return kept

    def absent_terms(self, text: str) -> list[str]:
        """The index terms of what a text says is not there."""
        return self.absent_in(normalised(text).split())[0]

    def negated_words(self, text: str) -> dict[str, str]:
        """The terms of the words of a text that it says are not there, and the index terms of that."""
        return {word: ABSENT + word for word in self.absent_in(normalised(text).split())[1]}

    def absent_in(self, chunks: Sequence[str]) -> tuple[list[str], list[str]]:
        """What a normalised text, in its chunks without spaces, says is not there, as in `Absent`."""
        terms: list[str] = []
        words: list[str] = []
        for part in self._parts_with_cues(chunks):
            absent = self._absent[part]
            terms += absent.terms
            words += absent.words
        return terms, words

    def says_absent(self, word: str) -> bool:
        """Whether one word, as it is compared, says of a part of it that it is not there."""
        return self._inside[word] is not None

    def _parts_with_cues(self, chunks: Sequence[str]) -> Iterator[str]:
        """The parts of a text that have a cue, with what it may speak of: a long text has few."""
        begin = end = 0
        for place in compress(count(), map(self._n_told_by.__getitem__, chunks)):
            reach = self._reach[tuple(chunks[place : place + self._n_told_by[chunks[place]]])]
            if reach is None:
                continue
            before, behind = reach
            if max(place - before, 0) > end:
                if end > begin:
                    yield " ".join(chunks[begin:end])
                begin = max(place - before, 0)
            end = max(end, place + 1 + behind)
        if end > begin:
            yield " ".join(chunks[begin:end])

    def _chunks_of_cue(self, chunk: str) -> int:
        """How many chunks, from this one on, tell whether it begins a cue; 0 where it begins none."""
        inside = chunk.strip(OUTER)
        if inside != chunk:
            return self._n_told_by[inside]
        keys = self._analyser.keys_of_chunk(chunk)
        if not self._longer.isdisjoint(keys):
            return self._longest
        return int(not self._firsts.isdisjoint(keys) or self._has_inside(chunk, keys))

    def _has_inside(self, chunk: str, keys: Iterable[str]) -> bool:
        return any(self._inside[key] for key in keys) or any(one.search(chunk) for one in self._unspaced)

    def _read_inside(self, key: str) -> tuple[int, int] | None:
        """Where in a word, as it is compared, that is which the word says is not there; None where it says nothing."""
        if key.endswith(self._endings):
            ending = next(ending for ending in self._endings if key.endswith(ending))
            return (0, len(key) - len(ending)) if len(key) - len(ending) >= SHORTEST_STEM else None
        return next((match.span("words") for one in self._patterns if (match := one.fullmatch(key))), None)

    def _reach_of_chunks(self, chunks: Phrase) -> Reach | None:
        """The furthest reach of the cues that begin in the first of some chunks; None where none does after all."""
        keys = self._analyser.keys_of_chunk(chunks[0])
        following = [key for chunk in chunks for key in self._analyser.keys_of_chunk(chunk)]
        found = [
            (before if at == 0 else 0, behind)
            for at, first in enumerate(keys)
            if first in self._firsts
            for n in range(1, self._longest + 1)
            for before, behind in [self._reach_of_cue.get(tuple(following[at : at + n]), (-1, -1))]
            if behind >= 0
        ]
        if found:
            return max(before for before, _ in found), max(behind for _, behind in found)
        return (0, 0) if self._has_inside(chunks[0], keys) else None

    def _reach_of_phrase(self, phrase: Phrase) -> Reach:
        if phrase in self._after:
            return 1, len(phrase) - 1 if phrase not in self._before else BEHIND
        # One that speaks of the last word speaks of none where two follow; where a text begins with one, of one word.
        return 1, len(phrase) + 1 + MAX_LINKING if phrase in self._before_last else BEHIND

    def _read_absent(self, part: str) -> Absent:
        terms: list[str] = []
        words: list[str] = []
        for place in self.places(part):
            if place.kind != "minus":
                cases = self._cases if place.kind == "property" else ("",)
                forms = (words + case for words in place.texts(part) for case in cases)
                terms += [ABSENT + term for form in forms for term in self._analyser.terms(form)]
                if not place.is_one_word(part):
                    words += [term for one in place.texts(part) for term in self._analyser.terms(one)]
        return Absent(tuple(terms), tuple(words))

    def may_be_in(self, text: str) -> bool:
        """Whether a text may say what is not there."""
        return (
            "-" in text
            or not text.isascii()
            or any(t.key in self._firsts or self._inside[t.key] for t in self._analyser.read(text))
        )

    def unspaced(self, text: str) -> Iterator[Negated]:
        """The places in scripts that have no spaces between words."""
        for pattern in self._unspaced:
            for match in pattern.finditer(text):
                kind: Kind = "property" if match["property"] else "words"
                yield Negated(match.start(), match.end(), (match.span("words"),), kind)

    def spaced(self, text: str, tokens: Sequence[Token]) -> Iterator[Negated]:
        """The places with a cue among the tokens."""
        keys, at = keys_of(tokens), 0
        while at < len(keys):
            length = self.length_of_cue(keys, at)
            if length == 0:
                place = self._by_itself(tokens[at])
            elif self._is_in_name(keys, at):
                place = None
            elif keys[at : at + length] in self._after:
                place = self._in_front(text, tokens, at, length)
            else:
                place = self._behind(text, tokens, at, length)
            if place is not None:
                yield place
            at += max(length, 1)

    def _is_in_name(self, keys: Phrase, at: int) -> bool:
        """Whether a cue is part of a name of the catalogue's."""
        names = self._names.get(keys[at])
        if not names:
            return False
        words = [key for key in keys if key not in self.joins]
        place = sum(key not in self.joins for key in keys[:at])
        starts = ((name, place - name.index(keys[at])) for name in names)
        return any(start >= 0 and tuple(words[start : start + len(name)]) == name for name, start in starts)

    def length_of_cue(self, keys: Phrase, at: int) -> int:
        """The number of words of the longest cue that begins there; 0 for none."""
        if keys[at] not in self._firsts:
            return 0
        return next((n for n in range(self._longest, 0, -1) if keys[at : at + n] in self._cues), 0)

    def _by_itself(self, token: Token) -> Negated | None:
        inside = self._inside[token.key] if len(token.text) == len(token.key) else None
        if inside is None:
            return None
        first, last = inside
        return Negated(token.start, token.end, ((token.start + first, token.start + last),), "property")

    def _in_front(self, text: str, tokens: Sequence[Token], at: int, length: int) -> Negated | None:
        if at == 0 or not self._belong_together(text, tokens[at - 1], tokens[at]):
            return None
        word, cue = tokens[at - 1], tokens[at : at + length]
        kind: Kind = "property" if keys_of(cue) in self._property else "words"
        return Negated(word.start, cue[-1].end, ((word.start, word.end),), kind)

    def _behind(self, text: str, tokens: Sequence[Token], at: int, length: int) -> Negated | None:
        cue = keys_of(tokens[at : at + length])
        is_of_one = cue in self._before_one
        first = at + length
        if cue in self._before_linked:
            first += self._n_linking(text, tokens, first)
        # Where a query begins with a cue, what is wanted comes behind the first word.
        words = self._groups(text, tokens, first, 1 if at == 0 or is_of_one else MAX_WORDS)
        if not words or (is_of_one and tokens[first].kind != "word"):
            return None
        if cue in self._before_last and first + 1 < len(tokens):
            return None
        kind: Kind = "property" if cue in self._property else "words"
        return Negated(tokens[at].start, words[-1][1], tuple(words), kind)

    def _n_linking(self, text: str, tokens: Sequence[Token], first: int) -> int:
        """The words from one on that link a cue to what is not there: `not with straps`."""
        n = 0
        for before, token in islice(pairwise(tokens[first - 1 :]), MAX_LINKING):
            if token.key not in self._ends or is_parted(text, before, token):
                break
            n += 1
        return n

    def _groups(self, text: str, tokens: Sequence[Token], first: int, most: int) -> list[tuple[int, int]]:
        """Where the words are that a cue in front of the first speaks of, those that are joined each by itself."""
        groups: list[tuple[int, int]] = []
        n = 0
        for before, token in zip(tokens[first - 1 :], tokens[first:], strict=False):
            parted = is_parted(text, before, token) if not groups else not self._belong_together(text, before, token)
            if parted:
                break
            if n > 0 and token.key in self.joins:
                n = 0
            elif n == most or token.key in self._stops or (n > 0 and token.kind in ("measure", "number")):
                break  # an amount says how much of what is wanted
            elif n == 0:
                groups.append((token.start, token.end))
                n = 1
            else:
                groups[-1] = (groups[-1][0], token.end)
                n += 1
        return groups

    def _belong_together(self, text: str, first: Token, second: Token) -> bool:
        """Whether nothing parts two neighbouring words."""
        return first.key not in self._ends and not is_parted(text, first, second)


def is_parted(text: str, first: Token, second: Token) -> bool:
    """Whether a sign between two neighbouring words parts them."""
    return _BREAK.search(text, first.end, second.start) is not None


@lru_cache(maxsize=128)
def grammar_of(analyser: Analyser, language: str | None = None, names: frozenset[Phrase] = frozenset()) -> Grammar:
    """The cues of a language, or of those of an analyser; made once.

    Args:
        names: see `Grammar`.
    """
    return Grammar(analyser, analyser.languages if language is None else (language,), names)


def grammar_in(lexicon: Lexicon) -> Grammar:
    """The cues of a catalogue's languages, without those in its names."""
    return grammar_of(lexicon.analyser, None, lexicon.names)


def keys_of(tokens: Iterable[Token]) -> Phrase:
    """The words as they are compared."""
    return tuple(token.key for token in tokens)
