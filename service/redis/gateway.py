"""The link to Redis. A search never waits for it longer than one tight timeout, and never twice while it is lost.

The first command that gets no answer opens the circuit: from then on readers get nothing at once. A command that is
refused (no memory, read-only, a value of another type) concerns nobody but its caller. One background thread tries the
server again, closes the circuit when it answers, runs the writes that nobody waits for, and calls the readers of
slowly changing state (profiles). A second one listens: whoever changes something announces it, and every worker polls
at once. An announcement that is missed costs no more than the time to the next poll. Keys all start with `trimtab:`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog
from redis import Redis
from redis.client import Pipeline

from trimtab.service.redis.clients import LOST, connect, is_refusal, refuses_writes

Value = TypeVar("Value")
Write = Callable[[Pipeline], object]

CHANGES = "trimtab:changes"
"""Channel of announcements; what they say does not matter."""
MAX_WAITING_WRITES = 1024
MAX_WAITING_BYTES = 8_000_000
WRITE_BYTES = 1_000
"""About what a small write holds in memory while it waits."""
BATCH = 64
PROBE = "trimtab:probe"
PROBE_SECONDS = 60
PATIENT_SECONDS = 1.0

_log = structlog.get_logger()


class RedisGateway:
    """Shared state in Redis behind a circuit breaker.

    Attributes:
        is_up: whether the last command was answered; False too where there is no server to speak to.
        takes_writes: whether the last write was not refused for want of memory, disk or permission.
    """

    def __init__(self, url: str | None, *, timeout_seconds: float, poll_seconds: float) -> None:
        """Connects on `start`. Without a `url` everything answers as if the server were lost."""
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._poll_seconds = poll_seconds
        self._client: Redis | None = None
        self._patient: Redis | None = None
        self._writes: deque[tuple[Write, int]] = deque()
        self._waiting_bytes = 0
        self._writes_lock = threading.Lock()
        self._readers: list[Callable[[Redis], object]] = []
        self._local_readers: list[Callable[[], object]] = []
        self._last_refusal = ""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.is_up = False
        self.takes_writes = True

    def on_poll(self, reader: Callable[[Redis], object]) -> None:
        """Call `reader` with a client at every poll while the server answers."""
        self._readers.append(reader)

    def on_local_poll(self, reader: Callable[[], object]) -> None:
        """Call `reader` at every poll, whether the server answers or not."""
        self._local_readers.append(reader)

    def ask(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns, before `start`; None where the server does not answer."""
        try:
            client = self._connected()
            return None if client is None else command(client)
        except LOST:
            return None

    def run(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns; None where it is refused, or the server is lost: at once, but for who finds out.

        For the event loop's thread, which it holds up for as long as the timeout at worst.
        """
        return self._try(self._client, command)

    async def run_aside(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns, as `run`, from a thread that may wait longer; for what is not a search."""
        return await asyncio.to_thread(self.run_patiently, command)

    def run_patiently(self, command: Callable[[Redis], Value]) -> Value | None:
        """What `command` returns, as `run`, for a thread that may wait longer."""
        return self._try(self._patient, command)

    async def announce(self) -> None:
        """Have every worker poll now."""
        await self.run_aside(lambda redis: redis.publish(CHANGES, b""))

    def write_later(self, write: Write, *, n_bytes: int = WRITE_BYTES) -> None:
        """Have the background thread run `write` in a pipeline; where too much waits, the last are kept.

        Args:
            n_bytes: about what it holds in memory.
        """
        if self._url is None:
            return
        with self._writes_lock:
            self._writes.append((write, n_bytes))
            self._waiting_bytes += n_bytes
            while self._waiting_bytes > MAX_WAITING_BYTES or len(self._writes) > MAX_WAITING_WRITES:
                self._waiting_bytes -= self._writes.popleft()[1]

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
            self._failed(error)
            return None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._poll_seconds)
            self._wake.clear()
            self._poll()

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
        for reader in self._local_readers:
            self._contained(reader)
        try:
            patient = self._connected()
            assert patient is not None
            self._contained(patient.ping)  # a server that cannot write to its disk refuses even this
            if not self.is_up:
                _log.info("redis answers")
            if not self.takes_writes:
                self._probe(patient)
            for follow in self._readers:
                self._contained(partial(follow, patient))
            self.is_up = True
            self._run_writes(patient)
        except LOST as error:
            self._lost(error)

    def _contained(self, step: Callable[[], object]) -> None:
        """Take one step of a poll; one value that cannot be read or written must not keep the others from theirs."""
        try:
            step()
        except LOST as error:
            if not is_refusal(error):
                raise
            self._refused(error)
        except Exception:  # noqa: BLE001  # the values that follow get their step
            _log.exception("state thread")

    def _probe(self, patient: Redis) -> None:
        try:
            patient.set(PROBE, b"1", ex=PROBE_SECONDS)
        except LOST as error:
            self._failed(error)
            return
        self.takes_writes, self._last_refusal = True, ""
        _log.info("redis takes writes")

    def _run_writes(self, patient: Redis) -> None:
        while writes := self._next_writes():
            pipeline = patient.pipeline(transaction=False)
            for write in writes:
                write(pipeline)
            for answer in pipeline.execute(raise_on_error=False):
                if isinstance(answer, Exception):
                    self._failed(answer)

    def _next_writes(self) -> list[Write]:
        with self._writes_lock:
            taken = [self._writes.popleft() for _ in range(min(BATCH, len(self._writes)))]
            self._waiting_bytes -= sum(n_bytes for _, n_bytes in taken)
        return [write for write, _ in taken]

    def _failed(self, error: Exception) -> None:
        """Open the circuit, unless the server refused this command alone."""
        if is_refusal(error):
            self._refused(error)
        else:
            self._lost(error)

    def _refused(self, error: Exception) -> None:
        kind = type(error).__name__  # its text may have a key in it, and a key may name a user
        if kind != self._last_refusal:
            _log.warning("redis refuses a command", error=kind)
        self._last_refusal = kind
        if refuses_writes(error):
            self.takes_writes = False

    def _lost(self, error: Exception) -> None:
        if self.is_up:
            _log.warning("redis is lost", error=type(error).__name__)
        self.is_up = False
