"""Searches a second beside what a user would pick instead, by `python -m benchmarks.peers.run`.

Each peer is measured by itself beside our worker: both run at once and are asked in turns, so that a machine whose
speed drifts drifts for both; what may be compared across peers is the ratio. Four connections, two words out of
titles, none asked twice, twenty hits an answer, one worker with one thread. Some serve the same bundle and engine, some
are whole engines over the same items; ours does all that it does in production (log, metrics, cache, receipts). A peer
that is not installed is left out: `E/NAME/bin/python` has what its script imports, and `E/js` the `node_modules` of
those in JavaScript. Relevance is not compared here.

What a peer took is written to `R/KEY.json` at once, and a peer that has its file is not measured again: a run that was
cut off goes on where it was. `--peer KEY` measures that one alone, in a few minutes, and `--queries` asks fewer of a
slow one.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.peers.client import processor_seconds, resident_mib, seconds_of
from benchmarks.peers.serving import OURS, PEERS, Peer, Places, Running, command_of, served
from loadtests.document import replace_section
from loadtests.queries import WORD
from trimtab.catalog.store import ItemStore

N_ROUNDS, N_QUERIES = 5, 120


@dataclass
class Taken:
    """What was measured of a server, round by round; `seconds` of each answer."""

    rates: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def figures(self, running: Running) -> dict[str, float]:
        """What the table says of it."""
        p50, p99 = np.percentile(self.seconds, (50, 99)) * 1e3
        return {
            "rate": median(self.rates),
            "processor_ms": median(self.processor_ms),
            "p50_ms": float(p50),
            "p99_ms": float(p99),
            "memory_mib": resident_mib(running.process),
            "start_seconds": running.start_seconds,
        }


def main() -> None:
    """Measure the peers that have no file yet, print the table of those that have, and write it where it is asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--environments", type=Path, required=True, help="a folder with an environment a peer")
    parser.add_argument("--results", type=Path, default=Path("build/peers"), help="a folder with a file a peer")
    parser.add_argument("--peer", choices=[peer.key for peer in PEERS], action="append", help="these alone")
    parser.add_argument("--queries", type=int, default=N_QUERIES, help="in each of the rounds; fewer for a slow peer")
    parser.add_argument("--document", type=Path, help="a page whose section `peers` is written")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        places = Places(arguments.bundle, arguments.environments, Path(scratch))
        for peer in _lacking(arguments.peer, arguments.results, places):
            (arguments.results / f"{peer.key}.json").write_text(
                json.dumps(_beside_ours(peer, places, arguments.queries), indent=1) + "\n"
            )
    table = table_of(arguments.results)
    sys.stdout.write(table)
    if arguments.document is not None:
        replace_section(arguments.document, "peers", table)


def _lacking(keys: Sequence[str] | None, results: Path, places: Places) -> list[Peer]:
    """The peers that are asked for, installed and not measured yet."""
    found = []
    for peer in PEERS:
        if (keys is not None and peer.key not in keys) or (results / f"{peer.key}.json").exists():
            continue
        if command_of(peer, places) is None:
            sys.stderr.write(f"{peer.name}: not installed\n")
        else:
            found.append(peer)
    return found


def _beside_ours(peer: Peer, places: Places, n_queries: int) -> dict[str, Mapping[str, float]]:
    """The figures of a peer, and ours of the same minutes."""
    store = ItemStore.load(places.bundle)
    _write_items(store, places.scratch / "items.jsonl")
    n_warm = n_queries // 2
    texts = _texts(store, N_ROUNDS * n_queries + n_warm)
    with served(OURS, places) as ours, served(peer, places) as other:
        both = {"ours": (ours, Taken()), "peer": (other, Taken())}
        for running, _ in both.values():
            seconds_of(running.port, running.peer.request, texts[:n_warm])
        for start in range(n_warm, len(texts), n_queries):
            for running, taken in both.values():
                _take(running, texts[start : start + n_queries], taken)
        return {who: taken.figures(running) for who, (running, taken) in both.items()}


def _take(running: Running, texts: Sequence[str], taken: Taken) -> None:
    before = processor_seconds(running.process)
    seconds, each = seconds_of(running.port, running.peer.request, texts)
    taken.processor_ms.append((processor_seconds(running.process) - before) / len(texts) * 1e3)
    taken.rates.append(len(texts) / seconds)
    taken.seconds += each
    sys.stderr.write(f"{running.peer.name}: {taken.rates[-1]:.0f} a second, {taken.processor_ms[-1]:.2f} ms\n")


def table_of(results: Path) -> str:
    """The peers that were measured, the quickest first, each beside what we took in the same minutes."""
    lines = [
        "| one worker | searches a second | ours beside it | ratio | processor ms a search | ours | p50 ms | ours "
        "| p99 ms | ours | memory MiB | ours | start s | ours |",
        "|" + "---|" * 14,
    ]
    measured: list[tuple[Peer, dict[str, Any]]] = [
        (peer, json.loads(path.read_text())) for peer in PEERS if (path := results / f"{peer.key}.json").exists()
    ]
    for peer, found in sorted(measured, key=lambda one: _ratio(one[1])):
        cells = [peer.name, *_both(found, "rate", 0), f"{_ratio(found):.2f}"]
        for name, digits in (
            ("processor_ms", 2),
            ("p50_ms", 1),
            ("p99_ms", 1),
            ("memory_mib", 0),
            ("start_seconds", 0),
        ):
            cells += _both(found, name, digits)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _ratio(found: Mapping[str, Mapping[str, float]]) -> float:
    """How many times as many searches a second ours answers."""
    return found["ours"]["rate"] / found["peer"]["rate"]


def _both(found: Mapping[str, Mapping[str, float]], name: str, digits: int) -> list[str]:
    return [f"{found[who][name]:.{digits}f}" for who in ("peer", "ours")]


def _texts(store: ItemStore, n: int) -> list[str]:
    """Two words out of titles, none twice."""
    generator = random.Random(17)
    found: dict[str, None] = {}
    while len(found) < n:
        words = WORD.findall(store.titles([generator.randrange(len(store))])[0])
        if len(words) > 1:
            found[" ".join(generator.sample(words, 2))] = None
    return list(found)


def _write_items(store: ItemStore, path: Path) -> None:
    rows = np.arange(len(store))
    names = ("item_id", "title", "brand", "category", "product_type")
    columns = {name: store.texts(name, rows) for name in names}
    columns |= {name: store.numbers(name).tolist() for name in ("price", "popularity")}
    with path.open("w") as file:
        for values in zip(*columns.values(), strict=True):
            item = dict(zip(columns, values, strict=True))
            price = item["price"]
            file.write(json.dumps({**item, "price": None if price != price else price}) + "\n")  # noqa: PLR0124  NaN


if __name__ == "__main__":
    main()
