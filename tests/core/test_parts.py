"""Parts of work that was stopped are found again, and nothing else is taken for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BadInput
from trimtab.core.work.parts import Parts, content_bytes, parts_beside

ONES = np.ones((3, 2), dtype=np.float32)


def refuse(path: Path) -> None:
    raise BadInput(path.name)


def fail() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    raise AssertionError("it is there")


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = Parts(tmp_path / "new").kept(["a", "b"], lambda: ONES)
    assert content_bytes(path) == ONES.nbytes
    assert Parts(tmp_path / "new").kept(["a", "b"], fail) == path
    assert np.fromfile(path, np.float32, 6).tolist() == [1] * 6


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_other_work_is_another_part(tmp_path_factory: pytest.TempPathFactory, one: list[str], other: list[str]) -> None:
    parts = Parts(tmp_path_factory.mktemp("parts"))
    assert (parts.kept(one, lambda: ONES) == parts.kept(other, lambda: ONES)) == (one == other)


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"x" + content[1:], lambda _: b""])
def test_a_damaged_part_is_made_again(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    parts = Parts(tmp_path)
    path = parts.kept(["a"], lambda: ONES)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert parts.kept(["a"], lambda: ONES).read_bytes() == whole


def test_parts_are_deleted_with_the_work_they_were_for(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    left = Path()

    def stopped() -> None:
        nonlocal left
        with parts_beside(out) as parts:
            left = parts.kept(["a"], lambda: ONES)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    with parts_beside(out) as parts:
        assert parts.kept(["a"], fail) == left
    assert not left.exists()
    with pytest.raises(BadInput), parts_beside(out) as parts:
        refuse(parts.kept(["a"], lambda: ONES))
    assert list(tmp_path.iterdir()) == []
