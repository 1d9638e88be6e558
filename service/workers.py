"""The processes that answer requests: one, or several that share the ports under one that watches them.

Workers are forked from a server process that has imported everything and computed nothing (so no thread of torch, faiss
or polars runs in it): each starts without the seconds and shares the memory that the imports take. The process that
watches imports none of it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from socket import socket
from typing import TYPE_CHECKING, Any

from uvicorn import Config
from uvicorn.supervisors import multiprocess

from trimtab.engine.bundle.verification import verify
from trimtab.service.http.draining import DrainingServer, Worker
from trimtab.service.http.protocol import BoundedHttp
from trimtab.service.observability.metrics import MULTIPROCESS_FOLDER
from trimtab.service.settings import Settings
from trimtab.service.terminal import say_serving

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_SECONDS = 10
"""How long requests under way may take after SIGTERM."""
WORKER_ANSWER_SECONDS = 90
"""A worker that shows no life for this long is replaced, and one that starts may take as long to be ready."""


def run_workers(settings: Settings) -> None:
    """Serve until a signal says stop.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve.
    """
    if settings.workers == 1:
        from trimtab.service.worker import app_of  # noqa: PLC0415  # see above

        config = _config(settings, app_of(settings))
        DrainingServer(config, on_ready=partial(say_serving, settings)).run(_sockets(config, settings))
        return
    verify(settings.bundle)
    config = _config(settings, partial(_worker_app, settings), factory=True)
    multiprocess.Process = Worker  # type: ignore[misc]  # there is no other way to say which kind
    with _shared_metrics():
        _Supervisor(config, _sockets(config, settings), on_ready=partial(say_serving, settings)).run()


class _Supervisor(multiprocess.Multiprocess):
    """uvicorn's, which says when the first worker serves."""

    def __init__(self, config: Config, sockets: list[socket], *, on_ready: Callable[[], object]) -> None:
        super().__init__(config, sockets)
        self._on_ready: Callable[[], object] | None = on_ready

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if self._on_ready is not None and any(process.is_ready() for process in self.processes):
            self._on_ready()
            self._on_ready = None


def _sockets(config: Config, settings: Settings) -> list[socket]:
    """The shoppers' port, and the admins' where they have their own; every worker listens on all."""
    sockets = [config.bind_socket()]
    if settings.admin_port is not None:
        sockets.append(Config(config.app, host=settings.host, port=settings.admin_port, log_config=None).bind_socket())
    return sockets


def _worker_app(settings: Settings) -> FastAPI:
    """The app, made in a worker process; this module alone is what tells that process which."""
    from trimtab.service.worker import worker_app  # noqa: PLC0415  # see above

    return worker_app(settings)


def _config(settings: Settings, app: Callable[..., Any], *, factory: bool = False) -> Config:
    return Config(
        app,
        factory=factory,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",  # no route speaks WebSocket, and uvicorn would log the query of who asks
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing here asks where a request came from
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=WORKER_ANSWER_SECONDS,
    )


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which the workers' counters meet, so that `/metrics` of one answers for all."""
    with tempfile.TemporaryDirectory(prefix="trimtab-metrics-") as folder:
        os.environ[MULTIPROCESS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS_FOLDER]
