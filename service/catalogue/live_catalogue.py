"""The catalogue while it changes: every worker follows one log of changes on the disk
(`trimtab.engine.live.live_engine`).

A change is acknowledged when it is on the disk and this worker serves it; the other workers of the machine look for
changes several times a second. Redis has no part in it, unless several machines share one order (`shared_order`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from trimtab.catalog.cells import rules_of
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.changes import Item, read_items, with_known_names
from trimtab.core.errors import TrimtabError, Unavailable
from trimtab.engine import Engine
from trimtab.engine.live.live_engine import LiveEngine, built_as_of
from trimtab.engine.live.log_limits import LogIsFull, LogLimits
from trimtab.engine.live.order import OWN_ORDER, ChangeOrder
from trimtab.service.observability.metrics import Metrics
from trimtab.service.settings import Settings

FOLDER = "catalogue"
LOOK_SECONDS = 0.1
"""How often a worker looks for what others changed; a look is a few system calls."""

_log = structlog.get_logger()


class LiveCatalogue:
    """The newest state of the catalogue for each bundle that is loaded."""

    def __init__(
        self,
        data_folder: Path,
        metrics: Metrics,
        *,
        load: Callable[[Path], Engine],
        limits: LogLimits,
        order: ChangeOrder = OWN_ORDER,
    ) -> None:
        """
        Args:
            limits: of the log of changes.
            order: gives changes their place in the log.
        """
        self._order, self._limits = order, limits
        self._folder = data_folder / FOLDER
        self._metrics = metrics
        self._load = load
        self._live: dict[str, LiveEngine] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def load(self, bundle: Path) -> Engine:
        """A bundle's engine as it was built; `newest` knows it with what changed since.

        Raises:
            BundleDamaged, BundleMismatch: it cannot serve.
            BadFile: the log of changes cannot be read as one.
            Unavailable: the log lacks changes that the bundle needs.
        """
        built = self._load(bundle)
        self._order.reach_back(ChangeLog(self._folder), built_as_of(built))
        live = LiveEngine(built, self._folder, self._order, limits=self._limits, aside=True)
        live.follow()
        self._live[built.bundle_id] = live
        return built

    def forget(self, bundle_id: str) -> None:
        """Forget a bundle that is no longer loaded."""
        live = self._live.pop(bundle_id, None)
        if live is not None:
            live.stop()

    def newest(self, built: Engine) -> Engine:
        """The engine over the newest state that this worker knows of; a search takes it once."""
        live = self._live.get(built.bundle_id)
        return built if live is None else live.newest  # forgotten while its last search is under way

    def at(self, built: Engine, version: int) -> Engine:
        """The engine as it was at a version. May take long: not for the event loop."""
        return self._live[built.bundle_id].at_version(version)

    def n_beside(self, built: Engine) -> int:
        """Rows that a search has to look at beside the bundle's indices."""
        return self._live[built.bundle_id].n_beside

    def log_bytes(self, built: Engine) -> int:
        """The size of the log of changes that a bundle does not have."""
        return self._live[built.bundle_id].log_bytes

    @property
    def folder(self) -> Path:
        """The folder of the log of changes."""
        return self._folder

    def item(self, built: Engine, item_id: str) -> dict[str, Any]:
        """The whole item.

        Raises:
            NotFound: there is no such item.
        """
        return self._live[built.bundle_id].item(item_id)

    async def put(self, built: Engine, objects: Sequence[dict[str, Any]]) -> int:
        """Create or change items, all or none of them; returns the catalogue's version.

        Raises:
            BadParameter: the first value that cannot be used.
            Unavailable: the disk refuses.
        """
        attributes, rules = self.newest(built).store.own_attributes.definitions, rules_of(built.shop)

        def changed() -> int:
            named = with_known_names(objects, built.shop, attributes)
            return self._change(built, put=read_items(named, attributes, rules))

        return await asyncio.to_thread(changed)

    async def delete(self, built: Engine, item_ids: Sequence[str]) -> int:
        """Delete items, all or none of them; returns the catalogue's version.

        Raises:
            NotFound: there is no such item.
            Unavailable: the disk refuses.
        """
        return await asyncio.to_thread(lambda: self._change(built, delete=item_ids))

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="trimtab-catalogue", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for live in self._live.values():
            live.stop()

    def _change(self, built: Engine, *, put: Sequence[Item] = (), delete: Sequence[str] = ()) -> int:
        start = time.perf_counter()
        try:
            version = self._live[built.bundle_id].change(put, delete)
        except OSError as error:
            self._metrics.log_lines.labels(FOLDER, "refused").inc()
            _log.error("the catalogue cannot be changed", problem=error.strerror)
            raise Unavailable(
                "the catalogue cannot be written to the disk now; send the change again", retry_after_seconds=5
            ) from None
        except LogIsFull:
            self._metrics.log_lines.labels(FOLDER, "refused").inc()
            raise
        self._metrics.log_lines.labels(FOLDER, "written").inc()
        self._metrics.catalogue_change_seconds.observe(time.perf_counter() - start)
        self._metrics.catalogue_version.set(version)
        return version

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for live in tuple(self._live.values()):
                self._follow(live)
                live.rest()
            self._forget_old()

    def _follow(self, live: LiveEngine) -> None:
        before = live.newest.catalogue_version
        try:
            after = live.follow().catalogue_version
        except (TrimtabError, OSError) as error:
            # What serves goes on serving; the log is looked at again.
            self._metrics.log_lines.labels(FOLDER, "refused").inc()
            _log.error("the catalogue's changes cannot be read", problem=str(error))
            self._stopping.wait(1.0)
            return
        if after != before:
            self._metrics.catalogue_version.set(after)

    def _forget_old(self) -> None:
        """Remove the oldest changes that every loaded bundle has, where the log is larger than what is kept."""
        loaded = tuple(self._live.values())
        if not loaded or ChangeLog(self._folder).n_bytes <= self._limits.kept:
            return
        try:
            n_gone = loaded[0].forget_changes(min(one.as_of for one in loaded), above_bytes=self._limits.kept)
        except (TrimtabError, OSError) as error:
            _log.error("old changes cannot be removed", problem=str(error))
            return
        if n_gone:
            _log.warning("old changes are removed from the log: older bundles cannot serve any more", n=n_gone)


def limits_of(settings: Settings) -> LogLimits:
    """How large the log of changes may become."""
    return LogLimits(unbuilt=settings.catalogue_max_bytes, kept=settings.catalogue_keep_bytes)
