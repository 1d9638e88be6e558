"""Three people's ways through the product from the first step to the last; the merchandiser's is in test_workbench."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.playground.engineering import MOST_COMMANDS, serve_an_export
from tests.playground.reading import serious_violations
from tests.playground.science import POLICIES, judge_a_log
from tests.support.processes import free_port

pytestmark = pytest.mark.slow


def test_an_engineer_serves_a_shopify_export_and_feeds_it(page: Page, tmp_path: Path) -> None:
    def look(_: str) -> None:
        assert serious_violations(page) == []

    terminals = serve_an_export(tmp_path, free_port(), page, n_products=60, shows=look)
    assert len(terminals.commands) <= MOST_COMMANDS
    assert "read as Shopify" in terminals.shown


def test_a_scientist_comes_from_the_services_own_log_to_a_verdict(
    page: Page, small_bundle: Path, tmp_path: Path
) -> None:
    def look(_: str) -> None:
        assert serious_violations(page) == []

    terminals = judge_a_log(tmp_path, small_bundle, free_port(), page, n_searches=400, shows=look)
    for name in POLICIES:
        assert f"{name} " in terminals.shown
    assert "report.html" in terminals.shown
