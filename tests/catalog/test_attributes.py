"""Attributes: what a shop's own columns are, how they are kept, and how they change while they serve."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.catalogues import read_catalogue
from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.storage import FILE
from trimtab.catalog.attributes.values import Unreadable, date_interval, plain_values, read_values
from trimtab.catalog.attributes.vocabulary import Vocabulary
from trimtab.catalog.live.changes import Change, read_items
from trimtab.catalog.live.delta import Delta
from trimtab.catalog.live.live_store import LiveStore
from trimtab.catalog.shop import AttributeSection
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, BundleDamaged
from trimtab.text.normal import folded

SHOES = """item_id,title,brand,price,attr_colour,attr_width_mm,attr_vegan,attr_released
1,Hiking boot,Acme,120.00,Red,98.5,yes,2024-03-01
2,Sandal,Bolt,30.00,blue,,no,2023-07-15T08:30:00Z
3,Slipper,Acme,16777217.01,,101,,
"""
PATHS = Attribute.usual("category", "path", multi=True)
MOMENT = datetime(2023, 7, 15, 8, 30, tzinfo=UTC).timestamp()


@pytest.fixture
def store(tmp_path: Path) -> ItemStore:
    path = tmp_path / "shoes.csv"
    path.write_text(SHOES)
    ItemStore.from_frame(read_catalogue(path)[0]).save(tmp_path)
    return ItemStore.load(tmp_path)


def changed(store: ItemStore, *objects: dict[str, Any], delete: tuple[str, ...] = ()) -> tuple[Delta, LiveStore]:
    put = read_items(objects, store.own_attributes.definitions)
    delta = Delta(store).after([Change(1, datetime(2025, 1, 1, tzinfo=UTC), put, delete)])
    return delta, LiveStore(delta)


def test_the_columns_of_a_file_are_typed_and_kept_with_their_precision(store: ItemStore) -> None:
    kinds = {name: attribute.kind for name, attribute in store.own_attributes.definitions.items()}
    assert kinds == {"colour": "text", "width_mm": "number", "vegan": "flag", "released": "date"}
    assert store.display(0)["attributes"] == {
        "colour": "Red",
        "width_mm": 98.5,
        "vegan": True,
        "released": "2024-03-01",
    }
    assert store.display(1)["attributes"]["released"] == "2023-07-15T08:30:00Z"
    assert store.display(2)["attributes"] == {"width_mm": 101}
    assert store.display(2)["price"] == 16777217.01
    assert list(store.searched_attributes()) == ["Red, 98.5", "blue", "101"]
    assert store.own_attributes["released"].numbers[1] == MOMENT
    assert store.own_attributes["colour"].known.tolist() == [True, True, False]


def test_the_schemas_columns_are_attributes_like_others(store: ItemStore) -> None:
    assert store.attributes["brand"].plain_at(1) == "Bolt"
    assert store.attributes["price"].numbers.tolist() == [120.0, 30.0, 16777217.01]
    assert store.attributes["in_stock"].plain_at(0) is True
    assert store.attributes["colour"] is store.own_attributes["colour"]
    assert "nonsense" not in store.attributes


def test_numbers_are_mapped_not_copied(store: ItemStore) -> None:
    for column in store.own_attributes.values():
        assert not column.rows.flags.owndata
        assert not column.codes.flags.writeable


def test_an_item_on_a_path_is_on_all_steps_of_it() -> None:
    column = AttributeColumn.of_values(PATHS, [["Shoes > Boots", "Sale"], [], ["Shoes"]])
    assert column.having(column.vocabulary.codes_of("shoes")).tolist() == [True, False, True]
    assert column.plain_at(0) == ["Shoes > Boots", "Sale"]
    assert column.plain_at(1) is None
    assert column.taken(np.array([0, 2])).plain_at(1) == "Shoes"


def test_spellings_of_a_value_are_one_value() -> None:
    column = AttributeColumn.of_values(Attribute("brand"), [["Nestlé"], ["NESTLE"], ["Nestlé"], ["L'Oréal"]])
    assert len(column.vocabulary.codes_of("nestle")) == 2
    assert [column.names[code] for code in column.same] == ["L'Oréal", "Nestlé", "Nestlé"]
    assert column.vocabulary.codes_of("l’oreal") == (0,)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("number", "12.50", [12.5]),
        ("number", [1, "2", None], [1.0, 2.0]),
        ("number", 1234567890.123456, [1234567890.123456]),
        ("number", 2**60, [2.0**60]),
        ("flag", "Yes", ["true"]),
        ("flag", 0, ["false"]),
        ("path", " a>b  > c ", ["a > b > c"]),
        ("text", ["Red", " red ", ""], ["Red"]),
        ("text", 42.0, ["42"]),
        ("date", date(2024, 2, 29), [datetime(2024, 2, 29, tzinfo=UTC).timestamp()]),
        ("date", "2023-07-15T10:30:00+02:00", [MOMENT]),
    ],
)
def test_values_are_read_by_their_kind(kind: Any, value: object, read: list[object]) -> None:
    assert read_values(Attribute("x", kind), value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "tall"),
        ("number", "nan"),
        ("number", 1e999),
        ("number", 2**53 + 1),
        ("number", "-9007199254740993"),
        ("flag", "maybe"),
        ("date", "2024-13-01"),
        ("path", ">"),
    ],
)
def test_what_is_not_of_a_kind_is_refused(kind: Any, value: object) -> None:
    with pytest.raises(Unreadable):
        read_values(Attribute("x", kind), value)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001  zones are read as UTC
def test_a_date_is_what_it_was(moment: datetime) -> None:
    attribute = Attribute("x", "date")
    seconds = read_values(attribute, moment)
    assert read_values(attribute, plain_values(attribute, seconds)) == seconds
    day = moment.date().isoformat()
    first, last = date_interval(day)
    assert first <= float(seconds[0]) <= last
    assert date_interval(day[:4])[0] <= first <= last <= date_interval(day[:7])[1] <= date_interval(day[:4])[1]


def test_a_section_of_shop_toml_says_what_an_attribute_is_for() -> None:
    attribute = Attribute.of_section("screen", AttributeSection(type="number", unit="inch", facet=False))
    assert (attribute.unit, attribute.label, attribute.facet, attribute.filter) == ("inch", "Screen", False, True)


def test_a_change_of_one_attribute_leaves_the_others(store: ItemStore) -> None:
    delta, live = changed(store, {"item_id": "1", "attr_colour": "crimson"}, {"item_id": "2", "vegan": True})
    boot, sandal = live.row_of("1"), live.row_of("2")
    assert live.display(boot)["attributes"] == {**store.display(0)["attributes"], "colour": "crimson"}
    assert live.display(sandal)["attributes"] == {**store.display(1)["attributes"], "vegan": True}
    assert live.searched_attributes_at(boot) == "crimson, 98.5"
    crimson = live.attributes["colour"]
    assert crimson.having(crimson.vocabulary.codes_of("Red")).sum() == 0
    assert np.flatnonzero(crimson.having(crimson.vocabulary.codes_of("crimson"))) == [boot]
    assert delta.item("1") == {**(Delta(store).item("1") or {}), "attr_colour": "crimson"}


def test_an_attribute_can_be_taken_away_and_a_new_one_given(store: ItemStore) -> None:
    _, live = changed(store, {"item_id": "1", "attr_colour": None, "attributes": {"size": {"eu": 42, "uk": 8.5}}})
    row = live.row_of("1")
    assert live.display(row)["attributes"] == {
        "width_mm": 98.5,
        "vegan": True,
        "released": "2024-03-01",
        "size.eu": 42,
        "size.uk": 8.5,
    }
    assert live.attributes["size.eu"].numbers[row] == 42
    assert live.compacted().display(2)["attributes"] == live.display(row)["attributes"]


def test_numbers_of_the_schema_change_in_place(store: ItemStore) -> None:
    delta, live = changed(store, {"item_id": "1", "price": 99.95, "attr_colour": "Red"})
    assert (live.row_of("1"), len(delta)) == (0, 0)
    assert live.attributes["price"].numbers[0] == 99.95


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ({"attr_width_mm": "wide"}, "attr_width_mm: is 'wide'; allowed: a number"),
        ({"attr_vegan": "partly"}, "attr_vegan: is 'partly'; allowed: true or false"),
        ({"color": "red"}, r"color: is not a column of an item \(did you mean 'colour'\?\)"),
        ({"attr_": "red"}, "attr_: names no attribute"),
        ({"attr_note": "n" * 40_000}, "attr_note: is too long"),
    ],
)
def test_one_sentence_says_what_is_wrong(store: ItemStore, item: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        changed(store, {"item_id": "1", **item})


@pytest.mark.parametrize("damage", ["missing", "cut", "columns"])
def test_a_damaged_file_is_named(store: ItemStore, tmp_path: Path, damage: str) -> None:
    file = tmp_path / FILE
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-300])
    else:
        pl.DataFrame({"rows": [1]}).write_ipc(file)
    with pytest.raises(BundleDamaged, match=r"attributes\.arrow"):
        ItemStore.load(tmp_path)


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "colour": st.sampled_from(["Red", "blue", None]),
        "width_mm": st.sampled_from([None, 1.5, 98.5]),
        "tags": st.lists(st.sampled_from(["a", "b"]), unique=True, max_size=2),
    },
)
STEPS = st.lists(st.tuples(st.sampled_from("123"), VALUES), max_size=5)


@settings(deadline=None, max_examples=40)
@given(STEPS)
def test_changes_change_exactly_what_they_name(steps: list[tuple[str, dict[str, Any]]]) -> None:
    frame = pl.DataFrame({"item_id": list("123"), "title": list("xyz"), "attr_colour": ["Red", "blue", None]})
    base = ItemStore.from_frame(frame.with_columns(attr_width_mm=pl.Series([98.5, None, 101.0])))
    expected = {str(n + 1): dict(base.display(n)["attributes"]) for n in range(3)}
    delta = Delta(base)
    for version, (item_id, values) in enumerate(steps, start=1):
        given_values = {f"attr_{name}": value for name, value in values.items()}
        put = read_items([{"item_id": item_id, **given_values}], base.own_attributes.definitions)
        delta = delta.after([Change(version, datetime(2025, 1, version, tzinfo=UTC), put)])
        for name, value in values.items():
            plain = value[0] if isinstance(value, list) and len(value) == 1 else value
            expected[item_id].pop(name, None)
            if plain not in (None, []):
                expected[item_id][name] = plain
    live = LiveStore(delta)
    assert {item_id: live.display(live.row_of(item_id))["attributes"] for item_id in expected} == expected
    for name, column in live.attributes.items():
        if name in base.own_attributes or name == "tags":
            for item_id, attributes in expected.items():
                assert column.plain_at(live.row_of(item_id)) == attributes.get(name)


@given(st.lists(st.text("aAáB", max_size=3), unique=True), st.integers(0, 9))
def test_names_that_came_later_compare_as_if_they_had_been_there(names: list[str], n_later: int) -> None:
    n_known = max(0, len(names) - n_later)
    later, at_once = Vocabulary(tuple(names), Vocabulary(tuple(names[:n_known]))), Vocabulary(tuple(names))
    np.testing.assert_array_equal(later.ranks, at_once.ranks)
    assert [names[code] for code in np.argsort(later.ranks)] == sorted(names, key=lambda name: (folded(name), name))
    assert later.spellings == at_once.spellings
    assert all(code in later.codes_of(name) for code, name in enumerate(names))
