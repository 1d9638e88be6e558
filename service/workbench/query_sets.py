"""Query sets and what judges said of their hits, in Redis with a copy on the disk; read when somebody asks for them.

Searches need none of it, so that no worker polls it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError
from redis import Redis

from trimtab.core.courtesy import politely
from trimtab.core.errors import Conflict, NotFound, Unavailable
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.persistent_hash import PersistentHash, require_room
from trimtab.service.workbench.judging import Grades, Judged, consensus

MAX_QUERIES = 1000
MAX_SETS = 50
MAX_JUDGES = 20
MAX_JUDGMENTS = 5000
"""Queries that judges have judged, each counted for itself, of one set: all of them are looked at at once."""
KEY = "trimtab:query_sets"
JUDGMENTS = "trimtab:judgments."

Queries = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=512)], ...], FailFast()]


class QuerySet(BaseModel):
    """Queries that are looked at together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queries: Queries = Field(min_length=1, max_length=MAX_QUERIES)
    author: str
    at: datetime
    note: str = ""


class QuerySets:
    """The query sets of a shop."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None) -> None:
        self._redis = redis
        self._data_folder = data_folder
        self._hashes: dict[str, PersistentHash] = {}
        self._reading = asyncio.Lock()

    async def all(self) -> dict[str, QuerySet]:
        """The sets by name; one that cannot be read is left out."""
        found = ((name, _read(text)) for name, text in sorted((await self._fields(KEY)).items()))
        return {name: one for name, one in found if one is not None}

    async def one(self, name: str) -> QuerySet:
        """
        Raises:
            NotFound: there is none of that name.
        """
        text = (await self._fields(KEY)).get(name)
        found = None if text is None else _read(text)
        if found is None:
            raise NotFound.unknown("query set", name, await self.all())
        return found

    async def put(self, name: str, queries: QuerySet) -> None:
        """Keep a set; judgments of queries that stay in it stay.

        Raises:
            Conflict: there are too many.
            Unavailable: Redis is lost.
        """
        there, text = await self._fields(KEY), queries.model_dump_json()
        if name not in there and len(there) >= MAX_SETS:
            raise Conflict(f"there are {MAX_SETS} query sets: delete one first")
        require_room(there, name, text, what="all query sets")
        await self._change(KEY, lambda redis: redis.hset(KEY, name, text))

    async def delete(self, name: str) -> None:
        """Forget a set and its judgments.

        Raises:
            NotFound: there is none of that name.
            Unavailable: Redis is lost.
        """
        await self.one(name)
        judged = list(await self._fields(JUDGMENTS + name))
        await self._change(KEY, lambda redis: redis.hdel(KEY, name))
        if judged:
            await self._change(JUDGMENTS + name, lambda redis: redis.hdel(JUDGMENTS + name, *judged))

    async def judgments(self, name: str) -> list[Judged]:
        """What was said of the queries that are in the set.

        Raises:
            NotFound: there is none of that name.
        """
        return await self.said_of(name, await self.one(name))

    async def said_of(self, name: str, one: QuerySet) -> list[Judged]:
        """The same for a set that is at hand."""
        fields = await self._fields(JUDGMENTS + name)
        return await asyncio.to_thread(_judgments, fields, set(one.queries))

    async def n_judged(self, name: str, one: QuerySet) -> int:
        """How many queries of a set that is at hand have a judgment."""
        judged = {query for query, _ in map(_judged_by, await self._fields(JUDGMENTS + name))}
        return len(judged & {*one.queries})

    async def consensus(self, name: str) -> dict[str, dict[str, int]]:
        """One grade for each query and item that was judged.

        Raises:
            NotFound: there is no set of that name.
        """
        return await asyncio.to_thread(consensus, await self.judgments(name))

    async def judge(self, name: str, judged: Judged) -> None:
        """Keep what a judge says of a query, in place of what they said before.

        Raises:
            NotFound: there is no such set, or the query is not in it.
            Conflict: it has too many judges.
            Unavailable: Redis is lost.
        """
        there = await self.one(name)
        queries = set(there.queries)
        if judged.query not in queries:
            raise NotFound(f"query set {name!r} does not have the query {judged.query!r}")
        key, field = JUDGMENTS + name, orjson.dumps([judged.query, judged.judge])
        fields = await self._fields(key)
        judges = {judge for query, judge in map(_judged_by, fields) if query in queries}
        if judged.judge not in judges and len(judges) >= MAX_JUDGES:
            raise Conflict(f"query set {name!r} has {MAX_JUDGES} judges")
        if field.decode() not in fields and len(fields) >= MAX_JUDGMENTS:
            raise Conflict(f"query set {name!r} has {MAX_JUDGMENTS} judgments: begin another set")
        if judged.grades:
            text = orjson.dumps(judged.grades).decode()
            require_room(fields, field.decode(), text, what=f"the judgments of query set {name!r}")
            await self._change(key, lambda redis: redis.hset(key, field, text))
        else:
            await self._change(key, lambda redis: redis.hdel(key, field))

    async def _fields(self, key: str) -> Mapping[str, str]:
        """The fields of a hash; those of its copy while Redis does not answer."""
        async with self._reading:
            kept = self._hashes.setdefault(key, PersistentHash(key, self._data_folder))
            read = await self._redis.run_aside(kept.read)
        return kept.fields if read is None else read

    async def _change(self, key: str, command: Callable[[Redis], object]) -> None:
        if await self._redis.run_aside(command) is None:
            raise Unavailable("query sets cannot be changed while Redis does not answer")
        await self._fields(key)


def _read(text: str) -> QuerySet | None:
    """A set; None where somebody else wrote it."""
    try:
        return QuerySet.model_validate_json(text)
    except ValidationError:
        return None


def _judged_by(field: str) -> tuple[str, str]:
    """The query and the judge of a field, both empty where somebody else wrote it."""
    try:
        query, judge = orjson.loads(field)
    except (ValueError, TypeError):
        return "", ""
    return str(query), str(judge)


def _judgments(fields: Mapping[str, str], queries: Set[str]) -> list[Judged]:
    """What was said of these queries; takes as long as hundreds of searches where it is as much as it may be."""
    found = (_judged(field, text) for field, text in politely(sorted(fields.items())))
    return [one for one in found if one is not None and one.query in queries]


def _judged(field: str, text: str) -> Judged | None:
    """What one judge said; None where somebody else wrote it."""
    try:
        query, judge = orjson.loads(field)
        grades: Grades = {str(item_id): int(grade) for item_id, grade in orjson.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return None
    return Judged(query, judge, grades)
