"""Pages of shops become items of the catalogue that serves; where every value was read is kept on the disk.

<data folder>/pages/*.jsonl     a line a page that was read as an item, written before the catalogue is changed:
                                timestamp, item_id, source, url, elements, item
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson

from trimtab.core.errors import NotFound, Unavailable
from trimtab.engine import Engine
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.logs.journal import Journal, Observe
from trimtab.service.observability.metrics import Metrics
from trimtab.service.pages.page_worker import PageWorker
from trimtab.service.settings import Settings
from trimtab.webpages.counters import site_of
from trimtab.webpages.items import ANOTHER_SHOPS, NAMELESS, PageItem

FOLDER = "pages"
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
REASONS = {
    NAMELESS: "nothing on it names the product",
    ANOTHER_SHOPS: "the item is not of this page's host, and POST /tracked follows the prices of other shops",
}


class PageIngest:
    """Takes product pages into the catalogue."""

    def __init__(
        self, settings: Settings, worker: PageWorker, catalogue: LiveCatalogue, metrics: Metrics, observe: Observe
    ) -> None:
        self._worker = worker
        self._catalogue = catalogue
        self._metrics = metrics
        self._own_hosts = settings.own_host_names
        self._provenance = Journal(
            settings.data_folder / FOLDER,
            settings,
            observe=observe,
        )

    def start(self) -> None:
        self._provenance.start()

    def stop(self) -> None:
        self._provenance.close()

    async def add(
        self, built: Engine, html: str, url: str | None, *, currency: str | None, keep: bool = True
    ) -> dict[str, Any]:
        """The analysis; and for a product page the item it made or changed, the catalogue's version and provenance.

        Args:
            currency: of the prices that are taken; the catalogue's where None.
            keep: whether a product page makes an item; where False nothing is written.

        Raises:
            BadParameter: the page cannot be analysed in time, or its values cannot be an item's.
            Unavailable: too many pages wait, or the disk refuses.
        """
        wanted = currency or built.shop.catalogue.currency
        found = await self._worker.ask({"task": "page", "html": html, "url": url, "currency": wanted})
        self._metrics.pages.count(found.pop("counted"))
        read = PageItem(found["item"], found["provenance"], found["left_out"])
        if read.item is not None and not keep:
            return {**found, "version": None, "left_out": "it was asked not to be kept"}
        # By the address that was sent with the page: what the page says of itself anybody can write.
        taken = read.taken(lambda item_id: self._known(built, item_id), site_of(url), self._own_hosts)
        found |= taken._asdict()
        if taken.item is None:
            reason = REASONS.get(str(taken.left_out), f"it is not a product page but {taken.left_out}")
            return {**found, "version": None, "left_out": reason}
        now = datetime.now(UTC)
        line = orjson.dumps({"timestamp": now, **found["provenance"], "item": taken.item}, option=LINE)
        try:
            await asyncio.wrap_future(self._provenance.append([line]))
        except OSError:
            raise Unavailable("pages cannot be written to the disk now; send it again", retry_after_seconds=5) from None
        version = await self._catalogue.put(built, [taken.item])
        return {**found, "version": version}

    def _known(self, built: Engine, item_id: str) -> dict[str, Any]:
        try:
            return self._catalogue.item(built, item_id)
        except NotFound:
            return {}
