"""What a catalogue's own words add to the analyser: compounds that are taken apart, and words written as two or as one.

`Wintermantel` is found by `Mantel` where the catalogue knows both parts; `redbull` and `red bull` are the same where it
has either.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, Final

from trimtab.core.errors import BundleMismatch
from trimtab.text.analyser import Analyser, analyser_of
from trimtab.text.normal import normalised

FILE = "lexicon.json"

LINKS: Final = {
    "da": ("", "s", "e", "er"), "de": ("", "s", "n", "en", "es", "er", "e", "ns"), "fi": ("", "n", "in", "en"),
    "nb": ("", "s", "e", "er"), "nl": ("", "s", "e", "en", "n"), "no": ("", "s", "e", "er"),
    "sv": ("", "s", "o", "u", "e"),
}  # fmt: skip
"""Language that writes compounds as one word -> what may stand between two parts."""

SHORTEST_PART: Final = 3
SHORTEST_COMPOUND: Final = 7
SHORTEST_TAIL: Final = 4
"""Letters of a known word that ends one whose beginning is unknown: `Latzhose`."""
SHORTEST_HEAD: Final = 5
"""Letters of a part that is known only as the end of several compounds."""
SHORTEST_CODE: Final = 3
"""Characters of a code that may be a part of another."""
SHORTEST_SIZE: Final = 2
"""Digits of a number that may be one: `17` of `R17`."""
SIDES: Final = "x"
"""What is written between two sides."""
MAX_CODES: Final = 100_000
"""The most codes that are looked through for parts; of more, each has to be typed whole."""
MAX_PARTS: Final = 3
MAX_CONTAINING: Final = 16
"""The most compounds that an unknown word is found by as a part of."""

Terms = tuple[str, ...]


class Lexicon:
    """The analyser of one catalogue.

    Args:
        analyser: of its languages.
        compounds: index term of a compound -> the terms of its parts.
        splits: index term of a word -> the terms of the words that others write it as.
        long: words that may be compounds of words that the catalogue does not know, and their index terms.
        codes: the names of models.
        names: words, as they are compared, of names that hold a word of negation and say nothing of it.
    """

    def __init__(
        self,
        analyser: Analyser,
        compounds: Mapping[str, Terms],
        splits: Mapping[str, Terms],
        long: Mapping[str, str],
        codes: Iterable[str] = (),
        names: Iterable[Terms] = (),
    ) -> None:
        self.analyser = analyser
        self.names = frozenset(names)
        self.compounds = compounds
        self.splits = splits
        self._long = long
        # Stems too: `Schuh` is the end of `Hausschuh`, `Bier` that of `Weißbier`, but not of its stem `weissbi`.
        self._spellings = dict(long) | {term: term for term in long.values()}
        self._forwards = sorted(self._spellings)
        self._backwards = sorted(spelling[::-1] for spelling in self._spellings)
        self._codes = sorted(codes)
        self._codes_backwards = sorted(code[::-1] for code in self._codes)
        self._links = _links(analyser)
        self.read = analyser.read

    @classmethod
    def of_texts(cls, analyser: Analyser, texts: Iterable[str], names: Iterable[Terms] = ()) -> Lexicon:
        """Learn the words of the names of a catalogue's items, brands and kinds."""
        some = list(dict.fromkeys(texts))
        words = dict.fromkeys(key for text in some for key in analyser.keys(text))
        return cls.of_words(analyser, words, pairs_in(analyser, made_of_two(words), some), names=names)

    @classmethod
    def of_words(
        cls,
        analyser: Analyser,
        words: Collection[str],
        pairs: Mapping[tuple[str, str], int],
        others: Collection[str] = (),
        is_whole: Callable[[str], bool] = lambda _: False,
        names: Iterable[Terms] = (),
    ) -> Lexicon:
        """Learn the words of the names of a catalogue's items, brands and kinds, as they are compared.

        Args:
            words: each once, in the order in which they first come.
            pairs: `pairs_in` the names, in the same order.
            others: all words of the catalogue, some of which may be codes that no name has: the numbers of articles.
            is_whole: whether a word is none of its parts: `zuckerfrei` has nothing of Zucker.
            names: see `Lexicon`.
        """
        splits = {}
        for (first, second), _ in sorted(pairs.items(), key=lambda item: item[1]):
            splits[_term(analyser, first + second)] = (_term(analyser, first), _term(analyser, second))
        links = _links(analyser)
        compounds = {
            _term(analyser, word): tuple(_term(analyser, part) for part in parts)
            for word, parts in (_compounds(words, links, analyser) if links else ())
            if not is_whole(word)
        }
        may_be_compounds = (word for word in words if links and len(word) >= SHORTEST_COMPOUND and word.isalpha())
        long = {word: _term(analyser, word) for word in may_be_compounds if not is_whole(word)}
        codes = _codes(words)
        every = codes | _codes(others)
        found: Collection[str] = next((some for some in (every, codes) if len(some) <= MAX_CODES), ())
        return cls(analyser, compounds, splits, long, found, names)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.analyser, self.compounds, self.splits, self._long, self._codes, self.names)

    def of_items(self) -> Lexicon:
        """The same for the texts of items alone, without what only queries need."""
        return Lexicon(self.analyser, self.compounds, {}, {}, names=self.names)

    def terms(self, text: str) -> list[str]:
        """The index terms of an item's text, in order, the parts of a compound behind it."""
        return self.terms_of_normalised(normalised(text))

    def terms_of_normalised(self, text: str) -> list[str]:
        """`terms` of a text that is normalised."""
        return self.with_parts(self.analyser.terms_of_normalised(text))

    def with_parts(self, terms: list[str]) -> list[str]:
        """Index terms, the parts of a compound behind it."""
        if self.compounds.keys().isdisjoint(terms):
            return terms
        return [each for term in terms for each in (term, *self.compounds.get(term, ()))]

    def codes_with(self, code: str) -> list[str]:
        """The codes that begin or end with a part of one: `XM5` is one of `WH-1000XM5`, `BL1850` of `BL1850B`."""
        if len(code) < (SHORTEST_SIZE if code.isdigit() else SHORTEST_CODE):
            return []
        begin = (one for one in _with_prefix(self._codes, code) if _changes(one, len(code)))
        end = (one[::-1] for one in _with_prefix(self._codes_backwards, code[::-1]) if _changes(one, len(code)))
        return list(islice(chain(begin, end), MAX_CONTAINING))

    def with_more_sides(self, code: str) -> list[str]:
        """The codes that measure another side too: `M10x60` is an `M10`."""
        begin = code + SIDES
        return [
            one for one in islice(_with_prefix(self._codes, begin), MAX_CONTAINING) if one[len(begin) :][:1].isdigit()
        ]

    def containing(self, key: str, term: str, knows: Callable[[str], bool]) -> list[str]:
        """Terms of long words that end with a word, or begin with it where something known, or a long word, begins.

        Where a word is known as an end (`slang` of `tuinslang`), none that begins with it (`slanghouder`).

        Args:
            key, term: the word as it is compared, and its index term.
            knows: whether any item has an index term.
        """
        beginnings = () if self.is_head(key, term, knows) else dict.fromkeys((key, term))
        begin = (
            self._spellings[found]
            for part in beginnings
            for found in _with_prefix(self._forwards, part)
            if len(part) >= SHORTEST_HEAD or self._goes_on(found[len(part) :], knows)
        )
        terms = chain(self._ending(key, term), begin)
        return list(islice(dict.fromkeys(terms), MAX_CONTAINING))

    def _goes_on(self, rest: str, knows: Callable[[str], bool]) -> bool:
        """Whether what is behind the first part of a compound is a known word."""
        rests = (rest.removeprefix(link) for link in self._links or ("",) if rest.startswith(link))
        return any(len(one) >= SHORTEST_PART and knows(self.term(one)) for one in rests)

    def _ending(self, key: str, term: str) -> Iterator[str]:
        """Terms of long words that end with a word."""
        for part in dict.fromkeys((key, term)):
            for found in _with_prefix(self._backwards, part[::-1]):
                yield self._spellings[found[::-1]]

    def is_head(self, key: str, term: str, knows: Callable[[str], bool]) -> bool:
        """Whether a word ends a compound behind a known word, or several compounds: `slang` of `tuinslang`.

        Args:
            key, term: the word as it is compared, and its index term.
            knows: whether any item has an index term.
        """
        if len(term) < SHORTEST_TAIL or not self._backwards:
            return False
        before = {
            found[len(part) :][::-1]
            for part in {key, term}
            for found in islice(_with_prefix(self._backwards, part[::-1]), MAX_CONTAINING)
            if len(found) >= len(part) + SHORTEST_PART
        }
        parts = (one.removesuffix(link) for one in before for link in self._links if one.endswith(link))
        return len(before) > 1 or any(knows(self.term(part)) for part in parts)

    def head(self, word: str, knows: Callable[[str], bool]) -> str | None:
        """The index term of the longest known word that ends a compound which nobody has: `Bohrmaschine` of
        `Schlagbohrmaschine`; None where compounds are not written as one word."""
        if not self._links or len(word) < SHORTEST_COMPOUND or not word.isalpha():
            return None
        tails = (self.term(word[at:]) for at in range(SHORTEST_PART, len(word) - SHORTEST_TAIL + 1))
        return next(filter(knows, tails), None)

    def term(self, word: str) -> str:
        """The index term of a word as it is compared."""
        return _term(self.analyser, word)

    def is_never_two(self, word: str, knows: Callable[[str], bool]) -> bool:
        """Whether the catalogue has a word, and none of its names has it written as two."""
        term = self.term(word)
        return term not in self.splits and knows(term)

    def taken_apart(self, word: str, knows: Callable[[str], bool]) -> Iterator[Terms]:
        """The two known words that make one, in every way in which they may; the second may be the end of a longer one:
        `Kinderstiefel` are `Kinder` and `Gummistiefel`.

        Args:
            knows: whether any item has an index term.
        """
        for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            heads = [
                head
                for link in self._links or ("",)
                if word[:at].endswith(link) and knows(head := self.term(word[:at].removesuffix(link)))
            ]
            for tail in self._tails(word[at:], knows) if heads else ():
                yield from ((head, tail) for head in heads)

    def _tails(self, word: str, knows: Callable[[str], bool]) -> Iterator[str]:
        """The terms of a word as the second part of another."""
        term = self.term(word)
        if knows(term):
            yield term
        if self._links and len(word) >= SHORTEST_HEAD:
            yield from filter(knows, islice(self._ending(word, term), MAX_CONTAINING))

    def save(self, folder: Path) -> None:
        """Write what `load` reads."""
        content = {
            "analyser": self.analyser.name,
            "languages": self.analyser.languages,
            "compounds": self.compounds,
            "splits": self.splits,
            "long": dict(self._long),
            "codes": self._codes,
            "names": sorted(self.names),
        }
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Lexicon:
        """
        Raises:
            BundleMismatch: what it was built with reads words in another way than this.
        """
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        analyser = analyser_of(content["languages"])
        if analyser.name != content["analyser"]:
            raise BundleMismatch(
                f"{FILE}: words were read by {content['analyser']!r}, here by {analyser.name!r}; "
                "build the bundle again, or install the same segmenter (pip install 'trimtab[segmenters]')"
            )
        compounds, splits = (
            {term: tuple(parts) for term, parts in content[name].items()} for name in ("compounds", "splits")
        )
        long = content["long"]
        long = long if isinstance(long, dict) else dict(zip(long, long, strict=True))
        return cls(analyser, compounds, splits, long, content.get("codes", ()), map(tuple, content.get("names", ())))


def made_of_two(words: Collection[str]) -> frozenset[str]:
    """The words that are two others without a space between them."""
    return frozenset(
        word for word in words if any(word[:at] in words and word[at:] in words for at in range(1, len(word)))
    )


def pairs_in(analyser: Analyser, wholes: Collection[str], texts: Iterable[str]) -> Counter[tuple[str, str]]:
    """How often two words stand beside each other in texts that without a space are one of some words."""
    beside = chain.from_iterable(pairwise(analyser.keys(text)) for text in texts)
    return Counter(pair for pair in beside if pair[0] + pair[1] in wholes)


def _links(analyser: Analyser) -> Terms:
    """What may stand between the parts of a compound; nothing where no language has them."""
    return tuple(dict.fromkeys(link for language in analyser.languages for link in LINKS.get(language, ())))


def _codes(words: Iterable[str]) -> set[str]:
    """Those of some words that have letters and digits."""
    return {word for word in words if word.isalnum() and not (word.isalpha() or word.isdigit())}


def _term(analyser: Analyser, key: str) -> str:
    return analyser.term_of_key(key) or key


def _changes(code: str, at: int) -> bool:
    """Whether at a place in a code digits end and letters begin, or the other way."""
    return len(code) > at and code[at - 1].isdigit() != code[at].isdigit()


def _with_prefix(ordered: Sequence[str], prefix: str) -> Iterator[str]:
    for place in range(bisect_left(ordered, prefix), len(ordered)):
        if not ordered[place].startswith(prefix):
            return
        yield ordered[place]


def _compounds(words: Collection[str], links: Sequence[str], analyser: Analyser) -> Iterator[tuple[str, Sequence[str]]]:
    """The words that are made of others, and of which."""
    known = {word for word in words if len(word) >= SHORTEST_PART and word.isalpha()}
    long = [word for word in known if len(word) >= SHORTEST_COMPOUND]
    parts = _Parts(known | _heads(long, known, links), links)
    forms = {_term(analyser, word) for word in known if len(word) < SHORTEST_COMPOUND}

    def is_form(word: str) -> bool:
        return _term(analyser, word) in forms

    for word in long:
        if found := parts.of(word) or _tail(word, known.__contains__) or _tail(word, is_form):
            yield word, found


def _tail(word: str, is_known: Callable[[str], bool]) -> Sequence[str]:
    """The longest known word that ends another."""
    tails = (word[at:] for at in range(SHORTEST_PART, len(word) - SHORTEST_TAIL + 1))
    return list(islice(filter(is_known, tails), 1))


def _heads(long: Iterable[str], known: Collection[str], links: Sequence[str]) -> set[str]:
    """Ends of words that stand behind different known words, and so are words too."""
    before: dict[str, set[str]] = defaultdict(set)
    for word in long:
        for at in range(SHORTEST_PART + 1, len(word) - SHORTEST_HEAD + 1):
            if any(word[: at - len(link)] in known for link in links if word[:at].endswith(link)):
                before[word[at:]].add(word[:at])
    return {head for head, heads in before.items() if len(heads) > 1}


class _Parts:
    """The parts of compounds by a set of known words."""

    def __init__(self, known: Collection[str], links: Sequence[str]) -> None:
        self._known, self._links = known, links

    def of(self, word: str) -> Sequence[str]:
        """The fewest known words that make the word, the longest last; empty where it is not a compound."""
        return self._split(word, MAX_PARTS) if len(word) >= SHORTEST_COMPOUND else ()

    def _split(self, word: str, n_parts: int) -> Sequence[str]:
        for n in range(2, n_parts + 1):
            for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
                tail = word[at:]
                first = self._part(word[:at])
                if first is None:
                    continue
                rest = [tail] if n == 2 and tail in self._known else self._split(tail, n - 1) if n > 2 else ()
                if rest:
                    return [first, *rest]
        return ()

    def _part(self, text: str) -> str | None:
        """The known word that a text is, without what links it to the next."""
        for link in self._links:
            word = text.removesuffix(link)
            if text.endswith(link) and len(word) >= SHORTEST_PART and word in self._known:
                return word
        return text + "e" if text + "e" in self._known else None
