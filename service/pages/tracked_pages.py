"""Prices followed over visits of a page: what to look for next time is in Redis, every visit is on the disk.

trimtab:tracked                              url -> what to look for, and the last visit
trimtab:tracked:visits:<digest>              the last visits of one url, the newest first
<data folder>/definitions/tracked.jsonl      a copy of the first, from which it comes back when Redis has lost it
<data folder>/tracked/*.parquet              all visits, `trimtab.webpages.history.HISTORY_SCHEMA`
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from redis import Redis

from trimtab.core.errors import NotFound, Unavailable
from trimtab.engine.log.impressions import write_parquet
from trimtab.engine.log.interactions import SPOOL
from trimtab.engine.log.rows import whole_lines
from trimtab.service.logs.journal import Journal, Observe
from trimtab.service.pages.page_worker import PageWorker
from trimtab.service.redis.compare_and_set import compare_and_set
from trimtab.service.redis.copied_hash import CopiedHash
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.persistent_hash import MARK
from trimtab.service.settings import Settings
from trimtab.webpages.history import Visit, history_frame

FOLDER = "tracked"
KEY = "trimtab:tracked"
VISITS = "trimtab:tracked:visits:"
MAX_VISITS = 1000
"""The visits of one page that are kept in Redis."""
ATTEMPTS = 3


class TrackedPages:
    """The pages that are followed."""

    def __init__(self, settings: Settings, redis: RedisGateway, worker: PageWorker, observe: Observe) -> None:
        self._redis = redis
        self._worker = worker
        self._copy = CopiedHash(KEY, settings.data_folder)
        self._folder = settings.data_folder
        redis.on_poll(self._copy.restore)
        self._visits = Journal(
            settings.data_folder / SPOOL / FOLDER,
            settings,
            seal=partial(to_parquet, folder=settings.data_folder / FOLDER),
            observe=observe,
        )

    def start(self) -> None:
        self._visits.start()

    def stop(self) -> None:
        self._visits.close()

    async def visit(self, html: str, url: str) -> dict[str, Any]:
        """Look at a page again, or for the first time; the visit, which is on the disk.

        Raises:
            BadParameter: the page cannot be analysed in time.
            Unavailable: Redis is lost, the disk refuses, or the page is visited by too many at once.
        """
        for _ in range(ATTEMPTS):
            stored = await self._stored(url)
            known = orjson.loads(stored)["watch"] if stored else None
            at = datetime.now(UTC).isoformat()
            task = {"task": "track", "html": html, "url": url, "known": known, "at": at}
            answer = await self._worker.ask(task)
            visit: dict[str, Any] = answer["visit"]
            if answer["watch"] is None:  # nothing to follow: nothing is remembered
                return visit
            kept = orjson.dumps({"watch": answer["watch"], "visit": visit})
            if await self._ask(partial(compare_and_set, key=KEY, field=url, expected=stored, new=kept)):
                await asyncio.to_thread(self._copy.put, url, kept.decode())
                await self._log(visit)
                await self._ask(partial(_remember, visit=visit))
                return visit
        raise Unavailable("the page is being visited by others; try again", retry_after_seconds=1)

    async def all(self) -> list[dict[str, Any]]:
        """What each page was at its last visit, in the order of the addresses."""
        stored = await self._ask(lambda redis: redis.hgetall(KEY))
        return [_summary(orjson.loads(stored[url])) for url in sorted(stored) if url != MARK]

    async def history(self, url: str) -> list[dict[str, Any]]:
        """The last visits of a page, the oldest first.

        Raises:
            NotFound: it is not followed.
            Unavailable: Redis is lost.
        """
        stored = await self._stored(url)
        if not stored:
            raise NotFound(f"{url} is not followed")
        lines: list[bytes] = await self._ask(lambda redis: redis.lrange(_visits_key(url), 0, -1))
        n_visits = min(orjson.loads(stored)["watch"]["n_visits"], MAX_VISITS)
        if len(lines) < n_visits:  # Redis has lost some
            on_disk = await asyncio.to_thread(visits_on_disk, self._folder, url)
            return on_disk[-n_visits:]
        return [orjson.loads(line) for line in reversed(lines)]

    async def forget(self, url: str) -> None:
        """Stop following a page; its visits stay on the disk.

        Raises:
            NotFound: it is not followed.
            Unavailable: Redis is lost.
        """
        if not await self._ask(lambda redis: redis.hdel(KEY, url)):
            raise NotFound(f"{url} is not followed")
        await asyncio.to_thread(self._copy.delete, url)
        await self._ask(lambda redis: redis.delete(_visits_key(url)))

    async def _stored(self, url: str) -> bytes:
        stored: bytes = await self._ask(lambda redis: redis.hget(KEY, url) or b"")
        return stored

    async def _ask(self, command: Any) -> Any:
        answer = await self._redis.run_aside(command)
        if answer is None:
            raise Unavailable("followed pages cannot be reached while Redis does not answer")
        return answer

    async def _log(self, visit: Mapping[str, Any]) -> None:
        try:
            await asyncio.wrap_future(self._visits.append([orjson.dumps(visit, option=orjson.OPT_APPEND_NEWLINE)]))
        except OSError:
            raise Unavailable("visits cannot be written to the disk now; try again", retry_after_seconds=5) from None


def to_parquet(segment: Path, folder: Path) -> None:
    """Turn a spooled segment into a part of the same name, then delete it; doing it twice does no harm."""
    visits = [Visit.of(orjson.loads(line)) for lines in whole_lines(segment) for line in lines.splitlines()]
    if visits:
        write_parquet(history_frame(visits), folder / f"{segment.stem}.parquet")
    segment.unlink()


def visits_on_disk(data_folder: Path, url: str) -> list[dict[str, Any]]:
    """All visits of a page that the disk has, the oldest first."""
    found = [
        visit
        for segment in (data_folder / SPOOL / FOLDER).glob("*.jsonl")
        for lines in whole_lines(segment)
        for visit in map(orjson.loads, lines.splitlines())
        if visit["url"] == url
    ]
    for part in (data_folder / FOLDER).glob("*.parquet"):
        found += pl.scan_parquet(part).filter(pl.col("url") == url).collect().to_dicts()
    return sorted(found, key=lambda visit: str(visit["timestamp"]))


def _remember(redis: Redis, *, visit: Mapping[str, Any]) -> bool:
    key = _visits_key(visit["url"])
    redis.lpush(key, orjson.dumps(visit))
    redis.ltrim(key, 0, MAX_VISITS - 1)
    return True


def _visits_key(url: str) -> str:
    return VISITS + hashlib.blake2b(url.encode(), digest_size=16).hexdigest()


def _summary(kept: Mapping[str, Any]) -> dict[str, Any]:
    watch, visit = kept["watch"], kept["visit"]
    return {
        **{name: watch[name] for name in ("url", "price", "currency", "status", "pending", "n_visits")},
        "last_visit": visit["timestamp"],
    }
