"""The comparison with peers: what is asked of a server, and what its processes take."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.peers.client import get, post, processor_seconds, resident_mib, seconds_of
from benchmarks.peers.run import table_of
from benchmarks.peers.serving import OURS, PEERS, Places, command_of


class Handler(BaseHTTPRequestHandler):
    """Answers with the words it was asked for."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self._answer(parse_qs(urlsplit(self.path).query)["q"][0])

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["q"])

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, text: str) -> None:
        self.asked.append(text)
        body = text.encode()
        self.send_response(200 if text != "refused" else 503)
        in_chunks = len(self.asked) % 2 == 0
        self.send_header(*(("Transfer-Encoding", "chunked") if in_chunks else ("Content-Length", str(len(body)))))
        self.end_headers()
        self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if in_chunks else body)


@pytest.mark.parametrize("request_of", [get("/search?q=TEXT&k=3"), post("/predict")])
def test_each_text_is_asked_once_and_timed(request_of: object) -> None:
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        texts = ["ice cream", "crème & café", "10% off", "tea", "50 g"]
        whole, each = seconds_of(server.server_port, request_of, texts)  # type: ignore[arg-type]  # a Request
        assert sorted(Handler.asked) == sorted(texts)
        assert len(each) == len(texts)
        assert 0 < max(each) <= whole
        with pytest.raises(ConnectionError, match="503"):
            seconds_of(server.server_port, request_of, ["refused"])  # type: ignore[arg-type]  # a Request
        server.shutdown()


def test_a_server_takes_what_its_processes_take() -> None:
    before = processor_seconds(os.getpid())
    sum(range(3_000_000))
    assert processor_seconds(os.getpid()) >= before > 0
    alone = resident_mib(os.getpid())
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True):
        assert resident_mib(os.getpid()) > alone > 1
        assert resident_mib(os.getppid()) > alone


def test_a_peer_that_is_not_installed_is_left_out(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, tmp_path)
    found = [peer.key for peer in (OURS, *PEERS) if command_of(peer, places) is not None]
    assert found == ["trimtab", "fastapi"]


def test_the_table_has_the_peers_that_were_measured_beside_what_we_took_then(tmp_path: Path) -> None:
    figures = {"processor_ms": 4.0, "p50_ms": 9.0, "p99_ms": 20.0, "memory_mib": 300.0, "start_seconds": 8.0}
    for key, rate, ours in (("orama", 400.0, 200.0), ("lancedb", 50.0, 100.0)):
        found = {"peer": {**figures, "rate": rate}, "ours": {**figures, "rate": ours}}
        (tmp_path / f"{key}.json").write_text(json.dumps(found))
    rows = [line.split(" | ")[:4] for line in table_of(tmp_path).splitlines()[2:]]
    assert rows == [["| Orama, node", "400", "200", "0.50"], ["| LanceDB hybrid, FastAPI", "50", "100", "2.00"]]
