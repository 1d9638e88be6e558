"""A shop of an earlier version made one of this: looked at, backed up, and what is no longer read is built again.

Logs, changes to the catalogue, definitions, keys and followed pages of earlier versions are read as they are, so
nothing of the data folder is written. Bundles are not: those of an earlier schema are replaced, each whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.catalog.live.change_log import ChangeLog
from trimtab.core.errors import BundleDamaged, BundleMismatch
from trimtab.core.work.progress import Progress, silent
from trimtab.engine.build.again import build_again, require_labels
from trimtab.engine.bundle.manifest import MANIFEST
from trimtab.engine.bundle.verification import verify
from trimtab.engine.log.impressions import ImpressionReader, is_data_folder, log_parts
from trimtab.service.backups import BackedUp, back_up, require_folders
from trimtab.service.catalogue.live_catalogue import FOLDER as CHANGES


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was found and done.

    Attributes:
        backup: what the shop was before.
        n_impressions: that this version reads; the others are `n_left_out`.
        n_changes: to the catalogue, that it reads.
        bundles: by name the id of the one that was built, None where the bundle is read as it is.
    """

    backup: BackedUp
    n_impressions: int
    n_left_out: int
    n_changes: int
    bundles: Mapping[str, str | None]

    def as_dict(self) -> dict[str, Any]:
        return {
            "backup": self.backup.as_dict(),
            "n_impressions": self.n_impressions,
            "n_left_out": self.n_left_out,
            "n_changes": self.n_changes,
            "bundles": dict(self.bundles),
        }


def upgrade(
    data_folder: Path,
    bundle_folder: Path,
    archive: Path,
    *,
    judgments: pl.DataFrame | None = None,
    progress: Progress = silent,
) -> Upgraded:
    """Make a shop one that this version serves; everything is looked at before anything is written.

    Args:
        archive: where the shop is kept as it was, a new file.
        judgments: what bundles learn from that have learned from judgments.

    Raises:
        BadParameter: a folder is not there, the archive is, or a bundle learned from what is not at hand.
        BundleDamaged: a bundle is not what was written.
        BadFile, BadLog: a log of the data folder cannot be read.
    """
    require_folders(data_folder, bundle_folder, archive)
    names = sorted(path.parent.name for path in bundle_folder.glob(f"[!.]*/{MANIFEST}"))
    older = {name for name in names if not _is_read(bundle_folder / name)}
    for name in older:
        require_labels(bundle_folder / name, judgments)
    n_impressions, n_left_out = _rows_of_log(data_folder)
    n_changes = len(ChangeLog(data_folder / CHANGES).read())
    kept = back_up(data_folder, bundle_folder, archive, progress=progress)
    bundles = {
        name: build_again(bundle_folder / name, data_folder, judgments=judgments, progress=progress)
        if name in older
        else None
        for name in names
    }
    return Upgraded(kept, n_impressions, n_left_out, n_changes, bundles)


def _rows_of_log(data_folder: Path) -> tuple[int, int]:
    """How many rows of its log can be used, and how many cannot."""
    if not (is_data_folder(data_folder) and log_parts(data_folder)):
        return 0, 0
    log = ImpressionReader(data_folder, ("decision_id",))
    return sum(map(len, log)), len(log.rejected)


def _is_read(bundle: Path) -> bool:
    try:
        verify(bundle)
    except BundleMismatch:
        return False
    except BundleDamaged as error:
        raise BundleDamaged(f"{bundle.name}/{error.path}", error.problem) from error
    return True
