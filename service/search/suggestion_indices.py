"""Indices of suggestions in the data folder: one process makes them (`suggestion_process`), all workers map them.

suggestions/<moment>/made.json     what it was made of
suggestions/<moment>/index/        `trimtab.retrieval.suggestions.index`
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

FOLDER, MADE, INDEX = "suggestions", "made.json", "index"
MOST_KEPT = 4
"""Indices that are kept: some are mapped still, others are of bundles that may serve again."""


class Task(BaseModel):
    """What an index is to be made of.

    Attributes:
        bundle: its folder.
        changes: the folder of the log of changes to its catalogue.
        count_seconds: the age of the counts of the log's queries at which they are counted again; 0 leaves queries out.
        min_users, blocked: see `trimtab.retrieval.suggestions.queries.queries_of`.
    """

    model_config = ConfigDict(frozen=True)

    data_folder: Path
    bundle: Path
    bundle_id: str
    changes: Path
    count_seconds: float
    min_users: int
    blocked: tuple[str, ...]


class Made(BaseModel):
    """What an index was made of.

    Attributes:
        version: of the catalogue.
        began: seconds since 1970.
        seconds: of the processor that it took.
    """

    task: Task
    version: int
    began: float
    seconds: float


def newest(task: Task) -> tuple[Made, Path] | None:
    """What was made last for a task, and the index; None where nothing was."""
    return next(((made, folder / INDEX) for made, folder in _all(task.data_folder) if made.task == task), None)


def forget_older(data_folder: Path) -> None:
    """Remove all but the newest indices; who has mapped one goes on reading it."""
    for _, folder in [*_all(data_folder)][MOST_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _all(data_folder: Path) -> Iterator[tuple[Made, Path]]:
    """The indices that are whole, the newest first."""
    for path in sorted((data_folder / FOLDER).glob(f"*/{MADE}"), reverse=True):
        try:
            yield Made.model_validate_json(path.read_bytes()), path.parent
        except (FileNotFoundError, ValidationError):
            continue  # removed meanwhile, or of another version
