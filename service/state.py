"""The link to Redis. A search never waits for it longer than one tight timeout, and never twice while it is lost.

The first command that fails opens the circuit: from then on readers get nothing at once. One background thread tries
the server again, closes the circuit when it answers, runs the writes that nobody waits for, and calls the readers of
slowly changing state (profiles). Keys all start with `trimtab:`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import RedisError
from redis.retry import Retry

Value = TypeVar("Value")
Write = Callable[[Pipeline], object]

MAX_WAITING_WRITES = 1024
BATCH = 64
PATIENT_SECONDS = 1.0

_log = structlog.get_logger()


class State:
    """Shared state in Redis behind a circuit breaker.

    Attributes:
        is_up: whether the last command succeeded; False too where there is no server to speak to.
    """

    def __init__(self, url: str | None, *, timeout_seconds: float, poll_seconds: float) -> None:
        """Connects on `start`. Without a `url` everything answers as if the server were lost.

        Raises:
            ValueError: a URL of no known scheme.
        """
        self._poll_seconds = poll_seconds
        # A connection of its own, without a pool around it: half the price of a command.
        self._client = None if url is None else _client(url, timeout_seconds, single_connection_client=True)
        self._patient = None if url is None else _client(url, PATIENT_SECONDS)
        self._writes: deque[Write] = deque(maxlen=MAX_WAITING_WRITES)
        self._readers: list[Callable[[Redis], None]] = []
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.is_up = False

    def on_poll(self, reader: Callable[[Redis], None]) -> None:
        """Call `reader` with a client at every poll while the server answers."""
        self._readers.append(reader)

    def run(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns; None where the server is lost, at once unless this is the call that finds out.

        For the event loop's thread, which it holds up for as long as the timeout at worst.
        """
        return self._try(self._client, command)

    async def run_aside(self, command: Callable[[Redis], Value]) -> Value | None:
        """As `run`, in a thread that may wait longer, for what is not a search."""
        return await asyncio.to_thread(self._try, self._patient, command)

    def write_later(self, write: Write) -> None:
        """Have the background thread run `write` in a pipeline; of those that wait too long the last are kept."""
        if self._patient is not None:
            self._writes.append(write)

    def start(self) -> None:
        """Poll once, then keep polling in the background."""
        if self._patient is not None:
            self._poll()
            self._thread = threading.Thread(target=self._run, name="trimtab-state", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Run the writes that wait, then close the connections."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for client in (self._client, self._patient):
            if client is not None:
                client.close()

    def _try(self, client: Redis | None, command: Callable[[Redis], Value]) -> Value | None:
        if not self.is_up or client is None:
            return None
        try:
            return command(client)
        except RedisError as error:
            self._lost(error)
            return None

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._poll_seconds)
            self._wake.clear()
            try:
                self._poll()
            except Exception:  # noqa: BLE001
                # One value that cannot be written or read must not end the polling.
                _log.exception("state thread")

    def _poll(self) -> None:
        assert self._patient is not None
        try:
            self._patient.ping()
            if not self.is_up:
                _log.info("redis answers")
            for reader in self._readers:
                reader(self._patient)
            self.is_up = True
            self._run_writes()
        except RedisError as error:
            self._lost(error)

    def _run_writes(self) -> None:
        assert self._patient is not None
        while self._writes:
            pipeline = self._patient.pipeline(transaction=False)
            for _ in range(min(BATCH, len(self._writes))):
                self._writes.popleft()(pipeline)
            pipeline.execute()

    def _lost(self, error: RedisError) -> None:
        if self.is_up:
            _log.warning("redis is lost", error=type(error).__name__)
        self.is_up = False


def _client(url: str, timeout_seconds: float, *, single_connection_client: bool = False) -> Redis:
    return Redis.from_url(
        url,
        single_connection_client=single_connection_client,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
