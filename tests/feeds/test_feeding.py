"""A feed that comes again: what it adds, changes and removes while the catalogue serves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trimtab
from tests.feeds.platform_feeds import merchant_tsv
from trimtab.catalog.feeds.reading import read_feed
from trimtab.core.errors import BadFile, BadInput
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.live.feeding import FeedChanges, apply_difference, difference_of, read_again
from trimtab.engine.live.live_engine import LiveEngine

N = 12
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Engine]:
    """A feed and the engine over the bundle that was built from it."""
    folder = tmp_path_factory.mktemp("shop")
    merchant_tsv(folder / "feed.tsv", N)
    return folder / "feed.tsv", trimtab.build(folder / "feed.tsv", folder / "bundle", encoder="wordllama").engine


def rewritten(source: Path, out: Path, change: Callable[[Rows], Rows], columns: list[str] | None = None) -> Path:
    with source.open(newline="") as file:
        rows = change(list(csv.DictReader(file, delimiter="\t")))
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), delimiter="\t", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return out


def again(live: LiveEngine, path: Path, *, is_full: bool = True) -> FeedChanges:
    return read_again(live, path, is_full=is_full, max_rejected_share=0.05)[1]


def test_the_same_feed_changes_nothing(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    source, engine = shop
    live = LiveEngine(engine, tmp_path / "log")
    difference = again(live, source)
    assert (difference.added, difference.changed, difference.removed) == ([], [], [])
    assert difference.n_same == difference.n_before == len(engine.store)
    assert apply_difference(live, difference) == 0


def test_a_full_feed_adds_changes_and_removes(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    source, engine = shop

    def change(rows: Rows) -> Rows:
        rows[0]["price"] = rows[0]["sale_price"] = "1.50 EUR"
        rows[1]["color"], rows[2]["title"] = "Ultramarine", "Entirely other words"
        gone = rows.pop(5)
        new = {**gone, "id": "NEW-1", "title": "Quince press", "product_type": "Kitchen > Presses"}
        return [*rows, new]

    live, reader = LiveEngine(engine, tmp_path / "log"), LiveEngine(engine, tmp_path / "log")
    path = rewritten(source, tmp_path / "again.tsv", change)
    difference = again(live, path)
    assert difference.summary == f"1 to add, 3 to change, 1 to remove, {len(engine.store) - 4} as they are"
    assert [item["item_id"] for item in difference.added] == ["NEW-1"]
    assert {name for item in difference.changed for name in item} >= {"price", "attr_color", "title"}
    assert live.follow().catalogue_version == 0  # nothing has been changed by looking
    apply_difference(live, difference)
    now = reader.follow()
    shown = {
        item_id for n in range(0, len(now.store), 200) for item_id in now.slate(Query("", k=200, offset=n)).item_ids
    }
    assert not shown & set(difference.removed)
    assert reader.item(difference.changed[1]["item_id"])["attr_color"] == "Ultramarine"
    assert now.slate(Query("quince press")).item_ids[0] == "NEW-1"
    nothing = again(live, path)
    assert (nothing.added, nothing.changed, nothing.removed) == ([], [], [])


def test_an_update_has_only_what_changed(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    _, engine = shop
    live = LiveEngine(engine, tmp_path / "log")
    path = tmp_path / "update.csv"
    first, second = engine.store.item_ids([0, 1])
    path.write_text(f"id,price,availability\n{first},1.299 EUR,in_stock\n{second},7.25 EUR,out_of_stock\n")
    whole = live.item(first)
    difference = again(live, path, is_full=False)
    assert (difference.added, difference.removed, len(difference.changed)) == ([], [], 2)
    apply_difference(live, difference)
    assert live.item(first) == {**whole, "price": 1.299, "in_stock": True}
    assert (live.item(second)["price"], live.item(second)["in_stock"]) == (7.25, False)


def test_looking_at_an_update_shows_all_columns_that_it_changes(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    _, engine = shop
    live = LiveEngine(engine, tmp_path / "log")
    first, path = engine.store.item_ids([0])[0], tmp_path / "update.csv"
    path.write_text(f"id,category\n{first},Kitchen > Presses\n")
    before = live.item(first)
    difference = again(live, path, is_full=False)
    apply_difference(live, difference)
    now = live.item(first)
    assert {name for name in now if now[name] != before[name]} - {"attributes"} == set(difference.changed_columns())


def test_rows_of_an_update_that_name_no_item_keep_none_of_the_others(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    _, engine = shop
    live = LiveEngine(engine, tmp_path / "log")
    (item_id,) = engine.store.item_ids([0])
    path = tmp_path / "update.csv"
    path.write_text(f"id,prize,color\nNOPE,1,x\n{item_id},2,Ultramarine\n")
    feed, difference = read_again(live, path, is_full=False, max_rejected_share=0.05)
    assert (difference.added, [item["item_id"] for item in difference.changed]) == ([], [item_id])
    assert [(row.line, row.reason) for row in feed.rejections.rows] == [
        (2, "title is missing, and there is no item 'NOPE' yet")
    ]
    assert feed.rejections.summary == "1 row kept, 1 rejected"
    assert "new to the catalogue, and attributes from now on: prize (did you mean 'price'?)" in feed.rejections.said
    assert apply_difference(live, difference) == 1, "as the dry run says"
    assert live.item(item_id)["attr_color"] == "Ultramarine"


def test_an_update_with_an_attribute_in_the_place_of_a_column_is_refused(
    shop: tuple[Path, Engine], tmp_path: Path
) -> None:
    _, engine = shop
    (item_id,) = engine.store.item_ids([0])
    path = tmp_path / "update.csv"
    path.write_text(f"id,price,attr_price\n{item_id},2 EUR,cheap\n")
    with pytest.raises(BadFile, match="column 'attr_price' would stand in the place of price, which all items have"):
        again(LiveEngine(engine, tmp_path / "log"), path, is_full=False)


def test_a_feed_that_lacks_much_is_refused(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    source, engine = shop
    live = LiveEngine(engine, tmp_path / "log")
    path = rewritten(source, tmp_path / "cut.tsv", lambda rows: rows[: len(rows) // 2])
    difference = again(live, path)
    with pytest.raises(BadInput, match=r"the feed lacks \d+ of \d+ items \(5\d%\), .* allowed: 20%"):
        apply_difference(live, difference)
    assert live.follow().catalogue_version == 0
    apply_difference(live, difference, max_removed_share=0.6)
    assert len(live.item_ids()) == len(engine.store) - len(difference.removed)


def test_what_a_feed_does_not_have_stays(shop: tuple[Path, Engine], tmp_path: Path) -> None:
    _, engine = shop
    live = LiveEngine(engine, tmp_path / "log")
    (item_id,) = engine.store.item_ids([3])
    live.change([{"item_id": item_id, "popularity": 7.0, "attr_color": None}])
    path = tmp_path / "two.csv"
    path.write_text(f"id,title\n{item_id},Other words\n")
    difference = difference_of(live, read_feed(path, shop=engine.shop, is_update=True), is_full=False)
    assert difference.changed == [{"item_id": item_id, "title": "Other words"}]


def test_the_command_shows_the_difference_and_makes_it(
    shop: tuple[Path, Engine], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from trimtab.cli.commands import app  # noqa: PLC0415  # the other tests need none of it

    source, engine = shop
    path = rewritten(source, tmp_path / "again.tsv", lambda rows: rows[1:])
    command = ["feed", str(source.parent / "bundle"), str(path), "--data-folder", str(tmp_path)]

    def run(*options: str) -> str:
        app([*command, *options], standalone_mode=False)
        return capfd.readouterr().out

    shown = run("--dry-run")
    assert f"0 to add, 0 to change, 1 to remove, {len(engine.store) - 1} as they are" in shown
    assert "Nothing was changed" in shown
    said: dict[str, Any] = json.loads(run("--json"))
    assert (said["n_removed"], said["version"]) == (1, 1)
    assert "0 to remove" in run("--dry-run")
