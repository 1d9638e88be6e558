"""What a Ray cluster on this machine costs and gains: one replay in two threads, by one worker and by two.

    python -m benchmarks.cluster BUNDLE LOG      two cores, nothing else running

Seconds are those of the replay alone: a cluster is started, and its workers load the bundle, before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.abtest import replay
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.engine import Engine
from trimtab.engine.cluster.ray_tasks import ray_tasks
from trimtab.engine.cluster.reference import EngineReference

POLICIES = {"balanced": {"relevance": 0.6, "revenue": 0.4}, "relevant": {"relevance": 0.9, "revenue": 0.1}}


def warm(how: EngineReference, number: int) -> int:
    """Load the engine, and compile what it compiles."""
    how.engine.warm_up()
    return number


@contextmanager
def workers(n: int, engine: Engine) -> Iterator[Tasks]:
    """A cluster whose workers are ready."""
    with ray_tasks(str(n)) as tasks:
        list(tasks.map(warm, EngineReference(engine), range(4 * n)))
        yield tasks


def main() -> None:
    """Print seconds by kind, and the two ratios."""
    bundle, log = map(Path, sys.argv[1:3])
    engine = Engine.load(bundle)
    engine.warm_up()
    seconds, reports = {}, set()

    def measured(name: str, tasks: Tasks) -> None:
        started = time.perf_counter()
        reports.add(json.dumps(replay(log, engine, POLICIES, tasks=tasks), sort_keys=True))
        seconds[name] = time.perf_counter() - started
        print(f"{name}: {seconds[name]:.1f} s", flush=True)

    measured("two threads", Threads(2))
    for n in (1, 2):
        with workers(n, engine) as tasks:
            measured(f"{n} workers", tasks)
    print(f"two workers for one: {seconds['1 workers'] / seconds['2 workers']:.2f} times as fast")
    print(f"two workers over two threads: {seconds['2 workers'] / seconds['two threads'] - 1:+.1%}")
    print("the reports are the same to the last digit" if len(reports) == 1 else "THE REPORTS DIFFER")


if __name__ == "__main__":
    main()
