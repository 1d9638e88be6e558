"""A server that ends answers what is on its way, on connections that shoppers keep."""

from __future__ import annotations

import socket
import threading

import httpx
import pytest
from fastapi import FastAPI
from uvicorn import Config

from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab.service.http import draining


def test_a_kept_connection_gets_its_answer_and_is_told_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "DRAIN_SECONDS", 100)
    app = FastAPI()
    app.get("/")(lambda: "here")
    server = draining.DrainingServer(Config(app, log_config=None, access_log=False, loop="uvloop", http="httptools"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        with httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as client:
            assert "connection" not in client.get("/").headers
            server.should_exit = True
            eventually(lambda: not server.servers[0].is_serving())
            last = client.get("/")
            assert last.json() == "here"
            assert last.headers["connection"] == "close"
            thread.join()  # with no connection left there is nothing to wait for
            with pytest.raises(httpx.ConnectError):
                client.get("/")
