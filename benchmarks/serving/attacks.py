"""What somebody may send to a service to hurt it, by name: shoppers' doors, feeds' doors, and broken HTTP.

    python -m benchmarks.serving.attacks --port 8000 --data DATA --key SECRET --seconds 600

sends all of it in turns, at the lowest priority of the machine and with a quarter of one core, waits for each answer,
and prints as JSON what was answered how often, and the longest wait. `benchmarks.serving.attack` measures shoppers
beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

CORE_SHARE = 0.25
"""Share of one core that the generator may use."""
ANSWER_SECONDS = 20
MAX_HELD = 200
"""Connections that are kept open with half a body."""
EDGE_TIMES = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")
HUGE_TEXT = "x" * 200_000
Attack = Callable[["Sender"], Iterator[bytes]]
"""Yields the requests of one round; each is answered before the next."""


class Sender:
    """Sends requests to one service, each on a connection of its own, and counts what is answered."""

    def __init__(self, port: int, key: str, data: Path) -> None:
        self._port = port
        self._key = key
        self._held: list[socket.socket] = []
        self.data = data
        self.n = 0

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        """A whole request with the key."""
        lines = {
            "Host": f"127.0.0.1:{self._port}",
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    def json(self, method: str, path: str, value: object) -> bytes:
        return self.request(method, path, json.dumps(value).encode())

    def answer(self, request: bytes) -> str:
        """The status of the answer, or what came instead."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_SECONDS) as connection:
                with suppress(ConnectionError):  # refused while it is sent: the answer is there already
                    connection.sendall(request)
                head = connection.recv(65536)
                while connection.recv(65536):
                    pass
        except TimeoutError:
            return "no answer"
        except ConnectionError:
            return "closed"
        return head[9:12].decode() or "closed"

    def hang_up(self, request: bytes) -> None:
        """Send half of it and go."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_SECONDS) as one:
            one.sendall(request[: len(request) // 2])

    def hold(self, request: bytes) -> None:
        """Send half of it and stay; a byte more to all that are held already."""
        with suppress(OSError):
            one = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_SECONDS)
            one.sendall(request[: len(request) // 2])
            self._held.append(one)
        for open_one in self._held[:]:
            try:
                open_one.send(b" ")
            except OSError:
                self._drop(open_one)
        if len(self._held) > MAX_HELD:
            self._drop(self._held[0])

    def _drop(self, one: socket.socket) -> None:
        self._held.remove(one)
        one.close()


def _event(number: int, **more: object) -> dict[str, object]:
    return {"event_id": f"attack-{number}", "action_name": "click", "query_id": "x" * 8, "item_id": "1"} | more


def fill_redis(sender: Sender) -> Iterator[bytes]:
    """Events as large as they may be."""
    names = [f"{1000 * sender.n + i:0128}" for i in range(1000)]
    events = [_event(0, event_id=name, query_id=name, item_id=name, user_id=name) for name in names]
    yield sender.json("POST", "/events", {"events": events})


def many_attributes(sender: Sender) -> Iterator[bytes]:
    """A table of names x items, almost empty: of more names than a catalogue gets, and of as many as it may."""
    items = [{"item_id": f"a{i}", "title": "a", **{f"attr_{i}_{j}": 1 for j in range(12)}} for i in range(1000)]
    yield sender.json("PUT", "/items", {"items": items})
    names = [f"attr_{n}" for n in range(1000)]
    items = [
        {"item_id": f"a{i}", "title": "a", **{names[(12 * i + j) % 1000]: i for j in range(12)}} for i in range(1000)
    ]
    yield sender.json("PUT", "/items", {"items": items})


def endless_bodies(sender: Sender) -> Iterator[bytes]:
    """Chunks and trailers that go on."""
    head = sender.request("POST", "/search", Content_Length="", Transfer_Encoding="chunked")
    yield head + 20_000 * b"1;ext=1\r\nx\r\n" + b"0\r\n\r\n"
    yield head + b"2\r\n{}\r\n0\r\n" + 20_000 * b"a: b\r\n" + b"\r\n"


def half_bodies(sender: Sender) -> Iterator[bytes]:
    """Connections that are kept with half a body, and others that end there."""
    whole = sender.json("POST", "/search", {"q": "ice cream" + 1000 * " "})
    sender.hold(whole)
    sender.hang_up(whole)
    yield sender.request("GET", "/healthz")


def repeated_events(sender: Sender) -> Iterator[bytes]:
    """The same event again and again, ids of others' events, events before their slate."""
    for _ in range(4):
        yield sender.json("POST", "/events", _event(sender.n))
    yield sender.json("POST", "/events", _event(0, event_id="0123456789abcdef-0123456789abcdef-click"))
    for at in EDGE_TIMES:
        yield sender.json("POST", "/events", _event(sender.n, event_id=f"edge-{sender.n}", timestamp=at))


def edges(sender: Sender) -> Iterator[bytes]:
    """Values at the ends of what a number, a text or a nesting may be."""
    yield sender.request("POST", "/search", b'{"q":' + 1000 * b"[" + 1000 * b"]" + b"}")
    for edge in ("price:1e39..", "price:..-1e39", "price:nan..", "price:1e-46..1e-46"):
        yield sender.request("GET", f"/search?q=ice&filter={edge}")
    yield sender.request("GET", "/search?q=ice&user_id=1&explain=true")
    yield sender.json("PUT", "/items", {"item_id": "e", "title": "e", "price": 1e-46})
    yield sender.json("PUT", "/items", {"item_id": "i" * 600, "title": "e", "price": 1})


def strangers(sender: Sender) -> Iterator[bytes]:
    """Other hosts' names, forms of other origins, sockets, compressed bodies, no key."""
    yield sender.request("GET", "/search?q=ice", Host="evil.example")
    yield sender.request("POST", "/events", b"{}", Content_Type="text/plain", Origin="https://evil.example")
    yield sender.request("GET", "/search?q=ice&user_id=1", Connection="Upgrade, close", Upgrade="websocket")
    yield sender.request("POST", "/search", b"\x1f\x8b", Content_Encoding="gzip")
    yield sender.request("GET", "/metrics", Authorization="")
    yield sender.request("GET", "/keys", Authorization="Bearer guess")


def same_items(sender: Sender) -> Iterator[bytes]:
    """Items that do not change, and texts without an end."""
    items = [{"item_id": f"s{i}", "title": "same", "price": 1, "description": "s" * 800} for i in range(1000)]
    yield sender.json("PUT", "/items", {"items": items})
    yield sender.json("PUT", "/items", {"item_id": "huge", "title": "ice cream", "description": HUGE_TEXT})


def expensive_requests(sender: Sender) -> Iterator[bytes]:
    """Legal ones that cost as much as they can, and wrong ones with very many errors."""
    yield sender.request("GET", "/search?q=ice+cream&k=200&" + "&".join(32 * ["facets=brand"]))
    yield sender.request("GET", "/search?q=ice+cream&k=200&explain=true&w_diversity=1&w_revenue=1")
    yield sender.request("GET", "/frontier?q=ice+cream&k=200")
    yield sender.json("POST", "/search", {"q": "ice"} | {f"w_{i}": "x" for i in range(45_000)})
    yield sender.json("POST", "/events", _event(0) | {f"f{i}": 1 for i in range(70_000)})


def pages(sender: Sender) -> Iterator[bytes]:
    """Pages that are deep, long, or of somebody else's product."""
    yield sender.json("POST", "/pages", {"html": 20_000 * "<div>", "url": "https://evil.example/deep"})
    yield sender.json("POST", "/pages", {"html": 50_000 * "<td>1.99 $", "url": "https://evil.example/long"})
    product = {"@type": "Product", "name": "Ice", "gtin13": "4006381333931", "offers": {"price": "0.01"}}
    page = f'<html><script type="application/ld+json">{json.dumps(product)}</script></html>'
    yield sender.json("POST", "/pages", {"html": page, "url": "https://evil.example/p"})


def foreign_file(sender: Sender) -> Iterator[bytes]:
    """A file in the spool that is not a log."""
    spool = sender.data / "spool" / "interactions"
    spool.mkdir(parents=True, exist_ok=True)
    (spool / "foreign.jsonl").write_bytes(b"\xff\xfe not a line\n")
    yield sender.request("GET", "/readyz")


ATTACKS: tuple[Attack, ...] = (
    fill_redis,
    many_attributes,
    endless_bodies,
    half_bodies,
    repeated_events,
    edges,
    strangers,
    same_items,
    expensive_requests,
    pages,
    foreign_file,
)


class Answered(NamedTuple):
    """What came of the requests of one attack.

    Attributes:
        statuses: how often, by status or by what came instead of one.
    """

    statuses: Counter[str]
    seconds: list[float]


def send_all(sender: Sender, seconds: float) -> dict[str, Answered]:
    """Rounds of all attacks for a while, and what was answered, by attack."""
    answered = {attack.__name__: Answered(Counter(), []) for attack in ATTACKS}
    start = time.monotonic()
    while True:
        for attack in ATTACKS:
            for request in attack(sender):
                sent = time.monotonic()
                answered[attack.__name__].statuses[sender.answer(request)] += 1
                answered[attack.__name__].seconds.append(time.monotonic() - sent)
                time.sleep(max(time.process_time() / CORE_SHARE - (time.monotonic() - start), 0))
            if time.monotonic() - start > seconds:
                return answered
        sender.n += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    os.nice(19)
    answered = send_all(Sender(arguments.port, arguments.key, arguments.data), arguments.seconds)
    report = {
        name: {"statuses": one.statuses, "longest": max(one.seconds)} for name, one in answered.items() if one.seconds
    }
    print(json.dumps({"answered": report, "processor_seconds": time.process_time()}))


if __name__ == "__main__":
    main()
