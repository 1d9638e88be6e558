"""Users who were erased, for the segments of logs that were being written then: their rows are left out at the seal.

`<data folder>/erased/users.jsonl` has a line an erasure: a digest of the user's id, and when. A lock keeps an erasure
apart from the seals under way, so that a part is either there to be rewritten or is written without the user.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl

from trimtab.core.atomic import sync_folder

FOLDER, FILE, LOCK = "erased", "users.jsonl", ".lock"
BEGUN = "%Y%m%dT%H%M%S"
"""How the name of a segment begins."""

Filter = Callable[[pl.DataFrame], pl.DataFrame]


def digest_of(user_id: str) -> str:
    """The digest by which an erased user is known."""
    return hashlib.sha256(user_id.encode()).hexdigest()


def add_erased(data_folder: Path, user_id: str) -> None:
    """Have segments that were begun by now be sealed without this user, once no seal is under way."""
    with _locked(data_folder, fcntl.LOCK_EX), (data_folder / FOLDER / FILE).open("ab") as file:
        line = {"user": digest_of(user_id), "at": datetime.now(UTC)}
        file.write(b"\n" + orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        file.flush()
        os.fsync(file.fileno())
        sync_folder(data_folder / FOLDER)


@contextmanager
def without_erased(data_folder: Path, segment: Path) -> Iterator[Filter]:
    """A function that leaves out the rows of erased users; no user is erased until the block ends."""
    with _locked(data_folder, fcntl.LOCK_SH):
        erased = _erased_since(data_folder, _begun(segment))
        yield lambda frame: _without(frame, erased)


def _without(frame: pl.DataFrame, erased: set[str]) -> pl.DataFrame:
    if not erased:
        return frame
    users = [user for user in frame["user_id"].unique() if user is not None and digest_of(user) in erased]
    return frame.filter(~pl.col("user_id").is_in(users) | pl.col("user_id").is_null()) if users else frame


def _erased_since(data_folder: Path, begun: datetime) -> set[str]:
    path = data_folder / FOLDER / FILE
    if not path.exists():
        return set()
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    return {line["user"] for line in lines if datetime.fromisoformat(line["at"]) >= begun}


def _begun(segment: Path) -> datetime:
    try:
        return datetime.strptime(segment.stem[:15], BEGUN).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


@contextmanager
def _locked(data_folder: Path, how: int) -> Iterator[None]:
    (data_folder / FOLDER).mkdir(parents=True, exist_ok=True)
    with (data_folder / FOLDER / LOCK).open("a") as lock:
        fcntl.flock(lock, how)
        yield
