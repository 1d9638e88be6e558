"""What a first page of the grocery demo has, with sizes of one product as one hit and with every item as one.

Run by `python -m benchmarks.ranking.products --bundle BUNDLE`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.core.metrics import discounts
from trimtab.core.records import IntArray, Query
from trimtab.engine import Engine
from trimtab.engine.build.grocery import Splits, sample_intents

K = 10
N_TYPES = 60
FOUND = ("has the item that was bought", "has its product", "ndcg@10 by products", "share of hits of the type")


def products_shown(engine: Engine, codes: IntArray, *, group: bool) -> float:
    """The mean number of products on the pages of the types that most items are of."""
    n_of_type = np.bincount(engine.store.type_codes[engine.store.type_codes >= 0])
    texts = (engine.store.types[code] for code in n_of_type.argsort()[::-1][:N_TYPES].tolist())
    pages = (engine.slate(Query(text, k=K, group=group)).rows for text in texts)
    return float(np.mean([len(set(codes[rows].tolist())) for rows in pages]))


def found(engine: Engine, codes: IntArray, *, group: bool) -> Iterator[tuple[float, ...]]:
    """By search of a household of the last weeks, asked as a stranger, what its page has: `FOUND`."""
    store = engine.store
    types = np.array([*store.types, ""])[store.type_codes]
    for intent in sample_intents(load_grocery().purchases, store, Splits().test):
        bought = [row for row in intent.bought if types[row] == intent.product_type]
        rows = engine.slate(Query(intent.text, k=K, group=group)).rows
        wanted = np.isin(codes[rows], codes[bought])
        is_first = np.zeros(len(rows), dtype=bool)
        is_first[np.unique(codes[rows], return_index=True)[1]] = True
        gain = (wanted & is_first) @ discounts(K)[: len(rows)] / discounts(K)[: len(set(codes[bought].tolist()))].sum()
        of_type = types[rows] == intent.product_type
        yield float(np.isin(rows, bought).any()), float(wanted.any()), float(gain), float(np.mean(of_type))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, required=True)
    engine = Engine.load(arguments.parse_args().bundle)
    groups = engine.pipeline.groups
    assert groups is not None, "a bundle without variants"
    for group in (False, True):
        shown = products_shown(engine, groups.codes, group=group)
        pages = np.array([*found(engine, groups.codes, group=group)])
        errors = pages.std(axis=0) / np.sqrt(len(pages))
        sys.stdout.write(f"group={group}: {shown:.2f} products on a page of a type; of {len(pages)} searches\n")
        for name, mean, error in zip(FOUND, pages.mean(axis=0), errors, strict=True):
            sys.stdout.write(f"  {name:30}{mean:.3f} (standard error {error:.3f})\n")


if __name__ == "__main__":
    main()
