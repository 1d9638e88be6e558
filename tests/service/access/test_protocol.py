"""What a client sends, holds open or leaves unread has an end, in bytes and in time."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress

import httpx
import pytest

from tests.support.services import metric
from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab.service.http import protocol


def connection(service: httpx.Client) -> socket.socket:
    return socket.create_connection((service.base_url.host, service.base_url.port), timeout=PATIENCE_SECONDS)


def answer_of(raw: socket.socket) -> bytes:
    """Whatever comes until the server closes."""
    received = b""
    while chunk := raw.recv(65536):
        received += chunk
    return received


def is_closed_while_sending(raw: socket.socket, piece: bytes) -> bool:
    """Whether the server closes before it has been sent much more than any buffer between us holds."""
    try:
        for _ in range(100_000_000 // len(piece)):
            raw.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


@pytest.mark.parametrize("start", [b"GET /search?q=", b"GET /search?q=soup HTTP/1.1\r\nX-Long: "])
def test_an_endless_head_is_refused(service: httpx.Client, start: bytes) -> None:
    with connection(service) as raw:
        raw.sendall(start)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # it does not listen for long
            raw.sendall(b"a" * 50_000_000)
    assert service.get("/search", params={"q": "soup"}).status_code == 200


def test_a_head_that_is_too_large_is_told_so(service: httpx.Client) -> None:
    with connection(service) as raw:
        raw.sendall(b"GET /search?q=".ljust(protocol.MAX_HEAD_BYTES + 1, b"a"))
        status, _, body = answer_of(raw).partition(b"\r\n")
    assert status.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in body


def test_a_slow_sender_is_not_waited_for(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    for sent in (b"", b"GET /search?q=so"):
        with connection(service) as raw:
            raw.sendall(sent)
            assert answer_of(raw) == b""


def test_a_large_body_and_many_requests_of_one_connection_are_no_head(service: httpx.Client) -> None:
    body = {"q": "soup", "filter": [f"brand:{'b' * 200}{n}" for n in range(32)]}
    for _ in range(3):
        assert service.post("/search", json=body).status_code == 200
    long = {"q": "a" * 60_000}
    assert service.post("/search", json=long).status_code == 422
    assert service.post("/search", json={"q": "a" * 500_000}).status_code == 413


POST = b"POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b"1\r\n \r\n"),
        (b"", b"1;" + b"x" * 1000 + b"\r\n \r\n"),
        (b"0\r\nX-A: ", b"a" * 1000),
        (b"0\r\n", b"X-A: a\r\n" * 100),
    ],
    ids=["a byte a chunk", "extensions of chunks", "one trailer", "trailers"],
)
def test_what_frames_a_body_is_bounded(service: httpx.Client, start: bytes, more: bytes) -> None:
    with connection(service) as raw:
        raw.sendall(CHUNKED + start)
        assert is_closed_while_sending(raw, more * 1000)
    assert service.get("/search", params={"q": "soup"}).status_code == 200


@pytest.mark.parametrize("size", [100, 4096])
def test_a_body_in_chunks_is_read(service: httpx.Client, size: int) -> None:
    body = b'{"q": "soup", "k": 1' + b" " * 60_000 + b"}"
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    sent = service.post("/search", content=iter(chunks), headers={"Content-Type": "application/json"})
    assert sent.status_code == 200


def test_a_trailer_is_no_header(service: httpx.Client) -> None:
    events = CHUNKED.replace(b"/search", b"/keys").replace(b"POST", b"GET")
    with connection(service) as raw:
        raw.sendall(events + b"0\r\nAuthorization: Bearer sesame\r\n\r\n")
        assert raw.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_is_slow_is_answered_408(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.05)
    before = metric(service, "trimtab_requests_total", path="/search", status="500")
    for sent in (POST + b'Content-Length: 100\r\n\r\n{"q"', CHUNKED + b"1\r\n{\r\n"):
        with connection(service) as raw:
            raw.sendall(sent)
            answer = answer_of(raw)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in answer
    assert metric(service, "trimtab_requests_total", path="/search", status="500") == before


def test_who_hangs_up_in_a_body_is_no_failure_of_the_service(
    service: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    def hung_up() -> float:
        return metric(service, "trimtab_requests_total", path="/search", status="422")

    before = hung_up()
    for _ in range(5):
        with connection(service) as raw:
            raw.sendall(POST + b'Content-Length: 100\r\n\r\n{"q"')
    eventually(lambda: hung_up() >= before + 5)
    assert metric(service, "trimtab_requests_total", path="/search", status="500") == 0
    assert "Exception in ASGI" not in caplog.text


def test_a_body_that_nobody_reads_any_more_has_an_end(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_UNREAD_BYTES", 1_000_000)
    with connection(service) as raw:
        raw.sendall(POST + b"Content-Length: 1000000000\r\n\r\n")
        assert raw.recv(65536).startswith(b"HTTP/1.1 413 ")
        assert is_closed_while_sending(raw, b" " * 1_000_000)


def test_an_answer_that_is_not_taken_is_dropped(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "READ_SECONDS", 0.05)
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(PATIENCE_SECONDS)
        raw.connect((service.base_url.host, service.base_url.port))
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert is_closed_while_sending(raw, request * 100)


def test_the_connection_that_waited_longest_makes_room(service: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 8)
    with ExitStack() as stack:
        raw = [stack.enter_context(connection(service)) for _ in range(40)]
        for one in raw:
            with suppress(OSError):
                one.sendall(POST + b'Content-Length: 100\r\n\r\n{"q"')
        assert httpx.get(service.base_url.join("/search?q=soup")).status_code == 200
        assert sum(is_open(one) for one in raw) <= 8


def is_open(raw: socket.socket) -> bool:
    raw.setblocking(False)
    try:
        return raw.recv(65536) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
