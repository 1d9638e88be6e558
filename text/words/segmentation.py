"""The words of scripts without spaces: by a segmenter where one is installed, else every two characters.

Whatever is used, an index has every two neighbouring characters too, so that a query is found though it was parted in
another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Final, NamedTuple

import regex

from trimtab.text.normal import UNSPACED

Segmenter = Callable[[str], Sequence[str]]

PACKAGES: Final = {"ja": "janome", "zh": "rjieba"}
"""Language -> the package that parts its words; the extra `segmenters` has them."""

_HIRAGANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
"""Katakana as the Hiragana that sounds the same: りんご and リンゴ are one word."""

UNSPACED_RUN = regex.compile(rf"[{UNSPACED}\p{{M}}]+")
HANGUL_RUN = regex.compile(r"\p{Hangul}+")
_CLUSTER = regex.compile(r"\X")
_HAN = regex.compile(r"\p{Han}")


class Segment(NamedTuple):
    """A word in a text without spaces.

    Attributes:
        term: the word, or two characters where no segmenter is installed.
        start, end: where it begins, and where the next one does.
        parts: each two characters of a longer word.
        joined: single characters that are words, and two that belong to two words.
    """

    term: str
    start: int
    end: int
    parts: tuple[str, ...]
    joined: tuple[str, ...]


def package_of(languages: Sequence[str]) -> str | None:
    """The installed package that parts the words of the first of the languages that has one."""
    return next((PACKAGES[one] for one in languages if one in PACKAGES and find_spec(PACKAGES[one])), None)


@lru_cache(maxsize=4)
def segmenter(package: str) -> Segmenter:
    """What parts a text into words."""
    if package == "janome":
        tokenizer = import_module("janome.tokenizer").Tokenizer(wakati=True)
        return lambda text: list(tokenizer.tokenize(text))
    cut: Segmenter = import_module("rjieba").cut
    return cut


def segments(text: str, package: str | None) -> Iterator[Segment]:
    """The words of a text in a script without spaces."""
    clusters = [(match[0].translate(_HIRAGANA), match.start()) for match in _CLUSTER.finditer(text)]
    if package is None:
        yield from _in_pairs(clusters, len(text))
        return
    at = 0
    for word in segmenter(package)(text):
        end = at + len(word)
        inside = [cluster for cluster, start in clusters if at <= start < end]
        following = next((cluster for cluster, start in clusters if start >= end), None)
        pairs = _pairs(inside)
        crossing = (inside[-1] + following,) if inside and following else ()
        single = tuple(cluster for cluster in inside if _HAN.match(cluster))
        yield Segment(
            word.translate(_HIRAGANA), at, end, pairs if len(inside) > 2 else (), (*pairs, *crossing, *single)
        )
        at = end


def _in_pairs(clusters: Sequence[tuple[str, int]], length: int) -> Iterator[Segment]:
    """Each two neighbouring characters; where the second is not the last, the pair is said to end before it."""
    single = tuple(cluster for cluster, _ in clusters if _HAN.match(cluster))
    if len(clusters) < 2:
        yield from (Segment(cluster, start, length, (), ()) for cluster, start in clusters)
        return
    for place in range(len(clusters) - 1):
        (first, start), (second, next_start) = clusters[place], clusters[place + 1]
        is_last = place == len(clusters) - 2
        yield Segment(first + second, start, length if is_last else next_start, (), single if is_last else ())


def pairs_of(text: str) -> tuple[str, ...]:
    """Each two neighbouring characters of a text."""
    return _pairs(_CLUSTER.findall(text))


def _pairs(clusters: Sequence[str]) -> tuple[str, ...]:
    return tuple(first + second for first, second in pairwise(clusters))
