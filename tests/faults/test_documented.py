"""docs/failure-modes.md and docs/security.md name tests and alerts that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("document", ["failure-modes.md", "security.md"])
def test_every_test_that_is_named_exists(document: str) -> None:
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", (DOCS / document).read_text()))
    assert len(named) > 15
    assert named <= defined


def test_every_alert_has_its_row() -> None:
    text = (DOCS / "failure-modes.md").read_text()
    alerts = re.findall(r"- alert: (\w+)", (ROOT / "deploy/prometheus/alerts.yml").read_text())
    assert [alert for alert in alerts if alert not in text] == []
