"""What the pages are made of is installed with the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

from trimtab.service.playground.templates import FOLDER

ROOT = Path(__file__).resolve().parents[3]


def test_every_template_and_asset_is_package_data() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["trimtab.service.playground"]
    installed = {path for pattern in patterns for path in FOLDER.glob(pattern) if path.is_file()}
    there = {path for part in ("assets", "templates") for path in (FOLDER / part).rglob("*") if path.is_file()}
    assert installed == there
