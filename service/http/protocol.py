"""HTTP as uvicorn speaks it with httptools, with an end to what a client may send, hold open or leave unread.

httptools collects a path, headers and trailers for as long as they come, and uvicorn waits for a body, and for a client
that does not read, without an end. Here

- a head has about `MAX_HEAD_BYTES` and `HEAD_SECONDS` to be whole, a body `BODY_SECONDS`: too large a head is answered
  431, too slow a body 408;
- what frames a body (the sizes of its chunks, their extensions, trailers) is as bounded as the body, which its reader
  bounds: a byte a chunk costs a thousand times what a large chunk does. Trailers are not read;
- an answer has `READ_SECONDS` to be taken;
- of more than `MAX_CONNECTIONS` connections, the one that has waited longest for its client is closed for a new one.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
PARSED_AT_ONCE = 32_768
"""Bytes, after which it is looked whether to go on: ten times as many may come at once, with a byte a chunk."""
MAX_FRAMING_BYTES = 16_384
BODY_BYTES_PER_FRAMING_BYTE = 8
"""Beyond `MAX_FRAMING_BYTES`, chunks of less than a hundred bytes or so are refused."""
MAX_UNREAD_BYTES = 16_000_000
"""How much of a body is taken that nobody reads any more: its sender may only look for an answer when all is sent."""
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
READ_SECONDS = 30.0
MAX_CONNECTIONS = 512

ANSWER = b"HTTP/1.1 %s\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
PROBLEM = b'{"type":"about:blank","title":"%s","status":%s,"detail":"%s"}'
HEAD_TOO_LARGE = (b"431", b"Request Header Fields Too Large", b"the path and the headers are larger than 65536 bytes")
BODY_TOO_SLOW = (b"408", b"Request Timeout", b"the body was not whole in time")
BODY_TOO_FRAGMENTED = (
    b"413",
    b"Request Entity Too Large",
    b"the body comes in too many small chunks, or with trailers",
)


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = True
        self._is_in_body = False
        self._n_received = 0
        self._n_of_body = 0
        self._too_slow: TimerHandle | None = None
        self._not_taken: TimerHandle | None = None
        self._waits_since = 0.0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._wait(HEAD_SECONDS)
        if len(self.connections) > MAX_CONNECTIONS:
            others: list[Any] = [one for one in self.connections if getattr(one, "waits_for_client", False)]
            min(others, key=lambda one: one.waits_since, default=self).transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._is_taken()
        super().connection_lost(exc)

    @property
    def waits_for_client(self) -> bool:
        """Whether the next step is the client's: to send a request, or the rest of one, or to take its answer."""
        return self.cycle is None or self.cycle.response_complete or self._is_in_body

    @property
    def waits_since(self) -> float:
        """When the last step was made, by the loop's clock."""
        return self._waits_since

    def data_received(self, data: bytes) -> None:
        for first in range(0, len(data), PARSED_AT_ONCE):
            if not self.transport.is_closing():
                self._parse(data[first : first + PARSED_AT_ONCE])

    def _parse(self, data: bytes) -> None:
        super().data_received(data)
        if not (self._is_in_head or self._is_in_body):
            return
        self._n_received += len(data)
        if self.transport.is_closing():
            return
        if self._is_in_head and self._n_received > MAX_HEAD_BYTES:
            self._refuse(*HEAD_TOO_LARGE)
        elif self._is_in_body and self._is_too_fragmented():
            self._refuse(*BODY_TOO_FRAGMENTED)
        elif self._is_in_body and self.cycle.response_complete and self._n_received > MAX_UNREAD_BYTES:
            self.transport.close()
        elif self._too_slow is None:
            self._wait(HEAD_SECONDS if self._is_in_head else BODY_SECONDS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._n_received = self._n_of_body = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._is_in_head, self._is_in_body = False, True
        self._waits_since = self.loop.time()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._n_of_body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        self._is_in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._not_taken is None:
            self._not_taken = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._is_taken()
        super().resume_writing()

    def _is_too_fragmented(self) -> bool:
        n_framing = self._n_received - self._n_of_body - MAX_HEAD_BYTES
        return n_framing > MAX_FRAMING_BYTES + self._n_of_body // BODY_BYTES_PER_FRAMING_BYTE

    def _wait(self, seconds: float) -> None:
        self._too_slow = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None

    def _give_up(self) -> None:
        if self._is_in_body:
            self._refuse(*BODY_TOO_SLOW)
        else:
            self.transport.close()

    def _is_taken(self) -> None:
        if self._not_taken is not None:
            self._not_taken.cancel()
            self._not_taken = None

    def _refuse(self, status: bytes, title: bytes, detail: bytes) -> None:
        """Answer, unless the application has begun to, and close."""
        if self._is_in_head or not self.cycle.response_started:
            problem = PROBLEM % (title, status, detail)
            self.transport.write(ANSWER % (b"%s %s" % (status, title), len(problem), problem))
        self.transport.close()
