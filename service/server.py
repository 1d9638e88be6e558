"""`trimtab serve`: a private Redis where none is given, then one process a worker until a signal says stop.

Also `python -m service.server`, set by `TRIMTAB_*` variables alone, for containers.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog
from fastapi import FastAPI
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from core.errors import TrimtabError
from engine.bundle import verify
from service import logs
from service.redis_server import redis_for
from service.settings import Settings
from service.telemetry import MULTIPROCESS_FOLDER

GRACE_SECONDS = 10
"""How long requests under way may take after SIGTERM."""

_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve; nothing has been started.
        Unavailable: no Redis can be started.
    """
    logs.configure()
    verify(settings.bundle)
    with redis_for(settings.redis_url, settings.data_folder) as url:
        _run(settings.model_copy(update={"redis_url": url}))


def _run(settings: Settings) -> None:
    config = Config(
        partial(_worker_app, settings),
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    sockets = [config.bind_socket()]
    if settings.workers == 1:
        Server(config).run(sockets)
        return
    with _shared_metrics():
        Multiprocess(config, sockets=sockets).run()


def _worker_app(settings: Settings) -> FastAPI:
    """Runs in each worker: what it imports is not needed in the process that watches them."""
    from service.app import create_app  # noqa: PLC0415

    logs.configure()
    # A background thread that computes hands the interpreter back after this long; the default is five searches.
    sys.setswitchinterval(0.0005)
    try:
        return create_app(settings)
    except TrimtabError as error:
        _log.error("cannot serve", problem=str(error))
        sys.exit(STARTUP_FAILURE)  # tells the watching process not to try again


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which the workers' counters meet, so that `/metrics` of one answers for all."""
    with tempfile.TemporaryDirectory(prefix="trimtab-metrics-") as folder:
        os.environ[MULTIPROCESS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS_FOLDER]


def main() -> None:
    """Exit 1 with one line where the service cannot start."""
    try:
        serve(Settings())
    except TrimtabError as error:
        sys.stderr.write(f"trimtab: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
