"""What it costs to learn the default ranker of the whole grocery data, in seconds of one core."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.engine.build.grocery import train_grocery
from trimtab.engine.build.indexing import build_pipeline, store_of
from trimtab.engine.build.training import Valuation
from trimtab.ranker.objectives import objectives_of

SECONDS = 180.0


def measure() -> Iterator[Figure]:
    """CPU seconds, which other processes of a busy machine lengthen less than the clock's."""
    with TemporaryDirectory() as folder:
        grocery = load_grocery()
        started = time.process_time()
        pipeline = build_pipeline(store_of(grocery.items), Path(folder), encoder="wordllama")
        indexed = time.process_time()
        yield Figure("grocery, 67,560 items: index, CPU", indexed - started, "s", better="less")
        valuation = Valuation.of(pipeline.store, objectives_of(has_prices=True), moment=time.time())
        train_grocery(pipeline, grocery, valuation)
        spent = time.process_time() - indexed
        yield Figure("grocery: lists, default ranker, calibration, CPU", spent, "s", SECONDS, better="less")
