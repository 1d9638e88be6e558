"""The data folder over time: files that nobody here wrote, files that are damaged, and an end to what is kept."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from trimtab.core.errors import BadLog
from trimtab.engine.log.interactions import read_interactions, read_spooled
from trimtab.service.logs.event_compactor import EventCompactor
from trimtab.service.logs.retention import Retention

TODAY = date(2026, 3, 1)
MB = 1_000_000


def event(event_id: str) -> bytes:
    values = {
        "event_id": event_id, "decision_id": "d", "timestamp": datetime.now(UTC), "action": "click", "item_id": "i",
        "user_id": None, "position": 0, "quantity": 1.0, "value": 0.0,
    }  # fmt: skip
    return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def test_foreign_and_damaged_files_do_not_end_the_compaction(tmp_path: Path) -> None:
    spool = tmp_path / "spool" / "interactions"
    spool.mkdir(parents=True)
    (spool / "notes.jsonl").write_text("{}\n")
    (spool / "20250101T000000-damaged.jsonl").write_text("not JSON\n")
    (spool / "20250102T000000-outside.jsonl").symlink_to(tmp_path / "elsewhere")
    (spool / "20250103T000000-good.jsonl").write_bytes(event("e1"))
    for place in ("date=2026-01-01", f"date={datetime.now(UTC).date()}", "date=sometime"):
        part = tmp_path / "impressions" / place / "20250101T000000-damaged.parquet"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"PAR1 and no more")
    (tmp_path / "spool" / "impressions").mkdir()
    (tmp_path / "spool" / "impressions" / "notes.jsonl").write_text("not JSON\n")

    counted: dict[str, int] = {}
    compactor = EventCompactor(tmp_path, lambda result, n: counted.update({result: n}), every_seconds=1)
    compactor.compact()
    assert counted == {"matched": 0, "unknown": 1}
    (part,) = (tmp_path / "unmatched").rglob("*.parquet")
    assert pl.read_parquet(part)["event_id"].to_list() == ["e1"]
    assert {path.name for path in spool.iterdir()} == {
        "notes.jsonl",
        "20250101T000000-damaged.jsonl",
        "20250102T000000-outside.jsonl",
    }


def test_a_damaged_part_is_named_however_it_is_damaged(tmp_path: Path) -> None:
    """polars panics at some of these."""
    part = tmp_path / "interactions" / "date=2025-01-01" / "20250101T000000-0.parquet"
    part.parent.mkdir(parents=True)
    (tmp_path / "spool.jsonl").write_bytes(b"".join(event(f"e{n}") for n in range(50)))
    read_spooled(tmp_path / "spool.jsonl").write_parquet(part)
    whole, random, n_refused = part.read_bytes(), np.random.default_rng(1), 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[-int(random.integers(1, 2000))] ^= 255
        part.write_bytes(damaged)
        with suppress(BadLog):
            read_interactions(tmp_path)
            continue
        n_refused += 1
    assert n_refused > 100


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Four months of finished files, one a month and log, a megabyte each; one that spools, and a stranger's."""
    for month in (11, 12, 1, 2):
        day = date(2025 if month > 2 else 2026, month, 1)
        for log in ("impressions", "interactions"):
            write(tmp_path / log / f"date={day}" / f"{day:%Y%m%d}T000000-0.parquet")
    write(tmp_path / "impressions" / "date=2025-11-01" / "notes.parquet")
    write(tmp_path / "spool" / "interactions" / "20251001T000000-0.jsonl")
    return tmp_path


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(MB))


def removed(folder: Path, *, keep_days: float = 0, max_bytes: int = 0) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    Retention(
        folder, lambda log, reason: found.append((log, reason)), keep_days=keep_days, max_bytes=max_bytes
    ).enforce(TODAY)
    return found


def test_finished_files_are_removed_by_age(kept: Path) -> None:
    assert removed(kept) == []
    assert sorted(removed(kept, keep_days=60)) == [
        (log, "age") for log in ("impressions", "interactions") for _ in "ab"
    ]
    left = {path.parent.name for path in kept.glob("*/date=*/2*.parquet")}
    assert left == {"date=2026-01-01", "date=2026-02-01"}
    assert (kept / "impressions" / "date=2025-11-01" / "notes.parquet").exists()
    assert not (kept / "interactions" / "date=2025-11-01").exists()


def test_the_oldest_finished_files_go_until_the_rest_fits(kept: Path) -> None:
    # Nine megabytes are counted: eight files and what spools, which stays however old it is.
    assert removed(kept, max_bytes=9 * MB) == []
    assert removed(kept, max_bytes=6 * MB) == [
        ("impressions", "quota"),
        ("interactions", "quota"),
        ("impressions", "quota"),
    ]
    assert (kept / "spool" / "interactions" / "20251001T000000-0.jsonl").exists()
    assert (kept / "interactions" / "date=2025-12-01").exists()


def test_a_file_that_is_being_written_stays(tmp_path: Path) -> None:
    open_one, finished = (tmp_path / "pages" / f"20240101T00000{n}-0.jsonl" for n in range(2))
    for path in (open_one, finished):
        write(path)
    with open_one.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert removed(tmp_path, keep_days=30) == [("pages", "age")]
    assert open_one.exists()
    assert not finished.exists()
