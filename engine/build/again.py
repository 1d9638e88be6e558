"""A bundle of an earlier version built again, in its place, from the catalogue that is in it.

It is as of the same moment, so that changes made since are made to it as they were to the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.catalog.shop import EMPTY, Shop
from trimtab.catalog.shop import FILE as SHOP
from trimtab.catalog.store import FILE as ITEMS
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, BundleDamaged
from trimtab.core.work.progress import Progress, silent
from trimtab.engine.build.build import build_of_store
from trimtab.engine.build.grocery import build_grocery
from trimtab.engine.bundle.manifest import as_of, read_manifest
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.retrieval.understanding.shop_wording import ShopWording

GROCERY = "grocery"
"""The source of the bundle that learns from its own purchases."""
LOG = "log"


def require_labels(bundle: Path, judgments: pl.DataFrame | None) -> None:
    """Check that what a bundle learned from is there.

    Raises:
        BadParameter: it learned from something else than a log.
    """
    manifest = read_manifest(bundle)
    learned = manifest["training"].get("trained_on", [])
    if not _is_grocery(manifest) and judgments is None and learned and LOG not in learned:
        problem = f"{bundle.name} learned from {' and '.join(learned)}, which a bundle does not hold"
        raise BadParameter("--judgments", problem, "a CSV of query,item_id,grade to learn from")


def build_again(bundle: Path, log: Path, *, judgments: pl.DataFrame | None = None, progress: Progress = silent) -> str:
    """Build a bundle again; the one that stands is replaced whole.

    Args:
        log: what is learned from where that one has learned from a log.
        judgments: what is learned from besides.

    Returns:
        the new bundle's id.
    """
    manifest = read_manifest(bundle)
    retrieval = manifest["retrieval"]
    encoder, address = retrieval["encoder"], retrieval.get("remote", {}).get("address")
    if _is_grocery(manifest):
        return build_grocery(bundle, encoder=encoder, retrieval=address, as_of=as_of(manifest), progress=progress)
    store, shop = _catalogue_of(bundle)
    from_log = LOG in manifest["training"].get("trained_on", [])
    return build_of_store(
        store,
        bundle,
        source=manifest["source"],
        as_of=as_of(manifest),
        shop=shop,
        wording=ShopWording.load(bundle / RETRIEVAL),
        encoder=encoder,
        judgments=judgments,
        log_rows=(row for frame in read_log(log) for row in rows_of(frame)) if from_log else None,
        retrieval=address,
        progress=progress,
    )


def _catalogue_of(bundle: Path) -> tuple[ItemStore, Shop]:
    """The items of a bundle and what is known of the shop; those of version 0.1 have columns alone.

    Raises:
        BundleDamaged: they cannot be read.
    """
    if (bundle / SHOP).exists():
        shop = Shop.read(bundle / SHOP)
        return ItemStore.load(bundle, shop).compacted(), shop
    try:
        return ItemStore.from_frame(pl.read_ipc(bundle / ITEMS)), EMPTY
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BundleDamaged(bundle / ITEMS, f"cannot be read ({error})") from error


def _is_grocery(manifest: Mapping[str, Any]) -> bool:
    """Whether a bundle is built from the purchases alone, without changes that were made since."""
    return manifest["source"] == GROCERY and "compacted_from" not in manifest["training"]
