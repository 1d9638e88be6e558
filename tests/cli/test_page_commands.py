"""`trimtab pages`: text for people, JSON with --json, and the names of before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.webpages.pages_made_here import CHECKOUT, PRODUCT_URL, product
from trimtab import cli

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Output and errors of a command that ends well."""

    def trimtab(*arguments: object) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["trimtab", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capfd.readouterr()
        assert not ended.value.code, printed.err
        return printed.out, printed.err

    return trimtab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "lantern.html").write_text(product(stated="49.90"))
    (pages / "checkout.html").write_text(CHECKOUT)
    return pages


def test_text_for_people_and_json_for_programs(run: Run, folder: Path, tmp_path: Path) -> None:
    page, into, state = folder / "lantern.html", tmp_path / "shop.jsonl", tmp_path / "state.json"
    text, _ = run("pages", "analyze", folder / "checkout.html")
    assert "cardNumber" in text

    ingest = ("pages", "ingest", folder, "--into", into)
    text, _ = run(*ingest)
    assert "2 pages: 1 product pages" in text
    assert "now has 1 items" in text
    assert f"trimtab build {into}" in text
    assert json.loads(run(*ingest, "--json")[0])["items"] == 1

    track = ("pages", "track", page, "--url", PRODUCT_URL, "--state", state)
    text, _ = run(*track)
    assert "49.90 EUR" in text
    assert "available" in text
    assert "nothing new" in text
    page.write_text(product("44,90 €", stated="44.90"))
    text, _ = run(*track)
    assert "44.90 EUR" in text
    assert "49.90" in text
    assert "a confirmed change" in text
    assert json.loads(run(*track, "--json")[0])["price"] == "44.90"


def test_names_of_before_work_as_before_and_name_the_new_one(run: Run, folder: Path, tmp_path: Path) -> None:
    page, into, state = folder / "lantern.html", tmp_path / "shop.jsonl", tmp_path / "state.json"
    text, warning = run("page", page, "--url", PRODUCT_URL)
    assert "49.90" in text
    assert "`trimtab page` is deprecated, use `trimtab pages analyze`" in warning
    assert json.loads(run("page", page, "--json")[0])["kind"] == "product"
    for arguments in ((folder, "--into", into), (f"--into={into}", folder)):
        text, warning = run("pages", *arguments)
        assert json.loads(text)["items"] == 1
        assert "use `trimtab pages ingest FOLDER`" in warning
    text, warning = run("track", page, "--url", PRODUCT_URL, "--state", state)
    assert json.loads(text)["status"] == "available"
    assert "use `trimtab pages track`" in warning


def test_the_help_shows_the_new_names_alone(run: Run) -> None:
    text, _ = run("--help")
    assert " pages " in text
    assert "pages-eval" not in text
    assert " track " not in text
    assert all(name in run("pages", "--help")[0] for name in ("analyze", "ingest", "track", "evaluate"))
