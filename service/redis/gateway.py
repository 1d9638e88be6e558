"""The link to Redis. A search never waits for it longer than one tight timeout, and never twice while it is lost.

The first command that fails opens the circuit: from then on readers get nothing at once. One background thread tries
the server again, closes the circuit when it answers, runs the writes that nobody waits for, and calls the readers of
slowly changing state (profiles). A second one listens: whoever changes something announces it, and every worker polls
at once. An announcement that is missed costs no more than the time to the next poll. Keys all start with `trimtab:`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import Redis
from redis.client import Pipeline

from trimtab.service.redis.clients import LOST, connect

Value = TypeVar("Value")
Write = Callable[[Pipeline], object]

CHANGES = "trimtab:changes"
"""Channel of announcements; what they say does not matter."""
MAX_WAITING_WRITES = 1024
BATCH = 64
PATIENT_SECONDS = 1.0

_log = structlog.get_logger()


class RedisGateway:
    """Shared state in Redis behind a circuit breaker.

    Attributes:
        is_up: whether the last command succeeded; False too where there is no server to speak to.
    """

    def __init__(self, url: str | None, *, timeout_seconds: float, poll_seconds: float) -> None:
        """Connects on `start`. Without a `url` everything answers as if the server were lost."""
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._poll_seconds = poll_seconds
        self._client: Redis | None = None
        self._patient: Redis | None = None
        self._writes: deque[Write] = deque(maxlen=MAX_WAITING_WRITES)
        self._readers: list[Callable[[Redis], object]] = []
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.is_up = False

    def on_poll(self, reader: Callable[[Redis], object]) -> None:
        """Call `reader` with a client at every poll while the server answers."""
        self._readers.append(reader)

    def ask(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns, before `start`; None where the server does not answer."""
        try:
            client = self._connected()
            return None if client is None else command(client)
        except LOST:
            return None

    def run(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns; None where the server is lost, at once unless this is the call that finds out.

        For the event loop's thread, which it holds up for as long as the timeout at worst.
        """
        return self._try(self._client, command)

    async def run_aside(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns, as `run`, from a thread that may wait longer; for what is not a search."""
        return await asyncio.to_thread(self._try, self._patient, command)

    async def announce(self) -> None:
        """Have every worker poll now."""
        await self.run_aside(lambda redis: redis.publish(CHANGES, b""))

    def write_later(self, write: Write) -> None:
        """Have the background thread run `write` in a pipeline; of those that wait too long the last are kept."""
        if self._url is not None:
            self._writes.append(write)

    def start(self) -> None:
        """Poll once, then keep polling and listening in the background."""
        if self._url is None:
            return
        self._poll()
        for name, work in (("state", self._run), ("changes", self._listen)):
            thread = threading.Thread(target=work, name=f"trimtab-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Run the writes that wait, then close the connections."""
        self._stopping.set()
        self._wake.set()
        self._try(self._patient, lambda redis: redis.publish(CHANGES, b""))  # our own listener wakes up too
        for thread in self._threads:
            thread.join()
        for client in (self._client, self._patient):
            if client is not None:
                client.close()

    def _connected(self) -> Redis | None:
        """The patient client. A Cluster's must find a node before it is one, so clients are made when they are used."""
        if self._patient is None and self._url is not None:
            # A connection of its own, without a pool around it: half the price of a command.
            self._client = connect(self._url, self._timeout_seconds, single_connection_client=True)
            self._patient = connect(self._url, PATIENT_SECONDS)
        return self._patient

    def _try(self, client: Redis | None, command: Callable[[Redis], Value]) -> Value | None:
        if not self.is_up or client is None:
            return None
        try:
            return command(client)
        except LOST as error:
            self._lost(error)
            return None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._poll_seconds)
            self._wake.clear()
            try:
                self._poll()
            except Exception:  # noqa: BLE001
                # One value that cannot be written or read must not end the polling.
                _log.exception("state thread")

    def _listen(self) -> None:
        while not self._stopping.wait(0 if self.is_up else self._poll_seconds):
            if self._patient is None or not self.is_up:
                continue
            try:
                with self._patient.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
                    channel.subscribe(CHANGES)
                    while not self._stopping.is_set():
                        if channel.get_message(timeout=PATIENT_SECONDS) is not None:
                            self._wake.set()
            except (*LOST, OSError, ValueError):
                # Polling goes on; the listener tries again at the pace of the polls.
                self._stopping.wait(self._poll_seconds)

    def _poll(self) -> None:
        try:
            patient = self._connected()
            assert patient is not None
            patient.ping()
            if not self.is_up:
                _log.info("redis answers")
            for reader in self._readers:
                reader(patient)
            self.is_up = True
            self._run_writes(patient)
        except LOST as error:
            self._lost(error)

    def _run_writes(self, patient: Redis) -> None:
        while self._writes:
            pipeline = patient.pipeline(transaction=False)
            for _ in range(min(BATCH, len(self._writes))):
                self._writes.popleft()(pipeline)
            pipeline.execute()

    def _lost(self, error: Exception) -> None:
        if self.is_up:
            _log.warning("redis is lost", error=type(error).__name__)
        self.is_up = False
