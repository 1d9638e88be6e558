"""Importers reject by row: a row that cannot be used is counted with the reason, and what is written can be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.abtest.importers.conversion import Converted, convert
from trimtab.core.errors import BadLog
from trimtab.core.log import COLUMNS
from trimtab.core.moments import moment
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of

QUERY = {
    "application": "primary-search",
    "query_id": "00112233-4455-6677-8899-aabbccddeeff",
    "client_id": "5e3b2a1c-8b7d-4f2e-a3d4-c9b2e1f3a4b5",
    "user_query": "toner",
    "timestamp": "2024-05-16T12:34:50.000Z",
    "query_response_hit_ids": ["B07XLFYN6S", "B013UFPODY", "B07SHS91DQ"],
    "query_attributes": {},
}
"""The example of the UBI specification, version 1.3."""

EVENT = {
    "action_name": "click",
    "query_id": QUERY["query_id"],
    "timestamp": "2024-05-16T12:34:56.789Z",
    "event_attributes": {"object": {"object_id": "B013UFPODY", "object_id_field": "asin"}},
}
GOOD = {**QUERY, "query_id": "q-ok"}


def purchase(**detail: Any) -> dict[str, Any]:
    event_object = {"object_id": "B013UFPODY", "object_detail": detail}
    return {**EVENT, "action_name": "purchase", "event_attributes": {"object": event_object}}


def converted(
    folder: Path, queries: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]] = (EVENT,)
) -> tuple[Converted, dict[str, dict[str, Any]]]:
    """What became of UBI files, and the rows of the log by decision."""
    source = folder / "ubi"
    source.mkdir()
    for name, rows in (("queries", queries), ("events", events)):
        (source / f"ubi_{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = convert(source, folder / "log")
    return found, {row["decision_id"]: row for row in rows_of(pl.concat(read_log(folder / "log")))}


ATTRIBUTES: dict[str, tuple[dict[str, Any], str | None]] = {
    "a filter object": ({"filters": {"brand": "HP"}}, "query_attributes.filters cannot be read as list[str]"),
    "filters as text": ({"filters": "productStatus:available"}, "query_attributes.filters cannot be read"),
    "k as text": ({"k": "10"}, None),
    "offset as text": ({"offset": "20"}, None),
    "weights by name": ({"weights": "default"}, "query_attributes.weights cannot be read as json"),
    "features as a switch": ({"features": "on"}, "query_attributes.features cannot be read"),
    "variant as a number": ({"variant": 7}, None),
    "temperature as text": ({"temperature": "0.1"}, None),
    "pins as text": ({"pins": "none"}, "query_attributes.pins cannot be read as json"),
    "user_id as a number": ({"user_id": 12345}, None),
    "clicks that are null": ({"clicks": None}, "clicks is missing"),
    "propensities as text": ({"propensities": "0.1,0.2,0.3"}, "query_attributes.propensities cannot be read"),
    "timestamp of their own": ({"timestamp": "x"}, None),
    "query of their own": ({"query": "toner"}, None),
    "session_id as a number": ({"session_id": 42}, None),
    "degraded as a flag": ({"degraded": False}, "query_attributes.degraded cannot be read as list[str]"),
    "seed as text": ({"seed": "abc"}, "query_attributes.seed cannot be read as int"),
    "boosts as a list": ({"boosts": ["a"]}, "query_attributes.boosts cannot be read as json"),
    "weights of text": ({"weights": {"relevance": "most"}}, "weights has a value that is not a number"),
    "pins of no position": ({"pins": {"first": "a"}}, "pins has a key that is not a position"),
    "too few clicks": ({"clicks": [1]}, "clicks has … entries for … items"),
    "a click of -1": ({"clicks": [0, -1, 0]}, "clicks has …, allowed: 0 and more"),
    "a click of .9": ({"clicks": [0, 0.9, 0]}, "query_attributes.clicks cannot be read as list[int]"),
    "a null among propensities": ({"propensities": [0.5, None, 1]}, "query_attributes.propensities cannot be read"),
    "a seed beyond 64 bits": ({"seed": 2**70}, "seed is not a whole number"),
    "a temperature below 0": ({"temperature": -1}, "temperature has …, allowed: 0 and more"),
    "half a surrogate pair": ({"arm": "\ud800"}, "arm is not text"),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_querys_attributes_are_the_shops_own(tmp_path: Path, name: str) -> None:
    attributes, reason = ATTRIBUTES[name]
    found, rows = converted(tmp_path, [{**QUERY, "query_attributes": attributes}, GOOD])
    assert found.n_read == 2
    assert list(rows) == (["q-ok"] if reason else [QUERY["query_id"], "q-ok"])
    if reason is None:
        assert rows[QUERY["query_id"]]["clicks"] == [0, 1, 0]
        assert not found.rejected
    else:
        (said, _), (of_its_event, _) = found.rejected.most_common()
        assert said.startswith(reason)
        assert of_its_event == "an event of a query that is not there"


@pytest.mark.parametrize("words", [{"text": "toner"}, ["toner"], True])
@pytest.mark.parametrize("column", ["user_query", "query_id", "client_id"])
def test_what_is_not_text_is_rejected_by_row(tmp_path: Path, column: str, words: object) -> None:
    found, rows = converted(tmp_path, [{**QUERY, column: words}, GOOD], events=())
    assert dict(found.rejected) == {f"{column} is not text": 1}
    assert list(rows) == ["q-ok"]


AT = datetime(2024, 5, 16, 12, 34, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1715862890, AT),
        (1715862890.25, AT + timedelta(milliseconds=250)),
        ("1715862890", AT),
        (1715862890000, AT),
        (1715862890000000, AT),
        (1715862890000000000, AT),
        ("20240516", AT.replace(hour=0, minute=0, second=0)),
        (20240516, AT.replace(hour=0, minute=0, second=0)),
        ("20240516123450", AT),
        ("2024-05-16T12:34:50", AT),
        ("2024-05-16T14:34:50+02:00", AT),
        (0, None),
        (-1715862890, None),
        (12345, None),
        ("20241399", None),
        (True, None),
        (float("inf"), None),
        ("yesterday", None),
    ],
)
def test_the_size_of_a_number_says_its_unit_of_time(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


def test_a_purchase_sent_twice_is_one(tmp_path: Path) -> None:
    once = {**purchase(price=12.5), "event_id": "e-1"}
    another = {**once, "event_id": "e-2"}
    nameless = purchase(price=3.0)
    found, rows = converted(tmp_path, [QUERY], [once, once, another, nameless, nameless])
    assert rows[QUERY["query_id"]]["revenue"] == [0, 28.0, 0]
    assert dict(found.rejected) == {"an event that was sent again": 2}


def test_a_price_that_cannot_be_read_loses_its_event_and_not_the_search(tmp_path: Path) -> None:
    bad = [purchase(price=price) for price in (float("nan"), float("inf"), 1e300, "a lot", True, [3])]
    found, rows = converted(tmp_path, [QUERY, GOOD], bad)
    assert dict(found.rejected) == {"a price that is not a number": len(bad)}
    assert rows[QUERY["query_id"]]["purchases"] == [0, 0, 0]


@pytest.mark.parametrize("event", [purchase(price=None), purchase(), purchase(price=-12.5)])
def test_a_purchase_without_a_price_is_one(tmp_path: Path, event: dict[str, Any]) -> None:
    found, rows = converted(tmp_path, [QUERY], [event])
    row = rows[QUERY["query_id"]]
    assert (row["clicks"], row["purchases"]) == ([0, 1, 0], [0, 1, 0])
    paid = event["event_attributes"]["object"]["object_detail"].get("price")
    assert row["revenue"] == [0, paid or 0.0, 0]
    assert sum(found.noted.values()) == (paid is None)


def test_a_blank_client_is_nobody(tmp_path: Path) -> None:
    queries = [{**QUERY, "query_id": f"q{n}", "client_id": client} for n, client in enumerate(("", " ", None))]
    _, rows = converted(tmp_path, queries, events=())
    assert [row["user_id"] for row in rows.values()] == [None, None, None]


def test_a_shoppers_clock_ahead_or_behind_loses_nothing(tmp_path: Path) -> None:
    ahead = {**EVENT, "query_id": "q-now", "timestamp": (datetime.now(UTC) + timedelta(days=400)).isoformat()}
    behind = {**EVENT, "timestamp": "2024-05-16T10:34:56"}
    late = {**purchase(price=2.0), "query_id": "q-ok", "timestamp": "2024-06-30T12:00:00Z"}
    just_in_time = {**EVENT, "query_id": "q-ok", "timestamp": "2024-05-17T12:34:50Z"}
    recent = {**QUERY, "query_id": "q-now", "timestamp": datetime.now(UTC).isoformat()}
    tomorrow = {**QUERY, "query_id": "q-then", "timestamp": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    found, rows = converted(tmp_path, [tomorrow, recent, QUERY, GOOD], [ahead, behind, late, just_in_time])
    assert dict(found.rejected) == {"an event more than 24 hours after its query": 1}
    assert dict(found.noted) == {
        "a time that has not come yet: it counts as of now": 2,
        "an event stamped before its query: it counts as of the query's time": 1,
    }
    assert [rows[name]["clicks"] for name in (QUERY["query_id"], "q-now", "q-ok")] == [[0, 1, 0]] * 3
    assert rows["q-ok"]["revenue"] == [0, 0, 0]
    assert rows["q-then"]["timestamp"] <= datetime.now(UTC)


def test_a_table_delivered_again_counts_once(tmp_path: Path) -> None:
    row = {"id": "d1", "at": 1715862890, "words": "toner", "items": ["a", "b"], "clicked": [0.0, 3.0], "who": ""}
    broken = [
        {**row, "id": "d2", "clicked": [0.5, 0]},
        {**row, "id": "d3", "at": 7},
        {**row, "id": "d4", "items": {"a": 1}},
        {**row, "id": ["d5"]},
        {**row, "id": "d6", "words": None},
        {**row, "id": "d7", "items": None},
    ]
    lines = [json.dumps(one).encode() for one in (row, row, *broken, {**row, "id": "d8", "who": "ann\u2028"})]
    lines += [b"\xff\xfe", b"[" * 100_000, b"{"]
    (tmp_path / "table.jsonl").write_bytes(b"\n".join([*lines, lines[0]]))
    names = {"decision_id": "id", "timestamp": "at", "query": "words", "item_ids": "items", "clicks": "clicked"}
    columns = {**names, "user_id": "who"}
    mapping = "[columns]\n" + "".join(f'{ours} = "{theirs}"\n' for ours, theirs in columns.items())
    (tmp_path / "mapping.toml").write_text(mapping)
    found = convert(tmp_path / "table.jsonl", tmp_path / "log", mapping=tmp_path / "mapping.toml")
    assert (found.n_read, found.n_written) == (13, 2)
    assert found.rejected["an id that was there before"] == 2
    assert sum(found.rejected.values()) == 11
    first, second = rows_of(pl.concat(read_log(tmp_path / "log")))
    assert (first["user_id"], first["clicks"], first["timestamp"]) == (None, [0, 1], AT)
    assert second["user_id"] == "ann\u2028"


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["1", "q1", "NaN", ""])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*QUERY, *COLUMNS])


@settings(max_examples=60, deadline=None)
@given(
    queries=st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=3),
    attributes=st.dictionaries(NAMES, VALUES, max_size=3),
    events=st.lists(st.dictionaries(st.sampled_from([*EVENT, "event_id"]), VALUES, max_size=2), max_size=3),
    price=VALUES,
)
def test_no_row_is_a_traceback(
    queries: list[dict[str, Any]], attributes: dict[str, Any], events: list[dict[str, Any]], price: object
) -> None:
    """Whatever a row has, the good one is written and every row of the log can be read."""
    changed = [{**QUERY, "query_id": f"q{n}", **one} for n, one in enumerate(queries)]
    with TemporaryDirectory() as folder:
        sent = [*({**EVENT, **one} for one in events), purchase(price=price)]
        try:
            found, rows = converted(Path(folder), [GOOD, *changed, {**QUERY, "query_attributes": attributes}], sent)
        except BadLog as error:
            pytest.fail(str(error))
    assert "q-ok" in rows
    assert len(rows) == found.n_written
    rejected = found.n_read - found.n_written
    assert found.n_read == 2 + len(queries)
    assert rejected <= sum(found.rejected.values())
