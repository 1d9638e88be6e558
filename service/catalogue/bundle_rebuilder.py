"""The rebuild of a bundle with the changes to the catalogue in it, once many have gathered beside its indices.

A process of its own does the work (`engine.live.rebuild`), one on the machine at a time; the new bundle is checked,
loaded and activated as any other (`service.bundles.serving`). What it replaces stays loaded, to roll back to; older
ones are deleted. Of several machines the one with the lease does it, and the others get the bundle from it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from trimtab.core.errors import Conflict, TrimtabError, Unavailable
from trimtab.core.work.children import Child
from trimtab.service.bundles.plan import Plan
from trimtab.service.bundles.serving import Bundles
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.observability.metrics import Metrics
from trimtab.service.one_worker import one_worker
from trimtab.service.redis.lease import Lease
from trimtab.service.repeating import Repeating

LOOK_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 60.0
LEASE = "rebuild"
LEASE_SECONDS = 20.0
"""How long a machine that is not heard of keeps the others from rebuilding."""
LOCK = "compaction.lock"
MARK = "-at-"
"""Stands in a rebuilt bundle's name, between the bundle it was made from and the catalogue's version."""

_log = structlog.get_logger()


class BundleRebuilder:
    """Checks in every worker whether a rebuild is due; the first worker that finds so does it."""

    def __init__(
        self,
        bundles: Bundles,
        catalogue: LiveCatalogue,
        metrics: Metrics,
        *,
        after_items: int,
        after_bytes: int,
        lease: Lease | None = None,
    ) -> None:
        """
        Args:
            after_items: new, changed and deleted items that start a rebuild; 0 never starts one.
            after_bytes: size of the log of changes that starts one too.
            lease: of the machine that rebuilds; None where there is one machine.
        """
        self._lease = lease
        self._known = bundles.plan.active
        self._after_bytes = after_bytes
        self._bundles, self._catalogue, self._metrics = bundles, catalogue, metrics
        self._after_items = after_items
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._child = Child()

    def start(self) -> None:
        if self._after_items > 0:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="trimtab-compaction", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Give up a rebuild under way; after the next start it begins again."""
        self._stopping.set()
        self._child.stop()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._forget_replaced()
                if self._is_due():
                    self._compact()
            except (TrimtabError, OSError) as error:
                if not self._stopping.is_set():
                    self._metrics.catalogue_compactions.labels("failed").inc()
                    _log.error("changes cannot be built into a bundle", problem=str(error))
                    self._stopping.wait(AFTER_FAILURE_SECONDS)

    def _is_due(self) -> bool:
        serving = self._bundles.serving
        is_long = self._catalogue.log_bytes(serving) >= self._after_bytes
        return is_long or self._catalogue.n_beside(serving) >= self._after_items

    def _compact(self) -> None:
        with one_worker(self._catalogue.folder / LOCK) as is_ours:
            if not is_ours:
                return
            if self._lease is None:
                self._replace(lambda plan: plan)
                return
            token = self._lease.take()
            if token is None:
                return  # another machine does it
            renewing = Repeating("lease", partial(self._renew, self._lease, token), every_seconds=LEASE_SECONDS / 4)
            renewing.start()
            try:
                self._await(self._bundles.change(partial(Plan.fence, token=token)))
                self._replace(partial(Plan.fence, token=token))
            finally:
                renewing.stop()
                self._lease.release(token)

    def _renew(self, lease: Lease, token: int) -> None:
        if not lease.renew(token):
            self._child.kill()

    def _replace(self, fenced: Callable[[Plan], Plan]) -> None:
        """Build what serves anew with the changes in it, and let that serve.

        Args:
            fenced: refuses a plan that another machine is about to change.
        """
        folder, active = self._bundles.folder, self._bundles.plan.active
        version = self._catalogue.newest(self._bundles.serving).catalogue_version
        name = f"{folder.start[:40]}{MARK}{version}"
        if name not in folder.names():
            self._build(folder.path_of(active), folder.place_for(name))
        self._await(self._bundles.load(name))
        self._await(self._bundles.change(lambda plan: _activated(fenced(plan), name, instead_of=active)))
        self._metrics.catalogue_compactions.labels("served").inc()
        self._forget_older()

    def _build(self, bundle: Path, out: Path) -> None:
        done = self._child.run("trimtab.engine.live.rebuild", bundle, self._catalogue.folder, out)
        if done.returncode != 0:
            problem = done.stderr.decode(errors="replace").strip()
            raise Unavailable(problem.rpartition("\n")[2] or "it was ended")

    def _forget_older(self) -> None:
        """Delete rebuilt bundles that neither serve nor did so last."""
        folder, plan = self._bundles.folder, self._bundles.plan
        for name in folder.names():
            if MARK in name and not plan.roles(name):
                if name in plan.loaded:
                    self._await(self._bundles.change(partial(Plan.unload, name=name)))
                folder.forget(name)

    def _forget_replaced(self) -> None:
        """Delete here what another machine has rebuilt once more."""
        plan = self._bundles.plan
        if self._lease is None or plan.active == self._known or self._bundles.serving_name != plan.active:
            return
        with one_worker(self._catalogue.folder / LOCK) as is_ours:
            if is_ours:
                self._known = plan.active
                for name in self._bundles.folder.names():
                    if MARK in self._known and MARK in name and name not in plan.loaded:
                        self._bundles.folder.forget(name)

    def _await(self, step: Coroutine[Any, Any, Any]) -> None:
        assert self._loop is not None
        waiting = asyncio.run_coroutine_threadsafe(step, self._loop)
        while not self._stopping.is_set():
            if wait([waiting], LOOK_SECONDS).done:
                waiting.result()
                return
        waiting.cancel()
        raise Unavailable("the service stops")


def _activated(plan: Plan, name: str, *, instead_of: str) -> Plan:
    if plan.active != instead_of:
        raise Conflict(f"{plan.active!r} is active by now, and {name!r} was built from another bundle")
    return plan.activate(name)
