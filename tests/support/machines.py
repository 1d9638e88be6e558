"""A shared order of changes without the service around it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from trimtab.catalog.live.change_lines import ChangeLine
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.core.errors import Unavailable
from trimtab.service.catalogue.change_archive import ChangeArchive
from trimtab.service.catalogue.change_stream import ChangeStream
from trimtab.service.catalogue.order_follower import OrderFollower
from trimtab.service.catalogue.shared_order import LATEST, SharedOrder
from trimtab.service.observability.metrics import Metrics
from trimtab.service.shared_folder import SharedFolder


class Machine:
    """The log of one machine, its follower, and who changes something there."""

    def __init__(self, folder: Path, redis_url: str, shared: Path) -> None:
        self.folder, self._redis_url, self._shared = folder, redis_url, shared
        self.restart()

    def restart(self) -> None:
        stream = ChangeStream(self._redis_url, replicas=0, timeout_seconds=2.0)
        self.order = SharedOrder(stream, ChangeArchive(SharedFolder(f"file://{self._shared}")))
        self.order.since = LATEST.min.replace(tzinfo=LATEST.tzinfo)
        self.follower = OrderFollower(self.folder, self.order, Metrics().order)
        self._log = ChangeLog(self.folder)

    def put(self, item_id: str, **columns: object) -> int:
        """Acknowledged when it returns."""
        with self._log.writing():
            while True:
                self.order.catch_up(self._log)
                change = self.order.append(self._log, [{"item_id": item_id, **columns}], [], after=self.order.since)
                if change is not None:
                    return change.version

    def step(self, n_turns: int = 1) -> None:
        """Some turns, whatever comes of them."""
        for _ in range(n_turns):
            with suppress(Unavailable):
                self.follower.turn()

    def put_alone(self, item_id: str) -> None:
        """A change from before machines shared anything."""
        with self._log.writing():
            self._log.append([{"item_id": item_id, "title": item_id}], [], after=self.order.since)

    @property
    def lines(self) -> list[ChangeLine]:
        return list(ChangeLog(self.folder).lines_from(0))

    @property
    def columns(self) -> dict[str, dict[str, object]]:
        """What the items are by the log."""
        found: dict[str, dict[str, object]] = {}
        for line in self.lines:
            for item in line.change.put:
                found.setdefault(item["item_id"], {}).update(item)
        return found


def settle(*machines: Machine, n_rounds: int = 12) -> None:
    """Let every machine take turns until nothing is left to be done."""
    for _ in range(n_rounds):
        for machine in machines:
            machine.step()
