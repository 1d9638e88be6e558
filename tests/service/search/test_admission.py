"""Admission: the queue of searches is bounded, a request that comes too late is refused, shoppers go first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request

from tests.support.services import metric
from trimtab.core.errors import Unavailable
from trimtab.service.app import create_app
from trimtab.service.http.admission import Admission, Priority, priority_of
from trimtab.service.observability.metrics import Metrics
from trimtab.service.settings import Settings

BACKGROUND = {"Priority": "u=7, i"}


def crowd(app: Any, n: int, **more: Any) -> list[httpx.Response]:
    async def come() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", **more) as client:
            return list(await asyncio.gather(*(client.get("/search", params={"q": "soup"}) for _ in range(n))))

    return asyncio.run(come())


def test_a_crowd_beyond_the_bound_is_turned_away(small_bundle: Path, tmp_path: Path) -> None:
    app = create_app(Settings(bundle=small_bundle, data_folder=tmp_path, max_waiting_searches=3))
    together = crowd(app, 12)
    served = [answer for answer in together if answer.status_code == 200]
    turned_away = [answer for answer in together if answer.status_code == 503]
    assert len(served) == 1 + 3, "one is computed, three wait"
    assert len(turned_away) == 8
    assert turned_away[0].headers["retry-after"] == "1"
    assert turned_away[0].headers["content-type"] == "application/problem+json"
    assert {answer.status_code for answer in crowd(app, 4)} == {200}, "and all have left"


def test_a_crowd_of_batch_callers_gets_half_of_the_line(small_bundle: Path, tmp_path: Path) -> None:
    app = create_app(Settings(bundle=small_bundle, data_folder=tmp_path, max_waiting_searches=3))
    batch = crowd(app, 12, headers=BACKGROUND)
    assert sum(answer.status_code == 200 for answer in batch) == 1 + 1, "they may take half of the line"
    assert {answer.headers["retry-after"] for answer in batch if answer.status_code == 503} == {"10"}


def test_batch_callers_are_served_where_there_is_room(service: httpx.Client) -> None:
    assert service.get("/search", params={"q": "soup"}, headers=BACKGROUND).status_code == 200
    assert metric(service, "trimtab_searches_refused_total", priority="batch") == 0


@pytest.mark.parametrize(
    ("header", "priority"),
    [
        ("u=7", "batch"),
        ("i, u=5", "batch"),
        ("u=3", "shopper"),
        ("u=0;x", "shopper"),
        ("u=9", "shopper"),
        ("urgent", "shopper"),
        ("", "shopper"),
    ],
)
def test_a_priority_header_is_read_as_rfc_9218_says(header: str, priority: str) -> None:
    assert priority_of(Request({"type": "http", "headers": [(b"priority", header.encode())]}), None) == priority


class Line:
    """Searches that come, are computed when the test says so, and leave."""

    def __init__(self, *, waiting: int) -> None:
        self.admission = Admission(Metrics(), waiting=waiting)
        self.served: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.done: dict[str, asyncio.Event] = {}

    async def comes(self, name: str, priority: Priority = "shopper") -> None:
        self.done[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._search(name, priority))
        await self.settled()

    async def is_done(self, name: str) -> None:
        self.done[name].set()
        await self.settled()

    async def gives_up(self, name: str) -> None:
        self.tasks[name].cancel()
        await self.settled()

    async def settled(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _search(self, name: str, priority: Priority) -> None:
        async with self.admission.turn(priority):
            self.served.append(name)
            await self.done[name].wait()


def test_batch_callers_are_shed_first_and_served_last() -> None:
    async def story() -> None:
        line = Line(waiting=4)
        await line.comes("first")
        for name in ("batch 1", "batch 2", "batch 3"):
            await line.comes(name, "batch")
        with pytest.raises(Unavailable):
            line.tasks["batch 3"].result()
        for name in ("shopper 1", "shopper 2", "shopper 3"):
            await line.comes(name)
        with pytest.raises(Unavailable):
            line.tasks["shopper 3"].result()
        for name in ("first", "shopper 1", "shopper 2", "batch 1", "batch 2"):
            assert line.served[-1] == name
            await line.is_done(name)
        assert line.served == ["first", "shopper 1", "shopper 2", "batch 1", "batch 2"]

    asyncio.run(story())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_no_batch_caller_is_let_in_while_shoppers_are_turned_away() -> None:
    async def story() -> None:
        clock = Clock()
        admission = Admission(Metrics(), waiting=0, clock=clock)
        async with admission.turn():
            with pytest.raises(Unavailable):
                await admission.enter("shopper")
        with pytest.raises(Unavailable):
            await admission.enter("batch")
        async with admission.turn():
            clock.now += 1.0
        async with admission.turn("batch"):
            pass

    asyncio.run(story())


def test_a_line_that_moves_slowly_is_shorter() -> None:
    async def story() -> None:
        clock = Clock()
        admission = Admission(Metrics(), waiting=100, patience_seconds=1.0, clock=clock)

        async def search(seconds: float) -> bool:
            try:
                async with admission.turn():
                    clock.now += seconds
            except Unavailable:
                return False
            return True

        async def crowd(seconds: float) -> int:
            return sum(await asyncio.gather(*(search(seconds) for _ in range(80))))

        assert await crowd(0.01) == 80, "nothing is known of the line yet"
        assert await crowd(0.25) == 80, "it has moved quickly"
        assert 4 <= await crowd(0.25) <= 6, "who would wait more than a second is turned away"
        for _ in range(30):
            await crowd(0.01)
        assert await crowd(0.01) == 80, "and it is believed to move again"
        await asyncio.gather(search(0.01), search(3.0), search(0.01))
        assert await crowd(0.01) == 80, "what held one up for once holds nobody up behind it"

    asyncio.run(story())


def test_who_gives_up_while_waiting_leaves_room() -> None:
    async def story() -> None:
        line = Line(waiting=1)
        for name in ("first", "second", "third"):
            await line.comes(name)
        with pytest.raises(Unavailable):
            line.tasks["third"].result()
        await line.gives_up("second")
        await line.comes("fourth")
        await line.gives_up("first")
        assert line.served == ["first", "fourth"]
        await line.is_done("fourth")
        await line.comes("fifth")
        assert line.served[-1] == "fifth"
        await line.is_done("fifth")

    asyncio.run(story())


def test_who_gives_up_when_the_turn_has_just_come_passes_it_on() -> None:
    async def story() -> None:
        admission = Admission(Metrics(), waiting=2)
        served = []

        async def search(name: str) -> None:
            async with admission.turn():
                served.append(name)

        await admission.enter("shopper")
        second, third = asyncio.create_task(search("second")), asyncio.create_task(search("third"))
        await asyncio.sleep(0)
        admission.leave()  # calls the second, which has not run since
        second.cancel()
        await asyncio.gather(second, third, return_exceptions=True)
        assert served == ["third"]
        async with admission.turn():
            served.append("fourth")
        assert served == ["third", "fourth"]

    asyncio.run(story())
