"""Folders that appear whole or not at all, and what is left of those that were killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.core.atomic import OLD, folder_beside, new_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from trimtab.core.atomic import folder_beside
with folder_beside(Path(sys.argv[1])) as folder:
    (folder / "half").write_bytes(bytes(9))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_with_the_next_and_nothing_else_does(tmp_path: Path) -> None:
    out = tmp_path / "shop"
    assert subprocess.run([sys.executable, "-c", KILLED, out], check=False).returncode < 0
    (left,) = tmp_path.iterdir()
    others = {tmp_path / name for name in (".shop.parts", ".shop.old.abcdefgh", ".shop.2.abcdefgh", "shop.abcdefgh")}
    before = tmp_path / ".shop.12345678"  # was killed while it replaced an earlier one
    for folder in (*others, before / OLD):
        folder.mkdir(parents=True)
    with folder_beside(out) as first, folder_beside(out) as second:
        assert not left.exists()
        assert set(tmp_path.iterdir()) == {*others, before, first, second}
    assert set(tmp_path.iterdir()) == {*others, before}


def test_a_new_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> None:
        with new_folder(tmp_path / "new") as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert not any(tmp_path.iterdir())
    with new_folder(tmp_path / "new") as folder:
        (folder / "whole").touch()
    with new_folder(tmp_path / "new", replaces="whole") as folder:
        (folder / "other").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "other"]
