"""Reports of `trimtab replay` in a folder, for people to look at. Only what lies in that folder is ever opened."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from trimtab.core.errors import NotFound

REPORT = "report.json"
MAX_BYTES = 2_000_000
"""The size of one report: many times what `trimtab replay` writes of a few policies."""
MOST_LISTED = 100

_log = structlog.get_logger()


class ReplayReports:
    """The folders in one folder that hold a report."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self) -> list[tuple[str, datetime]]:
        """The reports that were written last, and when, the last one first."""
        if not self._folder.is_dir():
            return []
        found = []
        for path in self._folder.glob(f"*/{REPORT}"):
            with suppress(NotFound, FileNotFoundError):  # it may be replaced or removed meanwhile
                found.append((self._written(path.parent.name), path.parent.name))
        return [(name, written) for written, name in sorted(found, reverse=True)[:MOST_LISTED]]

    def read(self, name: str) -> dict[str, Any]:
        """The result that `trimtab replay --json` printed.

        Raises:
            NotFound: there is no report of that name, or none that `trimtab replay` wrote.
        """
        file = self._file(name)
        try:
            if file.stat().st_size > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES:,} bytes")
            report = orjson.loads(file.read_bytes())
            if not isinstance(report, dict) or not {"policies", "log", "differences"} <= report.keys():
                raise ValueError("not a report of trimtab replay")
        except (OSError, ValueError) as error:
            _log.warning("report cannot be read", name=name, problem=str(error))
            raise NotFound(f"{name!r} is not a report that can be read; the service's log says why") from None
        return report

    def _written(self, name: str) -> datetime:
        return datetime.fromtimestamp(self._file(name).stat().st_mtime, tz=UTC)

    def _file(self, name: str) -> Path:
        folder = self._folder.resolve()
        file = (folder / name / REPORT).resolve()
        # A link that leads elsewhere is not a report, whatever its name.
        if file.parent.parent != folder or not file.is_file():
            raise NotFound(f"there is no report {name!r}")
        return file
