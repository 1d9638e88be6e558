"""deploy/wording.py finds what it is for, and lets through what says why."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("wording", ROOT / "deploy" / "wording.py")
assert SPEC is not None
assert SPEC.loader is not None
wording = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(wording)


@pytest.mark.parametrize(
    "line",
    [
        "the rungs of a search",  # wording: allow (what is looked for)
        "f'{value} is no weight'",  # wording: allow (what is looked for)
        "    def over(self) -> None:",  # wording: allow (what is looked for)
        '    """Of an item."""',
        "    watch.saw(slate)",  # wording: allow (what is looked for)
        "    import heavy  # noqa: PLC0415",
    ],
)
def test_finds(line: str) -> None:
    assert [number for number, _, _ in wording.problems(f"fine\n{line}\n")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "there is no item",
        "    import heavy  # noqa: PLC0415  # an extra",
        "it is no longer loaded",
        "polars.col('a').sum().over('b')",
        "a moving ladder  # wording: allow (a product of the shop)",
        '"""Overview of it."""',
    ],
)
def test_lets_through(line: str) -> None:
    assert not list(wording.problems(line))
