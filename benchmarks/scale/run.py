"""`make bench-scale`: a catalogue of any size made, built, loaded and searched, a step at a time.

Each step keeps its figures in the folder of the catalogue, so that a run that was stopped goes on where it was. Steps
run in processes of their own: what one holds in memory is not counted with another.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.memory import memory
from benchmarks.scale.catalogue import products_of, queries_of, write_catalogue
from trimtab.core.records import Filter, Query
from trimtab.engine import Engine

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FACETS = ("brand", "product_type", "price", "in_stock", "colour", "screen_size")
SHARES = (0.1, 0.01, 0.001)
N_QUERIES = 300
GIB = 2**30

Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path("build/scale"), help="where catalogues and bundles are kept")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of icecat/ and bestbuy/")
    parser.add_argument("--encoder", default="wordllama")
    parser.add_argument("--only", choices=STEPS, help="one step, even if it is done; what it printed last is JSON")
    arguments = parser.parse_args()
    folder = arguments.work / f"{arguments.items}-{arguments.encoder}"
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.only:
        sys.stdout.write("\n" + json.dumps(STEPS[arguments.only](folder, arguments)) + "\n")
        return
    for name in STEPS:
        kept = folder / f"{name}.json"
        if not kept.exists():
            _run(name, kept)
        for figure, value in json.loads(kept.read_text()).items():
            sys.stdout.write(f"{name:>10}  {figure:<44} {value}\n")


def _run(name: str, kept: Path) -> None:
    """Run a step in a process of its own and keep what it says."""
    command = [sys.executable, "-m", "benchmarks.scale.run", *sys.argv[1:], "--only", name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  itself
    partial = kept.with_suffix(".partial")
    partial.write_text(done.stdout.splitlines()[-1])
    partial.replace(kept)


def make(folder: Path, arguments: argparse.Namespace) -> Figures:
    """Make the catalogue."""
    started, used = time.perf_counter(), time.process_time()
    write_catalogue(products_of(arguments.data), folder / "catalogue.parquet", arguments.items)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor seconds": round(time.process_time() - used, 1),
        "bytes": (folder / "catalogue.parquet").stat().st_size,
    }


def build(folder: Path, arguments: argparse.Namespace) -> Figures:
    """Build the bundle by the command, as an operator would."""
    started = time.perf_counter()
    bundle, feed = folder / "bundle", folder / "catalogue.parquet"
    command = [sys.executable, "-m", "trimtab", "build", str(feed), "--out", str(bundle)]
    subprocess.run([*command, "--encoder", arguments.encoder, "--json"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  the command
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    retrieval = json.loads((bundle / "manifest.json").read_text())["retrieval"]
    names = ("index", "breadth", "n_vectors", "recall@100_against_exact", "recall@200_against_exact")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak memory, GiB": round(used.ru_maxrss * 1024 / GIB, 2),
        "bundle, GiB": round(sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file()) / GIB, 2),
        **{name: retrieval[name] for name in names},
        **{f"recall@200 of {share}": value for share, value in retrieval["recall@200_under_filters"].items()},
    }


def load(folder: Path, arguments: argparse.Namespace) -> Figures:  # noqa: ARG001  steps have one signature
    """Load the bundle, and say what of it is this process's own and what is mapped, and so shared by workers."""
    before = memory()
    started, used = time.perf_counter(), time.process_time()
    Engine.load(folder / "bundle")
    after = memory()
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor seconds": round(time.process_time() - used, 2),
        "own memory, GiB": round((after["RssAnon"] - before["RssAnon"]) / GIB, 2),
        "mapped memory, GiB": round((after["RssFile"] - before["RssFile"]) / GIB, 2),
    }


def search(folder: Path, arguments: argparse.Namespace) -> Figures:  # noqa: ARG001  steps have one signature
    """Search for two words out of titles: plainly, by price, with what leaves few items, with facets."""
    engine = Engine.load(folder / "bundle")
    rows = np.random.Generator(np.random.PCG64(2)).integers(0, len(engine.store), 5 * N_QUERIES)
    texts = queries_of(engine.store.titles(rows), N_QUERIES)
    prices = np.sort(engine.store.prices[np.isfinite(engine.store.prices)])

    rules = (Filter("in_stock", ("true",)), Filter("refurbished", ("false",)))

    def price_of(share: float, start: float) -> Filter:
        low, high = (float(prices[int(at * (len(prices) - 1))]) for at in (start, start + share))
        return Filter("price", (f"{low}..{high}",))

    def few(share: float) -> Callable[[int], Mapping[str, Any]]:
        # Another range each time: none was met before.
        return lambda number: {"filters": (price_of(share, (1 - share) * number / N_QUERIES),)}

    def some(number: int) -> Mapping[str, Any]:
        return {"filters": (price_of(0.5, 0.25 * number / N_QUERIES), *rules), "facets": FACETS}

    kinds: dict[str, Callable[[int], Mapping[str, Any]]] = {
        "plain": lambda _: {},
        "half by price": few(0.5),
        **{f"{share:g} by price": few(share) for share in SHARES},
        "six facets": lambda _: {"facets": FACETS},
        "six facets, three filters": some,
    }
    _times(engine, [Query(text) for text in texts[:50]])
    figures: Figures = {}
    for name, options in kinds.items():
        seconds = _times(engine, [Query(text, **options(number)) for number, text in enumerate(texts)])
        figures |= {f"{name}: {part}": value for part, value in _quantiles(seconds)}
    return figures


def _times(engine: Engine, queries: Sequence[Query]) -> list[float]:
    """Seconds of processor time of each search."""
    seconds = []
    for query in queries:
        started = time.process_time()
        engine.slate(query)
        seconds.append(time.process_time() - started)
    return seconds


def _quantiles(seconds: list[float]) -> Iterator[tuple[str, float]]:
    for share in (0.5, 0.95, 0.99):
        yield f"p{share * 100:.0f}, ms", round(float(np.quantile(seconds, share)) * 1e3, 2)


STEPS: dict[str, Callable[[Path, argparse.Namespace], Figures]] = {
    "catalogue": make,
    "build": build,
    "load": load,
    "search": search,
}

if __name__ == "__main__":
    main()
