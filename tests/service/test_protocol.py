"""What comes before a body has an end, in bytes and in time."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.support.waiting import PATIENCE_SECONDS
from trimtab.service.http import protocol


def connection(service: httpx.Client) -> socket.socket:
    return socket.create_connection((service.base_url.host, service.base_url.port), timeout=PATIENCE_SECONDS)


def answer_of(raw: socket.socket) -> bytes:
    """Whatever comes until the server closes."""
    received = b""
    while chunk := raw.recv(65536):
        received += chunk
    return received


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
