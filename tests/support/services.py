"""The real app over HTTP, in a thread of the test's own process, and what a test asks of it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from uvicorn import Config, Server

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab.service.app import create_app
from trimtab.service.http.protocol import BoundedHttp
from trimtab.service.settings import Settings


def settings_of(bundle: Path, data_folder: Path, redis: RedisProcess, **others: Any) -> Settings:
    """Settings of a service whose Redis a busy machine may keep waiting."""
    return Settings(
        bundle=bundle,
        data_folder=data_folder,
        redis_url=redis.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        **others,
    )


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A socket on loopback; a request that comes before the app is ready waits for it. Port 0 takes a free one."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield listener


@contextmanager
def serving(settings: Settings, *, port: int = 0) -> Iterator[httpx.Client]:
    """The app over HTTP, in a thread of its own; on leaving it is shut down as by SIGTERM.

    Args:
        port: The shoppers' port, 0 for a free one. The admins' is that of the settings, if they have one.
    """
    app = create_app(settings)
    server = Server(
        Config(app, log_config=None, access_log=False, loop="uvloop", http=BoundedHttp, ws="none", lifespan="on")
    )
    with ExitStack() as stack:
        ports = [port] if settings.admin_port is None else [port, settings.admin_port]
        listeners = [stack.enter_context(listening(each)) for each in ports]
        thread = threading.Thread(target=server.run, args=(listeners,))
        thread.start()
        try:
            address = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
            with httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def load_bundle(client: httpx.Client, name: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Ask for a bundle to be loaded, and wait for what becomes of it."""
    asked = client.post(f"/bundles/{name}/load", headers=headers)
    assert asked.status_code == 202, asked.text
    job: dict[str, Any] = asked.json()

    def is_done() -> bool:
        job.update(client.get(asked.headers["Location"], headers=headers).raise_for_status().json())
        return job["state"] != "running"

    eventually(is_done, seconds=300)
    return job


def taken(answer: httpx.Response) -> tuple[int, int]:
    """How many events were new, and how many were known, by the answer to `POST /events`."""
    assert answer.status_code == 200, answer.text
    return answer.json()["accepted"], answer.json()["duplicates"]


def beside(settings: Settings, **others: object) -> Settings:
    """The settings of a second worker: the same with a data folder of its own, because both write logs."""
    return settings.model_copy(update={"data_folder": settings.data_folder.with_name("beside"), **others})


def metric(client: httpx.Client, name: str, *, headers: Mapping[str, str] | None = None, **labels: str) -> float:
    """One sample of /metrics; 0 where it has not been counted yet."""
    wanted = "".join(f'(?=[^}}]*{key}="{value}")' for key, value in labels.items())
    pattern = rf"^{name}(?:\{{{wanted}[^}}]*\}})? (\S+)$"
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    found = re.search(pattern, answer.text, re.MULTILINE)
    return float(found[1]) if found else 0.0
