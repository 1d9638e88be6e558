"""The catalogue of a bundle as it is now, without the engine around it: for processes that look at items only."""

from __future__ import annotations

from pathlib import Path

from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.delta import Delta
from trimtab.catalog.live.live_store import LiveStore
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.catalog.shop import FILE as SHOP
from trimtab.catalog.store import ItemStore
from trimtab.engine.bundle.manifest import as_of, read_manifest


def shop_of_bundle(bundle: Path) -> Shop:
    """The `shop.toml` in a bundle."""
    return Shop.read(bundle / SHOP) if (bundle / SHOP).exists() else EMPTY


def current_store(bundle: Path, changes: Path) -> tuple[ItemStore, int]:
    """The items of a bundle with what changed since it was built, and the version of the catalogue.

    Args:
        changes: the folder of the change log.

    Raises:
        BundleDamaged: the manifest or the items cannot be read.
        BadFile: the log holds a line that is not a change.
    """
    since = as_of(read_manifest(bundle))
    later = (one for segment in ChangeLog(changes).segments_since(since) for one in segment if one.timestamp > since)
    delta = Delta(ItemStore.load(bundle, shop_of_bundle(bundle))).after(later)
    return (LiveStore(delta) if delta.version else delta.base), delta.version
