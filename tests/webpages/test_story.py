# markup reads better unbroken
"""What a shop's engineer does with pages: analyse one, fill a catalogue from a folder, follow a price."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.catalogues import read_catalogue
from tests.webpages.pages_made_here import ARTICLE, CHECKOUT, PRODUCT_URL, product
from trimtab.core.errors import BadFile, BadInput
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.webpages import commands
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.counters import PageCounters

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_product_page_becomes_elements_and_an_item() -> None:
    answer = commands.post_page(product(stated="49.90"), PRODUCT_URL)
    page, item = answer["page"], answer["item"]
    assert page["kind"] == "product"
    price = page["elements"]["price"]
    assert (price["value"], price["currency"]) == ("49.90", "EUR")
    assert "structured" in price["evidence"]
    assert 0.5 < price["confidence"] <= 1
    assert page["elements"]["name"]["value"] == "Brass Lantern"
    assert page["elements"]["sku"]["value"] == "BL-4711"
    assert page["elements"]["gtin"]["value"] == "4006381333931"
    assert page["elements"]["availability"]["value"] == "InStock"
    assert page["elements"]["image"]["value"].endswith("/img/lantern-large.jpg")
    assert item["item_id"] == "gtin:04006381333931"
    assert (item["title"], item["brand"], item["price"], item["in_stock"]) == ("Brass Lantern", "Lumen", 49.9, True)
    assert answer["provenance"]["elements"]["price"]["path"]
    json.dumps(answer, allow_nan=False)


def test_a_page_that_states_nothing_is_read_as_a_shopper_reads_it() -> None:
    page = analyze_page(product("49,90 €"), PRODUCT_URL)
    assert page.elements["price"].value == "49.90"
    assert "structured" not in page.elements["price"].evidence


def test_the_current_price_wins_over_the_struck_one() -> None:
    block = (
        '<div class="price-box"><del class="old-price">79,90 €</del> <span class="special-price">49,90 €</span></div>'
    )
    assert analyze_page(product(block=block), PRODUCT_URL).elements["price"].value == "49.90"


def test_an_article_is_no_product_and_gets_no_item() -> None:
    answer = commands.post_page(ARTICLE, "https://paper.example/lighthouses")
    assert answer["page"]["kind"] == "other"
    assert answer["page"]["elements"] == {}
    assert answer["item"] is None


def test_a_checkout_is_recognised_and_can_be_filled_but_not_sent() -> None:
    page = analyze_page(CHECKOUT, "https://shop.example/checkout")
    assert page.kind == "checkout"
    (form,) = [form for form in page.forms if form["kind"] == "fields"]
    types = [(row["type"], row["section"]) for row in form["fields"]]
    assert types.count(("addressCity", "shipping")) == 1
    assert types.count(("addressCity", "billing")) == 1
    assert ("cardNumber", "payment") in types
    assert all(step["confidence"] >= 0.9 for step in form["fill"])
    assert not any("button" in step["path"] for step in form["fill"])


def test_a_folder_fills_a_catalogue_once_for_each_product(tmp_path: Path) -> None:
    folder, catalogue = tmp_path / "pages", tmp_path / "shop.jsonl"
    folder.mkdir()
    (folder / "a.html").write_text(product(stated="49.90"))
    (folder / "again.html").write_text(product("47,50 €", stated="47.50"))
    (folder / "article.html").write_text(ARTICLE)
    report = commands.ingest_folder(folder, catalogue)
    assert (report["pages"], report["products"], report["items"]) == (3, 2, 1)
    assert report["left_out"] == {"other": 1}
    items, _ = read_catalogue(catalogue)
    assert items["price"].to_list() == [pytest.approx(47.5)]
    provenance = [json.loads(line) for line in (tmp_path / "shop.provenance.jsonl").read_text().splitlines()]
    assert [row["source"] for row in provenance] == ["a.html", "again.html"]
    assert commands.ingest_folder(folder, catalogue)["items"] == 1


def test_a_page_of_another_shop_does_not_change_an_item(tmp_path: Path) -> None:
    folder, catalogue, urls = tmp_path / "pages", tmp_path / "shop.jsonl", tmp_path / "urls.json"
    folder.mkdir()
    (folder / "a.html").write_text(product("79,99 €", stated="79.99"))
    (folder / "b.html").write_text(product("0,01 €", stated="0.01"))
    urls.write_text(json.dumps({"a.html": PRODUCT_URL, "b.html": "https://hostile.example/p/1"}))
    report = commands.ingest_folder(folder, catalogue, urls=urls)
    assert (report["items"], report["left_out"]) == (1, {"another shop's": 1})
    assert read_catalogue(catalogue)[0]["price"].to_list() == [pytest.approx(79.99)]
    report = commands.ingest_folder(folder, tmp_path / "own.jsonl", urls=urls, own_hosts=["lantern-shop.example.de"])
    assert (report["items"], report["left_out"]) == (1, {"another shop's": 1})


def test_addresses_are_of_files_below_the_folder(tmp_path: Path) -> None:
    folder, catalogue, urls = tmp_path / "pages", tmp_path / "shop.jsonl", tmp_path / "urls.json"
    lantern = product(stated="49.90")
    lamp = (
        lantern.replace("Brass Lantern", "Oil Lamp").replace("4711", "4812").replace("4006381333931", "5901234123457")
    )
    for name, html in (("a", lantern), ("b", lamp)):
        (folder / name).mkdir(parents=True)
        (folder / name / "p1.html").write_text(html)
    addresses = {"a/p1.html": "https://one.example/p/1", "b/p1.html": "https://two.example/p/1"}
    urls.write_text(json.dumps(addresses))
    assert commands.ingest_folder(folder, catalogue, urls=urls)["items"] == 2
    provenance = [json.loads(line) for line in (tmp_path / "shop.provenance.jsonl").read_text().splitlines()]
    assert {row["source"]: row["url"] for row in provenance} == addresses
    urls.write_text(json.dumps({"p1.html": PRODUCT_URL}))
    with pytest.raises(BadInput, match=r"several pages; allowed: a/p1\.html, b/p1\.html"):
        commands.ingest_folder(folder, catalogue, urls=urls)
    urls.write_text(json.dumps({"p2.html": PRODUCT_URL}))
    with pytest.raises(BadInput, match=r"no page 'p2\.html'.*did you mean '[ab]/p1\.html'"):
        commands.ingest_folder(folder, catalogue, urls=urls)


def test_a_price_in_another_currency_is_not_mixed_in() -> None:
    item = commands.post_page(product(stated="49.90"), PRODUCT_URL, currency="USD")["item"]
    assert "price" not in item


def test_bad_folders_and_catalogues_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="not a folder"):
        commands.ingest_folder(tmp_path / "missing", tmp_path / "c.jsonl")
    with pytest.raises(BadFile, match=r"holds no \.html"):
        commands.ingest_folder(tmp_path, tmp_path / "c.jsonl")
    (tmp_path / "a.html").write_text(ARTICLE)
    with pytest.raises(BadFile, match="JSON-lines"):
        commands.ingest_folder(tmp_path, tmp_path / "c.csv")
    (tmp_path / "c.jsonl").write_text("[1]\n")
    with pytest.raises(BadFile, match="row 1"):
        commands.ingest_folder(tmp_path, tmp_path / "c.jsonl")
    (tmp_path / "broken.html.gz").write_bytes(b"no gzip")
    with pytest.raises(BadFile, match="cannot be read"):
        commands.analyze_file(tmp_path / "broken.html.gz")


def test_what_is_left_out_is_explained() -> None:
    page = analyze_page(re.sub("<img[^>]*>", "", product("49,90 €")), PRODUCT_URL)
    assert page.as_dict()["abstained"]["image"] == "nothing on the page could be one"
    assert set(page.abstained).isdisjoint(page.elements)
    assert {"price", "name", "image", "add_to_cart"} <= {*page.abstained, *page.elements}


def test_pages_into_a_catalogue_that_is_built_and_grows(tmp_path: Path) -> None:
    """What `trimtab pages ingest` writes `trimtab build` reads; a catalogue of other items may be added to."""
    into, folder = tmp_path / "catalogue.jsonl", tmp_path / "pages"
    into.write_text(json.dumps({"item_id": "lamp", "title": "Oil lamp", "price": "12,90 €", "attr_fuel": "oil"}) + "\n")
    folder.mkdir()
    (folder / "lantern.html").write_text(product(stated="49.90"))
    commands.ingest_folder(folder, into)
    items, rejections = read_catalogue(into)
    assert not rejections.rows
    rows = {row["item_id"]: row for row in items.to_dicts()}
    assert (rows["lamp"]["price"], rows["lamp"]["attr_fuel"]) == (pytest.approx(12.9), "oil")
    lantern = rows["gtin:04006381333931"]
    assert (lantern["title"], lantern["price"], lantern["in_stock"]) == ("Brass Lantern", pytest.approx(49.9), True)

    build_bundle(items, tmp_path / "bundle", source=into.name, encoder="wordllama")
    assert Engine.load(tmp_path / "bundle").slate(Query("brass lantern")).item_ids[0] == "gtin:04006381333931"


def test_a_price_is_followed_from_file_to_file(tmp_path: Path) -> None:
    state, history, file = tmp_path / "state.json", tmp_path / "history.parquet", tmp_path / "page.html"
    for day, price in enumerate(("49,90 €", "49,90 €", "44,90 €")):
        file.write_text(product(price, stated=price[:5].replace(",", ".")))
        visit = commands.track_file(file, url=PRODUCT_URL, state=state, history=history, at=DAY + timedelta(days=day))
    assert visit["alert"]
    assert (visit["previous"], visit["price"]) == ("49.90", "44.90")
    assert json.loads(state.read_text())[PRODUCT_URL]["price"] == "44.90"


def test_monitoring_counts_what_was_found_and_where_statements_disagree() -> None:
    counters = PageCounters()
    for html in (product(stated="49.90"), product("49,90 €", stated="59.90"), ARTICLE):
        counters.add(analyze_page(html, PRODUCT_URL))
    assert counters.kinds == {"product": 2, "other": 1}
    assert counters.found["name"] == 2
    assert sum(n for (name, _), n in counters.confidences.items() if name == "name") == 2
    assert counters.compared == {"lantern-shop.example.de": 2}
