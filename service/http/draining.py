"""A server that ends without dropping a request: kept-alive connections hear of the end before they are closed.

A server that closes an idle connection may do so while the next request is on its way, and that request is lost. So a
worker that ends first stops taking connections (the other workers take them), then says `Connection: close` with each
answer, and closes what is still there only when nothing came for a while.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing import Pipe
from socket import socket

from uvicorn import Config, Server
from uvicorn._subprocess import subprocess_started
from uvicorn.supervisors.multiprocess import Process

DRAIN_SECONDS = 2.0
"""How long connections may take to hear of it: longer than a busy one is idle between two requests."""
PAUSE_SECONDS = 0.02
SERVES = "trimtab.service.worker"
"""The module that is imported before a worker is forked."""


class DrainingServer(Server):
    """uvicorn's, with a pause between the last accepted connection and the first closed one."""

    def __init__(self, config: Config, *, on_ready: Callable[[], object] = lambda: None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        deadline = time.monotonic() + DRAIN_SECONDS
        while state.connections and time.monotonic() < deadline:
            await asyncio.sleep(PAUSE_SECONDS)
        await super().shutdown(sockets)


class Worker(Process):
    """A worker process, forked from a server that has imported what serves, whose server drains its connections."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        self.config = config
        self._server: Server | None = None
        self.parent_conn, self.child_conn = Pipe()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([SERVES])
        given = {"config": config, "target": self.target, "sockets": sockets, "stdin_fileno": None}
        self.process = context.Process(target=subprocess_started, kwargs=given)  # type: ignore[assignment]  # of another context

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server
