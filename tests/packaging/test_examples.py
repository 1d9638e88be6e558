"""Every script in examples/ runs, in a folder of its own, and prints what it is about."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PRINTED = {
    "estimator": ("true value 0.1350", "snips"),
    "judgments": ("trained on 5 queries", "held-out ndcg@10", "coffee: Ground coffee"),
    "page": ("product page", "89.50", "'title': 'Trail shoe'"),
    "replay": ("relevance alone", "half revenue"),
    "search": ("12 items", "ice cream brand:Polar", "Lemon sorbet"),
    "steer": ("revenue weight", "with max_relevance_loss=0.01"),
}


def test_every_script_is_listed() -> None:
    scripts = {path.stem for path in EXAMPLES.glob("*.py")}
    assert scripts == set(PRINTED)
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"({name}.py)" in listed for name in scripts)


SLOW = {"judgments"}
"""Half a minute of training."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in sorted(PRINTED)]
)
def test_it_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert all(text in printed for text in PRINTED[name])
    assert not list(tmp_path.iterdir())
