"""One Milvus server, asked with a time limit. The only place that connects to it.

After a failure nobody is kept waiting again for a moment: searches go on without it at once, and the first one after
the pause tries again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from trimtab.core.errors import BadInput, Unavailable

TOKEN = "TRIMTAB_MILVUS_TOKEN"  # noqa: S105  # the name of a variable
"""The variable with what the server asks for: `user:password`, or a token."""
TIMEOUT = "TRIMTAB_MILVUS_TIMEOUT_SECONDS"
"""The variable with the seconds that one request of a search may take."""
TIMEOUT_SECONDS = 0.5
CONNECT_SECONDS = 5.0
BUILD_SECONDS = 3600.0
"""How long one step of a build may take; indexing is one."""
PAUSE_SECONDS = 1.0
"""How long nothing is asked after a failure."""

Answer = TypeVar("Answer")


class Connection:
    """A connection that is made when it is first used, and again in a process that was forked."""

    def __init__(self, uri: str, *, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            seconds: how long a search may wait; what the environment says by default.
        """
        self.uri = uri
        self.seconds = _timeout() if seconds is None else seconds
        self._clock = clock
        self._clients: dict[int, Any] = {}
        self._mutex = Lock()
        self._paused_until = 0.0

    def search(self, ask: Callable[..., Answer]) -> Answer:
        """What a search asks, within its time; `ask` is given the client and the seconds.

        Raises:
            Unavailable: there is no answer in time, or it is an error.
        """
        if self._clock() < self._paused_until:
            raise Unavailable(f"{self.uri}: Milvus did not answer a moment ago", retry_after_seconds=1)
        try:
            return self.ask(ask, seconds=self.seconds)
        except Unavailable:
            self._paused_until = self._clock() + PAUSE_SECONDS
            raise

    def ask(self, ask: Callable[..., Answer], *, seconds: float) -> Answer:
        """What `ask`, given the client and the seconds, returns.

        Raises:
            Unavailable: there is no answer in time, or it is an error.
            BadInput: pymilvus is not installed.
        """
        client = self._client()
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            return ask(client, seconds)
        except grpc.RpcError as error:
            said = error.code().name if isinstance(error, grpc.Call) else str(error)
            raise Unavailable(f"{self.uri}: Milvus did not answer within {seconds:g} s ({said})") from error
        except MilvusException as error:
            raise Unavailable(f"{self.uri}: Milvus answered {error.message!r} (code {error.code})") from error

    def _client(self) -> Any:
        with self._mutex:
            client = self._clients.get(os.getpid())
            if client is None:
                client = self._clients[os.getpid()] = _connected(self.uri)
            return client


def _connected(uri: str) -> Any:
    try:
        import grpc
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError:
        raise BadInput("retrieval from Milvus needs pymilvus: pip install 'trimtab[milvus]'") from None
    # What fails is raised here, in one sentence; pymilvus would write its own stack into the log.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    try:
        return MilvusClient(uri=uri, token=os.environ.get(TOKEN, ""), timeout=CONNECT_SECONDS)
    except (MilvusException, grpc.RpcError, OSError) as error:
        raise Unavailable(f"{uri}: no Milvus answers there") from error


def _timeout() -> float:
    text = os.environ.get(TIMEOUT)
    try:
        seconds = TIMEOUT_SECONDS if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise BadInput(f"{TIMEOUT}={text}: must be a number of seconds above 0")
    return seconds
