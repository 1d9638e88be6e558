"""Two ways to answer the same queries, side by side: what changes, and by how much where it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, FailFast, Field

from trimtab.core.metrics import ndcg_at_k
from trimtab.core.records import Slate
from trimtab.engine import Engine
from trimtab.engine.response import response_of
from trimtab.service.bundles.plan import BundleName
from trimtab.service.identifiers import Identifier
from trimtab.service.moments import Moment
from trimtab.service.search.planner import Circumstances
from trimtab.service.search.request import from_object
from trimtab.service.search.search_service import SearchService
from trimtab.service.workbench.drafts import Drafts
from trimtab.service.workbench.judging import Grades

MAX_QUERIES = 25
"""Queries of one request; who compares hundreds asks again, and shoppers' searches go on between."""
MAX_CHARACTERS = 2000
"""The most of a title or an address, in an answer that has many."""
SHOWN = ("item_id", "title", "brand", "category", "price", "image", "url", "in_stock")

QueryText = Annotated[str, Field(min_length=1, max_length=512)]


class View(BaseModel):
    """One way to answer: left out, what serves now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Identifier | None = Field(default=None, description="Named weights; left out, the default ones.")
    bundle: BundleName | None = Field(default=None, description="A loaded bundle; left out, the one that serves.")
    drafts: Annotated[tuple[Annotated[str, Field(max_length=128)], ...], FailFast()] = Field(
        default=(),
        max_length=200,
        description="As if these were published, each `rules/NAME`, `synonyms/NAME` or `profiles/NAME`.",
    )
    at: Moment | None = Field(default=None, description="As it would be then, for what begins and ends.")


class Comparison(BaseModel):
    """Queries, and two ways to answer them."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"queries": ["ice cream"], "before": {}, "after": {"profile": None}}},
    )

    queries: Annotated[tuple[QueryText, ...], FailFast()] = Field(min_length=1, max_length=MAX_QUERIES)
    before: View = View()
    after: View = View()
    k: int = Field(default=10, ge=1, le=50, description="How many hits are compared.")
    judged_by: Identifier | None = Field(default=None, description="The query set whose judgments give ndcg.")


class Side(BaseModel):
    """What one way shows."""

    hits: list[dict[str, Any]]
    currency: str | None
    n_matches: int
    understood: dict[str, Any]
    ndcg: float | None = Field(
        description="Of the first k; what was not judged counts as 0. Null where none is above 0."
    )


class Row(BaseModel):
    """One query."""

    query: str
    problem: str | None = Field(default=None, description="Why it cannot be searched; then there are no sides.")
    before: Side | None = None
    after: Side | None = None
    changed: bool = False
    overlap: float = Field(default=1.0, description="Share of the items of both that both show.")
    judged: int = Field(default=0, description="Items judged for it.")


class Comparer:
    """Answers a query in two ways."""

    def __init__(self, service: SearchService, drafts: Drafts) -> None:
        self._service = service
        self._drafts = drafts

    def circumstances(self, view: View) -> Circumstances:
        """
        Raises:
            BadParameter: there is no such draft.
        """
        profiles, wording = self._drafts.published(view.drafts) if view.drafts else (None, None)
        return Circumstances(wording, profiles, view.bundle, view.at)

    def row(
        self,
        query: str,
        views: tuple[View, View],
        under: tuple[Circumstances, Circumstances],
        *,
        k: int,
        grades: Grades,
    ) -> Row:
        """One query in both ways.

        Raises:
            BadInput: it cannot be searched.
        """
        before, after = (
            self._side(query, view, circumstances, k=k, grades=grades)
            for view, circumstances in zip(views, under, strict=True)
        )
        one, other = ([hit["item_id"] for hit in side.hits] for side in (before, after))
        return Row(
            query=query,
            before=before,
            after=after,
            changed=one != other or _said(before) != _said(after),
            overlap=overlap(one, other),
            judged=len(grades),
        )

    def _side(self, query: str, view: View, under: Circumstances, *, k: int, grades: Grades) -> Side:
        asked = {"q": query, "k": k, "explore": False, **({"profile": view.profile} if view.profile else {})}
        slate, engine = self._service.look(from_object(asked, self._service.known_weights), under)
        return _side(slate, engine, k=k, grades=grades)


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of the items of both that both have; 1 where neither has any."""
    union = {*one, *other}
    return len({*one} & {*other}) / len(union) if union else 1.0


def ndcg_of(item_ids: Sequence[str], grades: Grades, *, k: int) -> float | None:
    """ndcg of a slate against judgments, in which what was not judged is not relevant; None where nothing is."""
    shown = item_ids[:k]
    missed = [grade for item_id, grade in grades.items() if item_id not in shown]
    order = np.arange(len(shown), 0, -1)
    value = ndcg_at_k(order, [grades.get(item_id, 0) for item_id in shown], k=k, missed=missed)
    return None if np.isnan(value) else float(value)


def _side(slate: Slate, engine: Engine, *, k: int, grades: Grades) -> Side:
    response = response_of(slate, engine.store)
    hits: list[dict[str, Any]] = [{name: _short(hit.get(name)) for name in SHOWN} for hit in response["hits"]]
    return Side(
        hits=hits,
        currency=response["currency"],
        n_matches=response["n_matches"],
        understood=response["understood"],
        ndcg=ndcg_of([hit["item_id"] for hit in hits], grades, k=k),
    )


def _short(value: object) -> object:
    return value[:MAX_CHARACTERS] if isinstance(value, str) else value


def _said(side: Side) -> tuple[Any, Any]:
    """What is shown or done beside the hits."""
    return side.understood.get("redirect"), side.understood.get("banner")
