"""Synonyms: words that an item may have in place of those of a query. They widen what is found and never narrow it.

A line of a file is `sofa, couch, settee` (each stands for the others) or `tv, telly => television` (what is in front
also finds what is behind); `#` begins a comment. The forms are those of Solr and Elasticsearch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from trimtab.core.errors import BadFile
from trimtab.text.analyser import Analyser

ARROW = "=>"
MAX_FOUND = 16
"""The most synonyms of one query; each costs a search time."""
MAX_WORDS = 6
"""The most words of one side."""

Phrase = tuple[str, ...]


class SynonymSet(NamedTuple):
    """Words that stand for one another; or, with `also_find`, words that find those too, and not the other way."""

    words: tuple[str, ...]
    also_find: tuple[str, ...] = ()


class Synonyms:
    """Synonym sets, as an analyser finds words."""

    def __init__(self, targets: Mapping[Phrase, tuple[str, ...]]) -> None:
        """
        Args:
            targets: what is also found, by index terms of what is typed.
        """
        self._targets = targets
        self._longest = max(map(len, targets), default=0)
        self._firsts = frozenset(phrase[0] for phrase in targets)

    @classmethod
    def of(cls, sets: Iterable[SynonymSet], analyser: Analyser) -> Self:
        """Those of several sets together."""
        targets: dict[Phrase, dict[str, None]] = {}
        for one in sets:
            for word in one.words:
                phrase = tuple(token.term for token in analyser.read(word))
                if phrase:
                    others = one.also_find or (other for other in one.words if other != word)
                    targets.setdefault(phrase, {}).update(dict.fromkeys(others))
        return cls({phrase: tuple(found) for phrase, found in targets.items() if found})

    def __len__(self) -> int:
        return len(self._targets)

    def found_in(self, text: str, analyser: Analyser) -> tuple[tuple[str, str], ...]:
        """Words of a text, the longest first where some overlap, each with what is also found."""
        if not self._targets:
            return ()
        tokens, found, at = analyser.read(text), [], 0
        while at < len(tokens):
            length = self._length_at([token.term for token in tokens[at : at + self._longest]])
            if length:
                words = tokens[at : at + length]
                targets = self._targets[tuple(token.term for token in words)]
                found += [(text[words[0].start : words[-1].end], target) for target in targets]
            at += max(length, 1)
        return tuple(dict.fromkeys(found))[:MAX_FOUND]

    def _length_at(self, terms: list[str]) -> int:
        if terms[0] not in self._firsts:
            return 0
        return next((n for n in range(len(terms), 0, -1) if tuple(terms[:n]) in self._targets), 0)


NO_SYNONYMS = Synonyms({})


def read_synonyms(path: Path) -> list[SynonymSet]:
    """The sets of a file.

    Raises:
        BadFile: it cannot be read, or a line is none; names it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(path, f"cannot be read ({error})") from None
    return [
        _read_line(content, path, number)
        for number, line in enumerate(lines, start=1)
        if (content := line.partition("#")[0].strip())
    ]


def _read_line(line: str, path: Path, row: int) -> SynonymSet:
    left, arrow, right = line.partition(ARROW)
    words, also_find = _split(left), _split(right)
    if arrow and not (words and also_find):
        raise BadFile(path, f"{line!r} lacks words before or behind {ARROW}", row=row)
    if not arrow and len(words) < 2:
        raise BadFile(path, f"{line!r} is one word; allowed: `sofa, couch` and `tv => television`", row=row)
    return SynonymSet(words, also_find)


def _split(side: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in side.split(",") if (word := " ".join(part.split()))))
