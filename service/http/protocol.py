"""HTTP as uvicorn speaks it with httptools, and an end to what may come before a request's body.

httptools collects a path and headers for as long as they come. Here a request's head has about `MAX_HEAD_BYTES` and
`HEAD_SECONDS` to be whole: larger ones are answered 431 and slower ones closed, so that nobody fills the memory, or
holds connections open by sending a byte now and then.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
HEAD_SECONDS = 10.0

TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
)
PROBLEM = (
    b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,'
    b'"detail":"the path and the headers are larger than 65536 bytes"}'
)


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = True
        self._head_bytes = 0
        self._too_slow: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_over()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(TOO_LARGE % (len(PROBLEM), PROBLEM))
            self.transport.close()
        elif self._too_slow is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_is_over()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        self._too_slow = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_is_over(self) -> None:
        self._is_in_head = False
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None
