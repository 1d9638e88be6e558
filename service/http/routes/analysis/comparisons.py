"""/comparisons: two ways to answer the same queries, side by side, and what they differ by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from trimtab.core.errors import BadInput
from trimtab.service.http.admission import Admission
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import as_requested, documented, field_problem
from trimtab.service.workbench.comparing import Comparer, Comparison, Row
from trimtab.service.workbench.differences import Difference, JudgedPairs, difference_of
from trimtab.service.workbench.judging import Grades


class Compared(BaseModel):
    rows: list[Row]


def comparisons_router(
    comparer: Comparer,
    admission: Admission,
    *,
    grades_of: Callable[[str], Awaitable[Mapping[str, Grades]]],
    reader: Callable[[Request], Awaitable[None]],
    max_body_bytes: int,
) -> APIRouter:
    """
    Args:
        grades_of: the judgments of a query set, by query.
    """
    router = APIRouter(tags=["drafts"], dependencies=[Depends(reader)])

    @router.post(
        "/comparisons",
        responses=documented(401, 403, 404, 413, 422, 429, 503),
        openapi_extra=documented_body(reference(Comparison)),
        summary="Compare two ways to answer the same queries",
    )
    async def compare(request: Request) -> Compared:
        """Each query takes its turn behind shoppers' searches. Nothing is logged: no shopper sees these slates."""
        asked = validated(Comparison, await read_object(request, max_bytes=max_body_bytes))
        views = (asked.before, asked.after)
        under = (comparer.circumstances(asked.before), comparer.circumstances(asked.after))
        judged = {} if asked.judged_by is None else await grades_of(asked.judged_by)
        rows = []
        for query in dict.fromkeys(asked.queries):
            async with admission.turn("batch"):
                try:
                    rows.append(comparer.row(query, views, under, k=asked.k, grades=judged.get(query, {})))
                except RequestValidationError as error:
                    found = field_problem(error.errors()[0])
                    rows.append(Row(query=query, problem=f"{found.parameter}: {found.problem}"))
                except BadInput as error:
                    rows.append(Row(query=query, problem=str(as_requested(error))))
        return Compared(rows=rows)

    @router.post(
        "/comparisons/difference",
        responses=documented(401, 403, 413, 422, 429),
        openapi_extra=documented_body(reference(JudgedPairs)),
        summary="What two ways differ by over judged queries, with an interval",
    )
    async def difference(request: Request) -> Difference:
        """The ndcg of each query is what `POST /comparisons` says of it; there may be any number of its answers."""
        pairs = validated(JudgedPairs, await read_object(request, max_bytes=max_body_bytes))
        return difference_of(pairs.before, pairs.after)

    return router
