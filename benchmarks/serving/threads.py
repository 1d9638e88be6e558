"""Threads of one process beside processes of one thread: `python -m benchmarks.serving.threads --bundle B`.

The same texts, two words out of titles, none asked twice, are answered by one thread, by as many threads of one
process as there are cores, and by as many processes, each of which loads the bundle, as workers do. Processes are
started anew each time, so that nobody has met a text, and ways take turns. Medians over the rounds: searches a second
from the first to the last, milliseconds a search by the clock and by the processor, and memory when all are answered:
what processes have of their own, added up, and the files that are mapped, which they share. That all give the same
slates is checked.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

import faiss
import numpy as np

from benchmarks.memory import memory
from benchmarks.serving.parts import N_SEARCHES, N_WARM, WEIGHTS, two_words_of_titles
from trimtab.core.records import Query
from trimtab.engine import Engine

N_ROUNDS, MIB = 7, 2**20


@dataclass(frozen=True)
class Answered:
    """What one process says of its share of the texts.

    Attributes:
        span: the clock when it began and when it ended; one clock for all processes.
        seconds: of each search.
        processor: seconds of all.
        memory: bytes by kind.
        slates: a digest of each, in the order of the texts.
    """

    span: tuple[float, float]
    seconds: tuple[float, ...]
    processor: float
    memory: Mapping[str, int]
    slates: tuple[bytes, ...]


def main() -> None:
    """Print a row of a table for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="threads, and processes")
    parser.add_argument("--rounds", type=int, default=N_ROUNDS)
    parser.add_argument("--searches", type=int, default=N_SEARCHES - N_WARM, help="of a way in a round")
    arguments = parser.parse_args()
    bundle, n = arguments.bundle, arguments.at_once
    ways = {"1 thread": (1, 1), f"{n} threads of one process": (1, n), f"{n} processes": (n, 1)}
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    slates = set[tuple[bytes, ...]]()
    for _ in range(arguments.rounds):
        for way, (n_processes, n_threads) in ways.items():
            answered = _answered(bundle, n_processes, n_threads, arguments.searches)
            found[way].append(_figures(answered))
            sys.stderr.write(f"{way}: {found[way][-1]}\n")
            slates.add(tuple(sorted(slate for one in answered for slate in one.slates)))
    if len(slates) > 1:
        raise SystemExit("the ways give other slates")
    names = list(found["1 thread"][0])
    sys.stdout.write(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n")
    for way, rounds in found.items():
        figures = (f"{median(one[name] for one in rounds):.{0 if name.endswith('MiB') else 2}f}" for name in names)
        sys.stdout.write(f"| {way} | {' | '.join(figures)} |\n")


def _answered(bundle: Path, n_processes: int, n_threads: int, n_searches: int) -> list[Answered]:
    """All texts answered, once every process is ready."""
    context = get_context("spawn")
    pipes, processes = [], []
    for number in range(n_processes):
        here, there = context.Pipe()
        share = slice(N_WARM + number, N_WARM + n_searches, n_processes)
        processes.append(context.Process(target=_answer, args=(there, bundle, n_threads, share)))
        processes[-1].start()
        pipes.append(here)
    for pipe in pipes:
        pipe.recv()
    for pipe in pipes:
        pipe.send("go")
    answered = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    return answered


def _answer(pipe: Connection, bundle: Path, n_threads: int, share: slice) -> None:
    """Load, say so, wait, and answer a share of the texts."""
    faiss.omp_set_num_threads(1)
    engine = Engine.load(bundle)

    def search(text: str) -> tuple[float, bytes]:
        started = time.perf_counter()
        slate = engine.slate(Query(text, weights=WEIGHTS, group=False))
        seconds = time.perf_counter() - started
        return seconds, hashlib.sha256(np.array(slate.rows).tobytes()).digest()

    texts = two_words_of_titles(engine)
    for text in texts[:N_WARM]:
        search(text)
    with ThreadPoolExecutor(n_threads) as pool:
        pipe.send("ready")
        pipe.recv()
        started, used = time.perf_counter(), time.process_time()
        seconds, slates = zip(*pool.map(search, texts[share]), strict=True)
        span, processor = (started, time.perf_counter()), time.process_time() - used
    pipe.send(Answered(span, seconds, processor, memory(), slates))


def _figures(answered: list[Answered]) -> dict[str, float]:
    seconds = [each for one in answered for each in one.seconds]
    begun, ended = min(one.span[0] for one in answered), max(one.span[1] for one in answered)
    return {
        "searches a second": len(seconds) / (ended - begun),
        "p50, ms": 1e3 * median(seconds),
        "p99, ms": 1e3 * quantiles(seconds, n=100)[98],
        "processor time of one, ms": 1e3 * sum(one.processor for one in answered) / len(seconds),
        "own memory, MiB": sum(one.memory["RssAnon"] for one in answered) / MIB,
        "mapped, MiB": max(one.memory["RssFile"] for one in answered) / MIB,
    }


if __name__ == "__main__":
    main()
