"""Where the items of a feed are: columns of degrees, pairs, and what only looks like them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trimtab.catalog.feeds.columns.summary.inference import said_of
from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.shop_text import shop_text

HERE = [48.857, 2.352]
POINT = {"type": "Point", "coordinates": [2.352, 48.857]}
GEO = {"@type": "GeoCoordinates", "latitude": 48.857, "longitude": "2.352"}
OFFER = {"price": 5, "availableAtOrFrom": {"@type": "Place", "geo": GEO}}


def as_json(values: dict[str, object]) -> str:
    return json.dumps([{"sku": str(number), "name": "Chair", **values} for number in (1, 2)])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.csv", "id,name,latitude,longitude\n1,Chair,48.857,2.352\n2,Table,48.857,2.352\n"),
        ("f.csv", "Nr;Name;Breitengrad;Längengrad\n1;Stuhl;48,857;2,352\n2;Tisch;48,857;2,352\n"),
        ("f.csv", 'id,name,geo\n1,Chair,"48.857, 2.352"\n2,Table,"geo:48.857,2.352"\n'),
        ("f.csv", "id,name,coordinates\n1,Chair,POINT(2.352 48.857)\n2,Table,POINT(2.352 48.857)\n"),
        ("f.json", as_json({"location": {"lat": 48.857, "lon": 2.352}})),
        ("f.json", as_json({"pos": POINT})),
        ("f.json", as_json({"@type": "Product", "offers": OFFER})),
    ],
)  # fmt: skip
def test_places_are_found_however_a_feed_has_them(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    feed = read_feed(path)
    assert feed.items.select("attr_latitude", "attr_longitude").rows() == [tuple(HERE)] * 2
    assert "places: near=LATITUDE,LONGITUDE gives items a distance" in said_of(feed.layout)
    shop = tmp_path / "shop.toml"
    shop.write_text(shop_text(feed.shop))
    again = read_feed(path, shop)
    assert again.items.equals(feed.items)


def test_what_is_no_place_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,name,location,lat,long\n1,Chair,Hall 3,short,200\n2,Table,Hall 4,wide,300\n")
    feed = read_feed(path)
    assert not any(name in feed.items.columns for name in ("attr_latitude", "attr_longitude"))
    assert feed.items["attr_location"].to_list() == ["Hall 3", "Hall 4"]


def test_a_place_that_is_not_on_earth_is_left_empty_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    rows = [f"{n},Chair {n},48.857,2.352" for n in range(60)]
    path.write_text("\n".join(["id,name,lat,lng", *rows, "60,Table,95,2", "61,Table,48,"]))
    feed = read_feed(path)
    assert feed.items["attr_latitude"].to_list()[-2:] == [None, None]
    assert "1 cell of lat could not be read and is left empty" in feed.rejections.said
