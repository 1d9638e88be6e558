"""How much memory containers leave, by the files in which their kernel says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.core.work.memory_room import room_in

NEW = {"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 700\ninactive_file 150\n"}
OLD = {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "900", "memory.stat": "total_inactive_file 50\n"}


@pytest.mark.parametrize(
    ("files", "room"),
    [
        (NEW, 250),
        (OLD, 150),
        ({**NEW, "memory.max": "max"}, None),
        ({**OLD, "memory.limit_in_bytes": "9223372036854771712"}, 9223372036854771712 - 850),
        ({"memory.stat": "inactive_file 150\n"}, None),
        ({**NEW, "memory.stat": "anon 700\n"}, None),
        ({}, None),
    ],
)
def test_what_a_group_leaves(files: dict[str, str], room: int | None, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert room_in([tmp_path]) == room


def test_the_tightest_counts(tmp_path: Path) -> None:
    for name, files in {"outer": NEW, "inner": OLD}.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    assert room_in([tmp_path / "outer", tmp_path / "inner", tmp_path / "missing"]) == 150
