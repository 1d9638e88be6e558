"""/query-sets: queries that are looked at together, and what judges say of their hits."""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, params
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from trimtab.catalog.judgments import COLUMNS, as_cell
from trimtab.core.courtesy import politely
from trimtab.core.errors import NotFound
from trimtab.service.http.auditing import audit
from trimtab.service.http.auth import caller_of
from trimtab.service.http.bodies import JSON, documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import documented
from trimtab.service.http.routes.definitions.definitions import Name
from trimtab.service.logs.question import Question
from trimtab.service.logs.questions import LogQuestions
from trimtab.service.moments import Moment
from trimtab.service.workbench.judging import MAX_GRADE, Grades, Judged, agreements
from trimtab.service.workbench.query_sets import MAX_QUERIES, Queries, QuerySet, QuerySets

Sample = Callable[[int, Moment | None], Awaitable[list[str]]]


class NewQuerySet(BaseModel):
    """Queries, or how many to take from the log."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"queries": ["ice cream", "oat milk"]}})

    queries: Queries = Field(min_length=1, max_length=MAX_QUERIES)
    note: str = Field("", max_length=500)


class SampleSize(BaseModel):
    """How many queries of the log."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"n": 200}})

    n: int = Field(ge=1, le=MAX_QUERIES)
    since: Moment | None = Field(None, description="From when; left out, all that is kept.")


class Graded(BaseModel):
    """What one says of the items of a query; it replaces what one said before."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"query": "soup", "grades": {"7": 3}}})

    query: str = Field(min_length=1, max_length=512)
    grades: dict[
        Annotated[str, Field(min_length=1, max_length=128)], Annotated[int, Field(ge=0, le=MAX_GRADE, strict=True)]
    ] = Field(max_length=60, description="item_id -> 0 (not relevant) to 3 (what was looked for).")


class QuerySetState(BaseModel):
    n_queries: int
    n_judged: int = Field(description="Queries with a judgment.")
    author: str
    at: datetime
    note: str


class AgreementState(BaseModel):
    """How far two judges agree."""

    one: str
    other: str
    n: int = Field(description="Query and item pairs that both judged.")
    same: float | None
    kappa: float | None = Field(description="Cohen's, with quadratic weights.")


class Judgments(BaseModel):
    """What was said of a set's queries."""

    judges: dict[str, dict[str, dict[str, int]]] = Field(description="judge -> query -> item_id -> grade.")
    agreements: list[AgreementState]


def queries_of_log(questions: LogQuestions, *, min_users: int) -> Sample:
    """Draws queries of this service's log that several users searched."""

    async def sample(n: int, since: Moment | None) -> list[str]:
        seed = secrets.randbits(32)
        question = Question(report="sample", since=since, n=n, seed=seed, min_users=min_users)
        found: list[str] = orjson.loads(await questions.ask(question))
        return found

    return sample


def query_sets_router(
    sets: QuerySets,
    sample: Sample,
    *,
    reader: Callable[[Request], Awaitable[None]],
    merchandiser: Callable[[Request], Awaitable[None]],
    max_body_bytes: int,
) -> APIRouter:
    """
    Args:
        sample: queries of the log, by how many and from when.
    """
    router = APIRouter(tags=["query sets"], responses=documented(401, 403, 429))
    changing = [Depends(merchandiser)]

    @router.get("/query-sets", dependencies=[Depends(reader)], summary="All query sets")
    async def all_of_them() -> dict[str, QuerySetState]:
        return {name: await _state(sets, name, one) for name, one in (await sets.all()).items()}

    @router.get("/query-sets/{name}", responses=documented(404, 422), dependencies=[Depends(reader)], summary="One set")
    async def one(name: Name) -> QuerySet:
        return await sets.one(name)

    _add_keeping(router, sets, sample, changing=changing, max_body_bytes=max_body_bytes)

    @router.delete(
        "/query-sets/{name}",
        responses=documented(404, 422, 503),
        dependencies=changing,
        status_code=204,
        summary="Forget a set and its judgments",
    )
    async def delete(name: Name, request: Request) -> None:
        audit(request)
        await sets.delete(name)

    _add_judging(router, sets, reader=reader, merchandiser=merchandiser, max_body_bytes=max_body_bytes)
    return router


def _add_keeping(
    router: APIRouter, sets: QuerySets, sample: Sample, *, changing: Sequence[params.Depends], max_body_bytes: int
) -> None:
    """The routes that make a set: of queries that are sent, and of those of the log."""

    async def keep(name: str, queries: Queries, note: str, request: Request) -> QuerySetState:
        audit(request)
        new = QuerySet(
            queries=tuple(dict.fromkeys(queries)), author=caller_of(request), at=datetime.now(UTC), note=note
        )
        await sets.put(name, new)
        return await _state(sets, name, new)

    @router.put(
        "/query-sets/{name}",
        responses=documented(409, 413, 422, 503),
        dependencies=changing,
        openapi_extra=documented_body(reference(NewQuerySet)),
        summary="Keep queries as a set",
    )
    async def put(name: Name, request: Request) -> QuerySetState:
        """Judgments of queries that stay in it stay."""
        sent = validated(NewQuerySet, await read_object(request, max_bytes=max_body_bytes))
        return await keep(name, sent.queries, sent.note, request)

    @router.post(
        "/query-sets/{name}/sample",
        responses=documented(404, 409, 413, 422, 503),
        dependencies=changing,
        openapi_extra=documented_body(reference(SampleSize)),
        summary="Take a set from the log",
    )
    async def take(name: Name, request: Request) -> QuerySetState:
        """Queries of several users, each once, with a chance in proportion to its searches."""
        size = validated(SampleSize, await read_object(request, max_bytes=max_body_bytes))
        found = await sample(size.n, size.since)
        if not found:
            raise NotFound("the log has no query that several users searched")
        return await keep(name, tuple(found), f"{len(found)} queries of the log", request)


def _add_judging(
    router: APIRouter,
    sets: QuerySets,
    *,
    reader: Callable[[Request], Awaitable[None]],
    merchandiser: Callable[[Request], Awaitable[None]],
    max_body_bytes: int,
) -> None:
    """The routes of judgments."""

    @router.get(
        "/query-sets/{name}/judgments",
        responses=documented(404, 422),
        response_model=Judgments,
        dependencies=[Depends(reader)],
        summary="What judges said, and how far they agree",
    )
    async def judgments(name: Name) -> Response:
        return Response(await asyncio.to_thread(_said, await sets.judgments(name)), media_type=JSON)

    @router.get(
        "/query-sets/{name}/judgments/mine",
        responses=documented(404, 422),
        dependencies=[Depends(merchandiser)],
        summary="What one has said oneself",
    )
    async def said_by_oneself(name: Name, request: Request) -> dict[str, dict[str, int]]:
        """query -> item_id -> grade, of the key or the account that asks."""
        judge = caller_of(request)
        return {one.query: dict(one.grades) for one in await sets.judgments(name) if one.judge == judge}

    @router.put(
        "/query-sets/{name}/judgments",
        responses=documented(404, 409, 413, 422, 503),
        dependencies=[Depends(merchandiser)],
        openapi_extra=documented_body(reference(Graded)),
        status_code=204,
        summary="Judge the items of a query",
    )
    async def judge(name: Name, request: Request) -> None:
        """In one's own name: that of the key or of the account."""
        sent = validated(Graded, await read_object(request, max_bytes=max_body_bytes))
        audit(request)
        await sets.judge(name, Judged(sent.query, caller_of(request), sent.grades))

    @router.get(
        "/query-sets/{name}/judgments.csv",
        responses={**documented(404, 422), 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        response_class=Response,
        dependencies=[Depends(reader)],
        summary="One grade for each query and item, for `trimtab build --judgments`",
    )
    async def exported(name: Name) -> Response:
        """The mean of the judges' grades, half a grade rounded up."""
        text = await asyncio.to_thread(_table, await sets.consensus(name))
        headers = {"Content-Disposition": f'attachment; filename="{name}.judgments.csv"'}
        return Response(text, headers=headers, media_type="text/csv")


def _said(judgments: Sequence[Judged]) -> bytes:
    """The JSON of `Judgments`."""
    judges: dict[str, dict[str, Grades]] = {}
    for judged in politely(judgments):
        judges.setdefault(judged.judge, {})[judged.query] = judged.grades
    return orjson.dumps({"judges": judges, "agreements": agreements(judgments)})


def _table(consensus: Mapping[str, Grades]) -> str:
    """The CSV of one grade for each query and item."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for query, grades in politely(consensus.items()):
        rows.writerows((as_cell(query), as_cell(item_id), grade) for item_id, grade in grades.items())
    return text.getvalue()


async def _state(sets: QuerySets, name: str, one: QuerySet) -> QuerySetState:
    n_judged = await sets.n_judged(name, one)
    return QuerySetState(n_queries=len(one.queries), n_judged=n_judged, author=one.author, at=one.at, note=one.note)
