"""The service started in a folder whose packages are called as ours are."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.processes import is_ready, process
from tests.support.services import load_bundle
from tests.support.waiting import eventually

PAGE = """<html><head><title>Clay pot</title><script type="application/ld+json">{"@context": "https://schema.org",
"@type": "Product", "name": "Clay pot", "sku": "p-1", "offers": {"@type": "Offer", "price": "4.50",
"priceCurrency": "USD"}}</script></head><body><h1>Clay pot</h1><p>$4.50</p></body></html>"""


def test_the_service_and_its_child_processes_ignore_packages_of_the_callers_folder(
    small_bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "caller"
    for name in ("core", "text", "catalog", "retrieval", "ranker", "engine", "webpages", "service", "abtest", "cli"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise RuntimeError('a package of the caller was imported')\n")
    bundles = tmp_path / "bundles"
    for name in ("first", "second"):
        shutil.copytree(small_bundle, bundles / name)
    admin = {"Authorization": "Bearer sesame"}
    with process(bundles / "first", tmp_path / "data", folder=folder, admin_key="sesame") as (_, client):
        eventually(lambda: is_ready(client))
        assert client.get("/search", params={"q": "tomato soup"}).status_code == 200
        # What a child process could import: nothing of the folder, whatever it is called.
        (folder / "json.py").write_text("raise RuntimeError('a module of the caller was imported')\n")
        assert load_bundle(client, "second", admin)["state"] == "loaded"
        body = {"html": PAGE, "url": "https://shop.example/p/1"}
        taken = client.post("/pages", json=body, headers=admin)
        assert taken.status_code == 200, taken.text
        assert taken.json()["page"]["kind"] == "product"
