"""Searches a second beside what a user would pick instead, by `python -m benchmarks.peers.run`.

All servers run at once and are asked in turns, so that a machine whose speed drifts drifts for all: four connections,
two words out of titles, none asked twice, twenty hits an answer, one worker with one thread. Some serve the same bundle
and engine, some are whole engines over the same items; ours does all that it does in production (log, metrics, cache,
receipts). A peer that is not installed is left out: `E/NAME/bin/python` has what its script imports, and `E/js` the
`node_modules` of those in JavaScript. Relevance is not compared here.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.peers.client import Request, get, post, processor_seconds, resident_mib, seconds_of
from loadtests.document import replace_section
from loadtests.queries import WORD
from trimtab.catalog.store import ItemStore

SERVERS = Path(__file__).parent / "servers"
START_SECONDS = 300
N_ROUNDS, N_QUERIES, N_WARM = 4, 120, 40
NO_DEADLINE_MS = 10_000
WEIGHTS = "w_relevance=0.6&w_revenue=0.3&w_diversity=0.1"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Peer:
    """A server to compare with.

    Attributes:
        script: in `servers`; None for the service itself.
        environment: the folder below `--environments` of what the script needs beside the standard library; None for
            this one's own.
        serves_bundle: whether it is given the bundle, and not the items alone.
    """

    name: str
    script: str | None
    request: Request
    environment: str | None = None
    serves_bundle: bool = False


PEERS = (
    Peer("trimtab, everything on", None, get(f"/search?q=TEXT&{WEIGHTS}"), serves_bundle=True),
    Peer("the engine, plain FastAPI", "engine_fastapi.py", get("/search?q=TEXT"), serves_bundle=True),
    Peer("the engine, LitServe", "engine_litserve.py", post("/predict"), "litserve", serves_bundle=True),
    Peer("bm25s + FAISS + LightGBM, FastAPI", "bm25s_faiss.py", get("/search?q=TEXT"), "bm25s"),
    Peer("LanceDB hybrid, FastAPI", "lancedb_hybrid.py", get("/search?q=TEXT"), "lancedb"),
    Peer("MiniSearch, node", "minisearch.mjs", get("/search?q=TEXT"), "js"),
    Peer("Orama, node", "orama.mjs", get("/search?q=TEXT"), "js"),
)


@dataclass
class Running:
    """A peer that answers, and what was measured of it."""

    peer: Peer
    port: int
    session: int
    start_seconds: float
    rates: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failure: str | None = None


def main() -> None:
    """Measure, print the table, and write it where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--environments", type=Path, required=True, help="a folder with an environment a peer")
    parser.add_argument("--document", type=Path, help="a page whose section `peers` is written")
    arguments = parser.parse_args()
    store = ItemStore.load(arguments.bundle)
    texts = _texts(store, (N_ROUNDS + 1) * N_QUERIES)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        _write_items(store, Path(scratch) / "items.jsonl")
        running = []
        for peer in PEERS:
            command = _command(peer, arguments.bundle, arguments.environments, Path(scratch))
            if command is None:
                sys.stderr.write(f"{peer.name}: not installed\n")
                continue
            running.append(stack.enter_context(_served(peer, command, Path(scratch), arguments)))
            sys.stderr.write(f"{peer.name}: ready\n")
        _measure(running, texts)
        table = _table(running)
    sys.stdout.write(table)
    if arguments.document is not None:
        replace_section(arguments.document, "peers", table)


def _measure(running: list[Running], texts: list[str]) -> None:
    for one in running:
        _asked(one, texts[:N_WARM])
    for number in range(N_ROUNDS):
        batch = texts[(number + 1) * N_QUERIES : (number + 2) * N_QUERIES]
        for one in [each for each in running if each.failure is None]:
            before = processor_seconds(one.session)
            seconds, each = _asked(one, batch)
            one.processor_ms.append((processor_seconds(one.session) - before) / len(batch) * 1e3)
            one.rates.append(len(batch) / seconds)
            one.seconds += each
            sys.stderr.write(f"{one.peer.name}: {one.rates[-1]:.0f} a second, {one.processor_ms[-1]:.2f} ms\n")


def _asked(one: Running, texts: list[str]) -> tuple[float, list[float]]:
    """`seconds_of` some texts; who fails is left out from then on."""
    try:
        return seconds_of(one.port, one.peer.request, texts)
    except OSError as error:
        one.failure = str(error)
        sys.stderr.write(f"{one.peer.name}: {error}\n")
        return inf, []


def _table(running: list[Running]) -> str:
    lines = [
        "| one worker | searches a second | processor ms a search | p50 ms | p99 ms | memory MiB | start s |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in running:
        if one.failure is not None:
            lines.append(f"| {one.peer.name} | failed: {one.failure} | | | | | |")
    for one in sorted((one for one in running if one.failure is None), key=lambda each: -median(each.rates)):
        p50, p99 = np.percentile(one.seconds, (50, 99)) * 1e3
        lines.append(
            f"| {one.peer.name} | {median(one.rates):.0f} | {median(one.processor_ms):.2f} | {p50:.1f} | {p99:.1f} "
            f"| {resident_mib(one.session):.0f} | {one.start_seconds:.0f} |"
        )
    return "\n".join(lines) + "\n"


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


def _command(peer: Peer, bundle: Path, environments: Path, items: Path) -> list[str] | None:
    """What starts a peer, without its port; None where it is not installed."""
    if peer.script is None:
        return [sys.executable, "-P", "-m", "trimtab.service.server"]
    given = [str(SERVERS / peer.script), str((bundle if peer.serves_bundle else items).resolve())]
    if peer.environment is None:
        return [sys.executable, *given]
    folder = environments / peer.environment
    if not folder.is_dir():
        return None
    if peer.script.endswith(".mjs"):
        return ["node", *given]
    return [sys.executable if peer.serves_bundle else str(folder / "bin" / "python"), *given]


@contextmanager
def _served(peer: Peer, command: list[str], scratch: Path, arguments: argparse.Namespace) -> Iterator[Running]:
    port = _free_port()
    variables = {**os.environ, **ONE_THREAD, **_variables(peer, port, scratch, arguments)}
    where = (arguments.environments / peer.environment if peer.environment else scratch).resolve()
    given = command if peer.script is None else [*command, str(port)]
    start = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  # our own scripts
        given, env=variables, cwd=where, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(peer, port, process)
        yield Running(peer, port, process.pid, time.monotonic() - start)
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _variables(peer: Peer, port: int, scratch: Path, arguments: argparse.Namespace) -> Mapping[str, str]:
    if peer.script is None:
        # The others have no deadline: ours does all of every search too, however busy the machine is.
        settings = {
            "BUNDLE": arguments.bundle.resolve(),
            "PORT": port,
            "DATA_FOLDER": scratch / "data",
            "TIMEOUT_MS": NO_DEADLINE_MS,
        }
        return {f"TRIMTAB_{name}": str(value) for name, value in settings.items()}
    if peer.serves_bundle and peer.environment is not None:  # the framework beside this environment's packages
        folder = next((arguments.environments / peer.environment).resolve().glob("lib/python*/site-packages"))
        return {"PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(folder))))}
    return {} if peer.serves_bundle else {"PYTHONPATH": ""}


def _wait_for(peer: Peer, port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"{peer.name} does not start; its errors are above")
        try:
            seconds_of(port, peer.request, ["milk"])
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{peer.name} does not answer after {START_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
