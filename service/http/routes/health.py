"""Liveness, readiness and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from trimtab.service.bundles.serving import Bundles
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.problem_documents import documented
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    """What serves; the service searches without Redis too."""

    status: str
    bundle: str
    redis: str


def health_router(bundles: Bundles, gate: AccessControl, *, redis: RedisGateway, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Is the process alive")
    async def healthz() -> Health:
        return Health(status="ok")

    @router.get("/readyz", summary="Can it serve")
    async def readyz() -> Readiness:
        """Answers once the bundle is loaded, verified and warm: before that the port is closed."""
        return Readiness(status="ready", bundle=bundles.serving.bundle_id, redis="up" if redis.is_up else "down")

    @router.get("/metrics", response_class=Response, responses=documented(401, 403, 429), summary="Prometheus metrics")
    async def prometheus(request: Request) -> Response:
        """On the admin port, where there is one, without a key; else with one where keys are required."""
        gate.check(request, "metrics")
        metrics.redis_up.set(redis.is_up)
        metrics.redis_takes_writes.set(redis.takes_writes)
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return router
