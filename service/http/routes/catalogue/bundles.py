"""/bundles: what may serve, what does, and, for admins, the steps from one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from trimtab.catalog.shop import FILE as SHOP
from trimtab.core.errors import BundleError, Conflict, NotFound
from trimtab.service.bundles.load_jobs import LoadJob, LoadJobs
from trimtab.service.bundles.plan import Plan
from trimtab.service.bundles.serving import Bundles
from trimtab.service.experiments.running import Experiments
from trimtab.service.http.auditing import READING, audit
from trimtab.service.http.bodies import documented_body, read_object, reference, validated
from trimtab.service.http.problem_documents import documented

Name = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$", description="A folder in the service's folder of bundles."),
]


class TrafficShare(BaseModel):
    """A share of the traffic."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"share": 0.05}})

    share: float = Field(gt=0, le=1)


class BundleState(BaseModel):
    """A bundle in the folder of bundles."""

    bundle_id: str | None = Field(description="None where its manifest cannot be read.")
    created: str | None = None
    source: str | None = None
    n_items: int | None = None
    loaded: bool = Field(description="In this worker's memory.")
    roles: list[str] = Field(description="active, previous, canary, shadow.")
    problem: str | None = Field(None, description="Why it is not loaded, though the plan says so.")


class WorkerState(BaseModel):
    worker: str
    serving: str
    loaded: dict[str, str]
    problems: dict[str, str]


class BundlesState(BaseModel):
    """The bundles, the plan that every worker follows, and what each worker does."""

    bundles: dict[str, BundleState]
    plan: Plan
    workers: list[WorkerState] = Field(description="Those that were heard of in the last seconds.")


class BundleDetails(BundleState):
    """What a bundle says of itself, and the report of its check."""

    objectives: list[dict[str, Any]]
    default_weights: dict[str, float]
    retrieval: dict[str, Any] = Field(description="Encoder, index, recall against exact search.")
    training: dict[str, Any] = Field(description="Method, figures on held-out data, calibration.")
    libraries: dict[str, str]
    parity: dict[str, Any] | None = Field(description="Against the bundle that served when it was checked.")


def bundles_router(
    bundles: Bundles,
    jobs: LoadJobs,
    experiments: Experiments,
    *,
    reader: Callable[[Request], Awaitable[None]],
    admin: Callable[[Request], Awaitable[None]],
    max_body_bytes: int,
) -> APIRouter:
    """
    Args:
        reader, admin: dependencies that let only those through who may look, who may change.
    """

    async def may(request: Request) -> None:
        await (reader if request.method in READING else admin)(request)

    needs = [Depends(may), Depends(_audited(bundles))]
    router = APIRouter(tags=["bundles"], dependencies=needs, responses=documented(401, 403, 429))
    changing = documented(404, 409, 422, 503)

    _add_states(router, bundles)
    _add_loading(router, bundles, jobs)
    _add_shares(router, bundles, changing=changing, max_body_bytes=max_body_bytes)
    _add_steps(router, bundles, experiments, changing=changing)
    return router


def _audited(bundles: Bundles) -> Callable[[Request], Awaitable[None]]:
    """The dependency by which the audit log has the plan before and after a request."""

    async def audited(request: Request) -> None:
        if request.method not in READING:
            audit(request, lambda: bundles.plan.model_dump(mode="json"))

    return audited


def _add_states(router: APIRouter, bundles: Bundles) -> None:
    """The routes that say which bundles there are, and what is in one."""

    @router.get("/bundles", summary="All bundles, and which one serves")
    async def all_of_them() -> BundlesState:
        """Folders of the service's folder of bundles; the plan that every worker follows; what the workers say."""
        states = await asyncio.to_thread(lambda: {name: _state(bundles, name) for name in bundles.folder.names()})
        workers = [WorkerState.model_validate({**one}) for one in await bundles.workers()]
        return BundlesState(bundles=states, plan=bundles.plan, workers=workers)

    @router.get("/bundles/{name}", responses=documented(404, 422), summary="One bundle")
    async def one(name: Name) -> BundleDetails:
        manifest = await asyncio.to_thread(bundles.folder.manifest, name)
        state = await asyncio.to_thread(_state, bundles, name)
        return BundleDetails(
            **state.model_dump(),
            objectives=manifest.get("objectives", []),
            default_weights=manifest.get("default_weights", {}),
            retrieval=manifest.get("retrieval", {}),
            training=manifest.get("training", {}),
            libraries=manifest.get("libraries", {}),
            parity=await bundles.report(manifest["bundle_id"]),
        )

    @router.get(
        "/bundles/{name}/shop.toml",
        responses={**documented(404, 422), 200: {"content": {"application/toml": {"schema": {"type": "string"}}}}},
        response_class=Response,
        summary="What is known of a bundle's catalogue",
    )
    async def shop(name: Name) -> Response:
        """As `trimtab build --shop` reads it."""
        path = bundles.folder.path_of(name) / SHOP
        if not await asyncio.to_thread(path.is_file):
            raise NotFound(f"bundle {name!r} has no {SHOP}")
        return Response(await asyncio.to_thread(path.read_bytes), media_type="application/toml")


def _add_loading(router: APIRouter, bundles: Bundles, jobs: LoadJobs) -> None:
    """The routes of the jobs that load a bundle."""

    @router.post(
        "/bundles/{name}/load",
        responses=documented(404, 422, 503),
        status_code=202,
        summary="Check a bundle and load it, unseen",
    )
    async def load(name: Name, response: Response) -> LoadJob:
        """Checked in a process of its own, then loaded by every worker; nothing that is shown changes. Answered at
        once; `GET /bundles/{name}/load`, the header `Location`, says what becomes of it."""
        bundles.folder.path_of(name)
        response.headers["Location"] = f"/bundles/{name}/load"
        return await jobs.start(name)

    @router.get("/bundles/{name}/load", responses=documented(404, 422), summary="What became of loading a bundle")
    async def loading(name: Name) -> LoadJob:
        return await jobs.last(name)


def _add_shares(
    router: APIRouter, bundles: Bundles, *, changing: dict[int | str, dict[str, Any]], max_body_bytes: int
) -> None:
    """The routes of bundles that answer a share of the traffic, seen or in the shadow."""

    @router.post(
        "/bundles/{name}/canary",
        responses=documented(404, 409, 413, 422, 503),
        openapi_extra=documented_body(reference(TrafficShare)),
        summary="Answer a share of the traffic with a loaded bundle",
    )
    async def canary(name: Name, request: Request) -> Plan:
        """The same users or sessions all the time; their `arm` is `canary/<name>`."""
        portion = validated(TrafficShare, await read_object(request, max_bytes=max_body_bytes))
        return await bundles.change(lambda plan: plan.start_canary(name, portion.share))

    @router.post(
        "/bundles/{name}/shadow",
        responses=documented(404, 409, 413, 422, 503),
        openapi_extra=documented_body(reference(TrafficShare)),
        summary="Search with a loaded bundle in the shadow",
    )
    async def shadow(name: Name, request: Request) -> Plan:
        """The shadow searches in a process of its own and is logged, not shown. What it is too slow for is dropped and
        counted."""
        portion = validated(TrafficShare, await read_object(request, max_bytes=max_body_bytes))
        return await bundles.change(lambda plan: plan.start_shadow(name, portion.share))

    @router.delete("/bundles/{name}/canary", responses=changing, summary="End the canary")
    async def end_canary(name: Name) -> Plan:
        return await bundles.change(lambda plan: plan.end("canary", name))

    @router.delete("/bundles/{name}/shadow", responses=changing, summary="End the shadow")
    async def end_shadow(name: Name) -> Plan:
        return await bundles.change(lambda plan: plan.end("shadow", name))


def _add_steps(
    router: APIRouter, bundles: Bundles, experiments: Experiments, *, changing: dict[int | str, dict[str, Any]]
) -> None:
    """The routes that take a bundle into service and out of it."""

    @router.post("/bundles/{name}/unload", responses=changing, summary="Forget a loaded bundle")
    async def unload(name: Name) -> Plan:
        using = experiments.using_bundle(name)
        if using:
            raise Conflict(f"bundle {name!r} is an arm of experiment {using[0]!r}")
        return await bundles.change(lambda plan: plan.unload(name))

    @router.post("/bundles/{name}/activate", responses=changing, summary="Answer with a loaded bundle")
    async def activate(name: Name) -> Plan:
        """Every worker within a second."""
        return await bundles.change(lambda plan: plan.activate(name))

    @router.post("/bundles/rollback", responses=documented(409, 503), summary="Undo the last step")
    async def rollback() -> Plan:
        """Ends the canary; without one, the bundle that served before serves again."""
        return await bundles.change(lambda plan: plan.rollback())


def _state(bundles: Bundles, name: str) -> BundleState:
    try:
        manifest: Mapping[str, Any] = bundles.folder.manifest(name)
    except BundleError:
        manifest = {"bundle_id": None}
    return BundleState(
        bundle_id=manifest["bundle_id"],
        created=manifest.get("created"),
        source=manifest.get("source"),
        n_items=manifest.get("catalogue", {}).get("n_items"),
        loaded=name in bundles.loaded,
        roles=list(bundles.plan.roles(name)),
        problem=bundles.problems.get(name),
    )
