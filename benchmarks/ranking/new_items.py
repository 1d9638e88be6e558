"""How often a new item is the first for the words of its own title, before it has more than a title and a price.

    python -m benchmarks.ranking.new_items --bundle bundles/grocery

Titles are made of those of the catalogue: words of two of them, and one with words that no item has.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.live.live_engine import LiveEngine

PRICE = 3.99
PURE = {"relevance": 1.0}


def new_titles(engine: Engine, n: int, *, seed: int = 0) -> dict[str, list[str]]:
    """Titles by how they were made, none of which an item has; no two are of the same words."""
    rng = np.random.Generator(np.random.PCG64(seed))
    known = engine.store.titles(rng.choice(len(engine.store), min(2 * n, len(engine.store)), replace=False))
    pairs = list(zip(known[::2], known[1::2], strict=False))
    mixed = [" ".join([*one.split()[:3], *other.split()[-2:]]) for one, other in pairs]
    made = {"words of two titles": mixed, "a title and two words more": [f"{one} limited edition" for one, _ in pairs]}
    return {kind: list(dict.fromkeys(titles)) for kind, titles in made.items()}


def share_first(engine: Engine, titles: list[str], weights: Mapping[str, float] | None) -> float:
    """The share of new items of these titles that are the first for all words of theirs."""
    with TemporaryDirectory() as folder:
        live = LiveEngine(engine, Path(folder))
        live.change([{"item_id": f"new-{at}", "title": title, "price": PRICE} for at, title in enumerate(titles)])
        queries = (Query(title, k=1, weights=weights, group=False) for title in titles)
        first = [live.newest.slate(query).item_ids[0] for query in queries]
    return float(np.mean([one == f"new-{at}" for at, one in enumerate(first)]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--n", type=int, default=200, help="new items of each kind")
    given = arguments.parse_args()
    engine = Engine.load(given.bundle)
    for kind, titles in new_titles(engine, given.n).items():
        for name, weights in (("relevance alone", PURE), ("the bundle's weights", None)):
            share = share_first(engine, titles, weights)
            sys.stdout.write(f"{kind:28}{name:24}{share:7.3f} of {len(titles)} first\n")


if __name__ == "__main__":
    main()
