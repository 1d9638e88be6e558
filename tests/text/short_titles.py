"""Feeds of short titles in many languages: an adjective and a noun each.

python -m tests.text.short_titles
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Callable, Iterator
from itertools import cycle, islice, product
from pathlib import Path

from trimtab.text.language import languages_of

with (Path(__file__).parents[1] / "data" / "short_titles.csv").open(encoding="utf-8", newline="") as file:
    SHOPS = {row["language"]: (row["adjectives"], row["nouns"], row["columns"]) for row in csv.DictReader(file)}
"""Language -> adjectives, nouns, and what a shop of it calls its columns."""
NOUN_FIRST = ("fr", "es", "it", "pt", "ro", "id", "ca")
ENGLISH = SHOPS["en"][2]
N_TITLES = (6, 12, 24, 48)
N_SEEDS = 3

Titles = Callable[[str, int, random.Random], list[str]]


def varied(language: str, n: int, chance: random.Random) -> list[str]:
    """Titles no two of which are the same."""
    adjectives, nouns, _ = (words.split() for words in SHOPS[language])
    titles = [_title(language, *pair) for pair in product(adjectives, nouns)]
    chance.shuffle(titles)
    return titles[:n]


def repeated(language: str, n: int, chance: random.Random) -> list[str]:
    """Titles of two adjectives and two nouns that differ in a number."""
    adjectives, nouns, _ = (words.split() for words in SHOPS[language])
    pairs = cycle(product(chance.sample(adjectives, 2), chance.sample(nouns, 2)))
    return [f"{_title(language, *pair)} {number}" for number, pair in enumerate(islice(pairs, n))]


def _title(language: str, adjective: str, noun: str) -> str:
    return f"{noun} {adjective}" if language in NOUN_FIRST else f"{adjective} {noun}"


def readings(titles: Titles, n_titles: int, columns: str | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Languages with what feeds in them are read as.

    Args:
        columns: what the columns are called; by default what a shop of that language calls them.
    """
    for seed in range(N_SEEDS):
        chance = random.Random(seed)
        for language, (_, _, own) in SHOPS.items():
            yield language, languages_of(titles(language, n_titles, chance), columns or own)


def n_right(titles: Titles, columns: str | None = None) -> int:
    """How many feeds are read in their language alone, of `len(N_TITLES) * N_SEEDS * len(SHOPS)`."""
    return sum(found == (language,) for n in N_TITLES for language, found in readings(titles, n, columns))


if __name__ == "__main__":
    for titles in (varied, repeated):
        for words, columns in (("in English", ENGLISH), ("of their own", None)):
            sys.stdout.write(f"{titles.__name__:10}columns {words:14}{n_right(titles, columns)} of 240\n")
