"""A few connections that ask one question after the other, and what a server's processes take for it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

N_CONNECTIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT_SECONDS = 60
LAST_CHUNK = b"0\r\n\r\n"

Request = Callable[[str], bytes]


def get(path: str) -> Request:
    """Requests of `GET path?q=...`."""
    return lambda text: f"GET {path.replace('TEXT', quote(text))} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str) -> Request:
    """Requests of `POST path` with a JSON object."""

    def request(text: str) -> bytes:
        body = json.dumps({"q": text}).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    return request


def seconds_of(port: int, request: Request, texts: Sequence[str]) -> tuple[float, list[float]]:
    """The seconds that all answers take, and those of each, over connections that are kept."""
    shares = [texts[first::N_CONNECTIONS] for first in range(N_CONNECTIONS)]
    start = time.perf_counter()
    with ThreadPoolExecutor(N_CONNECTIONS) as connections:
        found = list(connections.map(lambda share: _ask(port, request, share), shares))
    return time.perf_counter() - start, [seconds for one in found for seconds in one]


def _ask(port: int, request: Request, texts: Sequence[str]) -> list[float]:
    taken = []
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for text in texts:
            start = time.perf_counter()
            connection.sendall(request(text))
            _read_answer(connection)
            taken.append(time.perf_counter() - start)
    return taken


def _read_answer(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        if not received:
            raise ConnectionError("the server closed the connection")
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().splitlines()
    if not lines[0].startswith(b"http/1.1 200"):
        raise ConnectionError(f"the server answered {lines[0]!r}")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")), None)
    while len(body) < length if length is not None else not body.endswith(LAST_CHUNK):
        received = connection.recv(65536)
        if not received:
            raise ConnectionError("the server closed the connection")
        body += received


def processor_seconds(root: int) -> float:
    """What a process and those below it have taken."""
    return sum(int(fields[11]) + int(fields[12]) for fields in _processes(root)) / TICKS


def resident_mib(root: int) -> float:
    """The resident memory of a process and those below it."""
    return sum(int(fields[21]) for fields in _processes(root)) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _processes(root: int) -> list[list[str]]:
    """The fields of `/proc/PID/stat` behind the name, of a process and those below it, whatever their sessions."""
    fields_of = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields_of[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
    found = {root}
    for process in sorted(fields_of, key=lambda one: int(fields_of[one][19])):  # by start: parents first
        if int(fields_of[process][1]) in found:
            found.add(process)
    return [fields_of[process] for process in found if process in fields_of]
