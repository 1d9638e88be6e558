"""Pictures of the playground for docs/img: `python -m tests.playground.screenshots --bundle bundles/grocery`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from service.redis_server import redis_for
from service.settings import Settings
from tests.playground.chromium import running_chromium
from tests.service.conftest import serving

STEERED = "/?q=coffee&w_relevance=0.35&w_revenue=0.55&w_diversity=0.1&max_relevance_loss=0.05"


def open_suggestions(page: Page) -> None:
    page.get_by_role("combobox", name="Search the catalogue").press_sequentially("yog")
    page.get_by_role("option").first.wait_for()


PICTURES: dict[str, tuple[str, int, int, str, Callable[[Page], None] | None]] = {
    "playground-light": (STEERED, 1440, 1000, "light", None),
    "playground-dark": (STEERED, 1440, 1000, "dark", None),
    "playground-narrow": (STEERED, 360, 1400, "light", None),
    "playground-start": ("/", 1440, 700, "light", open_suggestions),
}
"""Address, width, height, colour scheme, and what is done first."""


def take(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with running_chromium() as browser:
        for name, (path, width, height, scheme, prepare) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            if prepare is not None:
                prepare(page)
            page.screenshot(path=folder / f"{name}.png")
            page.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, default=Path("bundles/grocery"))
    arguments.add_argument("--out", type=Path, default=Path("docs/img"))
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as data, redis_for(None, Path(data)) as url:
        settings = Settings(bundle=given.bundle, data_folder=Path(data), redis_url=url)
        with serving(settings) as client:
            take(str(client.base_url).rstrip("/"), given.out)


if __name__ == "__main__":
    main()
