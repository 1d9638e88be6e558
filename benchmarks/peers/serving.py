"""The servers that are compared, and how each is started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.peers.client import Request, get, post, seconds_of
from loadtests.serving import free_port

SERVERS = Path(__file__).parent / "servers"
START_SECONDS = 180
SHOWN = 20
NO_DEADLINE_MS = 10_000
WEIGHTS = "w_relevance=0.6&w_revenue=0.3&w_diversity=0.1&group=false"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Peer:
    """A server to compare with.

    Attributes:
        key: its short name, on the command line and of its file of results.
        script: in `servers`; None for the service itself.
        environment: the folder below `--environments` of what the script needs beside the standard library; None for
            this one's own.
        path: with TEXT in the place of the words and, where it takes a number of hits, HITS in the place of that.
        serves_bundle: whether it is given the bundle, and not the items alone.
        posts: whether words are posted to the path.
        settings: what its script is given beside the folder and the port.
    """

    key: str
    name: str
    script: str | None
    path: str
    environment: str | None = None
    serves_bundle: bool = False
    posts: bool = False
    settings: tuple[str, ...] = ()

    def path_of(self, hits: int) -> str:
        """The path that asks for a number of hits, with TEXT in the place of the words."""
        return self.path.replace("HITS", str(hits))

    @property
    def request(self) -> Request:
        """What asks for words."""
        return (post if self.posts else get)(self.path_of(SHOWN))


OURS = Peer("trimtab", "trimtab, everything on", None, f"/search?q=TEXT&{WEIGHTS}", serves_bundle=True)
LITSERVE = Peer("litserve", "the engine, LitServe", "engine_litserve.py", "/predict", "litserve", True, posts=True)
BENTOML = Peer("bentoml", "the engine, BentoML", "engine_bentoml.py", "/search", "bentoml", True, posts=True)
RAY = Peer("ray", "the engine, Ray Serve", "engine_ray.py", "/?q=TEXT", "rayserve", True)


def tuned(peer: Peer) -> Peer:
    """The same with other settings than those that its documentation begins with."""
    return replace(peer, key=f"{peer.key}-tuned", name=f"{peer.name}, tuned", settings=("tuned",))


PEERS = (
    Peer("fastapi", "the engine, plain FastAPI", "engine_fastapi.py", "/search?q=TEXT", serves_bundle=True),
    *(LITSERVE, tuned(LITSERVE), BENTOML, tuned(BENTOML), RAY, tuned(RAY)),
    Peer("bm25s", "bm25s + FAISS + LightGBM, FastAPI", "bm25s_faiss.py", "/search?q=TEXT&k=HITS", "bm25s"),
    Peer("lancedb", "LanceDB hybrid, FastAPI", "lancedb_hybrid.py", "/search?q=TEXT&k=HITS", "lancedb"),
    Peer("milvus", "Milvus Lite hybrid, FastAPI", "milvus_hybrid.py", "/search?q=TEXT&k=HITS", "milvus"),
    Peer("txtai", "txtai hybrid, its server", "txtai_hybrid.py", "/search?query=TEXT&limit=HITS", "txtai"),
    Peer("minisearch", "MiniSearch, node", "minisearch.mjs", "/search?q=TEXT&k=HITS", "js"),
    Peer("orama", "Orama, node", "orama.mjs", "/search?q=TEXT&k=HITS", "js"),
)


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    peer: Peer
    port: int
    process: int
    start_seconds: float


@dataclass(frozen=True)
class Places:
    """Where a comparison finds what it needs.

    Attributes:
        scratch: has the items as JSON lines.
    """

    bundle: Path
    environments: Path
    scratch: Path


def command_of(peer: Peer, places: Places) -> list[str] | None:
    """What starts a peer, without its port; None where it is not installed."""
    if peer.script is None:
        return [sys.executable, "-P", "-m", "trimtab.service.server"]
    given = [str(SERVERS / peer.script), str((places.bundle if peer.serves_bundle else places.scratch).resolve())]
    if peer.environment is None:
        return [sys.executable, *given]
    folder = places.environments / peer.environment
    if not folder.is_dir():
        return None
    if peer.script.endswith(".mjs"):
        return ["node", *given]
    return [sys.executable if peer.serves_bundle else str(folder / "bin" / "python"), *given]


@contextmanager
def served(peer: Peer, places: Places) -> Iterator[Running]:
    """A peer that answers.

    Raises:
        SystemExit: it is not installed, or does not start.
    """
    command = command_of(peer, places)
    if command is None:
        raise SystemExit(f"{peer.name} is not installed: there is no {places.environments / str(peer.environment)}")
    port = free_port()
    variables = {**os.environ, **ONE_THREAD, **_variables(peer, port, places)}
    where = (places.environments / peer.environment if peer.environment else places.scratch).resolve()
    given = command if peer.script is None else [*command, str(port), *peer.settings]
    start = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  # our own scripts
        given, env=variables, cwd=where, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(peer, port, process)
        yield Running(peer, port, process.pid, time.monotonic() - start)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait()


def _variables(peer: Peer, port: int, places: Places) -> Mapping[str, str]:
    if peer.script is None:
        # The others have no deadline: ours does all of every search too, however busy the machine is.
        settings = {
            "BUNDLE": places.bundle.resolve(),
            "PORT": port,
            "DATA_FOLDER": places.scratch / "data",
            "TIMEOUT_MS": NO_DEADLINE_MS,
        }
        return {f"TRIMTAB_{name}": str(value) for name, value in settings.items()}
    if peer.serves_bundle and peer.environment is not None:  # the framework beside this environment's packages
        folder = next((places.environments / peer.environment).resolve().glob("lib/python*/site-packages"))
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
