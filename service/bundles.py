"""The bundle that answers. It may be replaced while searches go on: one that has begun ends with what it began with."""

from __future__ import annotations

from core.errors import NotFound
from engine import Engine
from service.telemetry import Telemetry


class Bundles:
    """The loaded bundles of this process; whatever answers a request reads `serving` once and keeps to it."""

    def __init__(self, engine: Engine, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._serving = engine
        telemetry.bundle_info.labels(engine.bundle_id).set(1)

    @property
    def serving(self) -> Engine:
        """The engine that answers from now on."""
        return self._serving

    def serve(self, engine: Engine) -> None:
        """Answer with another engine, which is loaded and warm. One assignment: no request sees half of it."""
        self._telemetry.bundle_info.labels(self._serving.bundle_id).set(0)
        self._telemetry.bundle_info.labels(engine.bundle_id).set(1)
        self._serving = engine

    def find(self, bundle_id: str) -> Engine:
        """The loaded engine of that bundle.

        Raises:
            NotFound: it is not loaded.
        """
        if bundle_id != self._serving.bundle_id:
            raise NotFound(f"bundle {bundle_id} is not loaded here, {self._serving.bundle_id} is")
        return self._serving
