"""What a Ray cluster on this machine costs and gains: one work in two threads, by one worker and by two.

    python -m benchmarks.cluster replay BUNDLE LOG      two cores, nothing else running
    python -m benchmarks.cluster encode N_TEXTS         titles of groceries by MiniLM

Seconds are those of the work alone: a cluster is started, and its workers load what they need, before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from trimtab.abtest import replay
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.core.work.progress import silent
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.engine import Engine
from trimtab.engine.cluster.ray_tasks import ray_tasks
from trimtab.engine.cluster.reference import EngineReference
from trimtab.retrieval.encoders.earlier_vectors import EarlierVectors, Shared, encode_some
from trimtab.retrieval.encoders.registry import load_item_encoder

POLICIES = {"balanced": {"relevance": 0.6, "revenue": 0.4}, "relevant": {"relevance": 0.9, "revenue": 0.1}}


def warm_engine(how: EngineReference, number: int) -> int:
    """Load the engine, and compile what it compiles."""
    how.engine.warm_up()
    return number


def warm_encoder(how: Shared, number: int) -> int:
    """Load the encoder."""
    encode_some(how, ["oat milk"])
    return number


@contextmanager
def workers(n: int, warm: Callable[[Any, int], int], shared: object) -> Iterator[Tasks]:
    """A cluster whose workers are ready."""
    with ray_tasks(str(n)) as tasks:
        list(tasks.map(warm, shared, range(4 * n)))
        yield tasks


def replaying(bundle: Path, log: Path) -> None:
    """Replay a log."""
    engine = Engine.load(bundle)
    engine.warm_up()
    compare(
        lambda tasks: json.dumps(replay(log, engine, POLICIES, tasks=tasks), sort_keys=True),
        warm_engine,
        EngineReference(engine),
    )


def encoding(n_texts: int) -> None:
    """Encode titles, on one thread each."""
    torch.set_num_threads(1)
    titles = load_grocery().items["title"].unique(maintain_order=True).head(n_texts).to_list()
    encoder = load_item_encoder("minilm")
    compare(
        lambda tasks: EarlierVectors.none().encode(encoder, titles, silent, tasks).tobytes(),
        warm_encoder,
        Shared(encoder),
    )


def compare(work: Callable[[Tasks], object], warm: Callable[[Any, int], int], shared: object) -> None:
    """Print seconds by kind, and the two ratios."""
    seconds, results = {}, set()

    def measured(name: str, tasks: Tasks) -> None:
        started = time.perf_counter()
        results.add(work(tasks))
        seconds[name] = time.perf_counter() - started
        print(f"{name}: {seconds[name]:.1f} s", flush=True)

    measured("two threads", Threads(2))
    for n in (1, 2):
        with workers(n, warm, shared) as tasks:
            measured(f"{n} workers", tasks)
    print(f"two workers for one: {seconds['1 workers'] / seconds['2 workers']:.2f} times as fast")
    print(f"two workers over two threads: {seconds['2 workers'] / seconds['two threads'] - 1:+.1%}")
    print("the results are the same to the last digit" if len(results) == 1 else "THE RESULTS DIFFER")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["replay", bundle, log]:
            replaying(Path(bundle), Path(log))
        case ["encode", n_texts]:
            encoding(int(n_texts))
        case _:
            sys.exit(__doc__)
