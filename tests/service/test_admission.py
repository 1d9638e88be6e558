"""A crowd is bounded: who comes too many is told when to come back, and the others are served."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from core.errors import Unavailable
from service.admission import Admission
from service.app import create_app
from service.settings import Settings
from service.telemetry import Telemetry


def test_a_crowd_beyond_the_bound_is_turned_away(small_bundle: Path, tmp_path: Path) -> None:
    app = create_app(Settings(bundle=small_bundle, data_folder=tmp_path, max_concurrent_searches=4))

    async def crowd(n: int) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return list(await asyncio.gather(*(client.get("/search", params={"q": "soup"}) for _ in range(n))))

    together = asyncio.run(crowd(12))
    served = [answer for answer in together if answer.status_code == 200]
    turned_away = [answer for answer in together if answer.status_code == 503]
    assert len(served) == 4
    assert len(turned_away) == 8
    assert turned_away[0].headers["retry-after"] == "1"
    assert turned_away[0].headers["content-type"] == "application/problem+json"
    assert {answer.status_code for answer in asyncio.run(crowd(4))} == {200}, "and all have left"


def test_who_gives_up_while_waiting_leaves_room() -> None:
    async def story() -> None:
        admission = Admission(Telemetry(), most=1)

        async def search() -> None:
            async with admission:
                await asyncio.Event().wait()

        waiting = asyncio.create_task(search())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await search()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with admission:
            pass

    asyncio.run(story())
