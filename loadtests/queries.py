"""Queries people might type, out of the titles of a bundle's items: neighbouring words, short ones most often."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

ITEMS = "items.arrow"
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
LENGTHS = (1, 2, 3)
LENGTH_SHARES = (30, 50, 20)


def sample_queries(source: Path, n: int, *, seed: int) -> list[str]:
    """Up to `n` different queries: the lines of a text file, or words from the titles of a bundle folder."""
    generator = random.Random(seed)
    if source.is_file():
        lines = list(dict.fromkeys(line.strip() for line in source.read_text().splitlines() if line.strip()))
        return generator.sample(lines, min(n, len(lines)))
    titles = _titles(source / ITEMS)
    queries: dict[str, None] = {}
    for title in _drawn(titles, 20 * n, generator):
        words = WORD.findall(title.lower())
        if words:
            length = min(generator.choices(LENGTHS, LENGTH_SHARES)[0], len(words))
            start = generator.randrange(len(words) - length + 1)
            queries[" ".join(words[start : start + length])] = None
        if len(queries) == n:
            break
    return list(queries)


def _drawn(titles: Sequence[str], n: int, generator: random.Random) -> Iterator[str]:
    return (generator.choice(titles) for _ in range(n)) if titles else iter(())


def _titles(path: Path) -> list[str]:
    with pa.memory_map(str(path)) as source:
        titles: list[str] = pa.ipc.open_file(source).read_all().column("title").to_pylist()
    return titles
