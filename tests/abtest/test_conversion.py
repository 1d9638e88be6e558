"""Logs of other layouts become logs of ours; every row that does not is counted with the reason."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trimtab.abtest.importers.conversion import convert
from trimtab.abtest.ope.estimators import ips
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.sums import add_up
from trimtab.cli import app
from trimtab.core.errors import BadFile, BadLog, BadParameter
from trimtab.core.moments import moment
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of


def write_lines(path: Path, rows: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def event(query_id: str | None, action: str, item: str, at: str, price: float = 0.0) -> dict[str, Any]:
    detail = {"price": price}
    attributes = {"object": {"object_id": item, "object_id_field": "sku", "object_detail": detail}}
    return {"query_id": query_id, "action_name": action, "timestamp": at, "event_attributes": attributes}


QUERY = {
    "query_id": "q1",
    "user_query": "ice cream",
    "client_id": "ann",
    "timestamp": "2026-01-02T10:00:00Z",
    "query_response_hit_ids": ["a", "b", "c"],
}


def test_user_behavior_insights_files_become_impressions_with_outcomes(tmp_path: Path) -> None:
    (tmp_path / "ubi").mkdir()
    later = "2026-01-02T10:00:09Z"
    write_lines(
        tmp_path / "ubi" / "ubi_queries.jsonl",
        [
            QUERY,
            {**QUERY, "query_id": "q2", "timestamp": "2026-01-02T12:00:00+01:00", "query_attributes": {"seed": 7}},
            QUERY,
            {**QUERY, "query_id": "q3", "query_response_hit_ids": ["a", "a"]},
            {**QUERY, "query_id": "q4", "query_response_hit_ids": None},
            {**QUERY, "query_id": "q5", "timestamp": "yesterday"},
            {**QUERY, "query_id": None},
        ],
    )
    write_lines(
        tmp_path / "ubi" / "ubi_events.jsonl",
        [
            event("q1", "click", "b", later),
            event("q1", "purchase", "b", later, price=4.5),
            event("q1", "click", "c", "2026-01-02T09:59:59Z"),
            event("q1", "click", "z", later),
            event("q9", "click", "a", later),
            event(None, "click", "a", later),
            event("q1", "product_hover", "a", later),
        ],
    )
    found = convert(tmp_path / "ubi", tmp_path / "log").as_dict()
    assert (found["layout"], found["n_read"], found["n_written"]) == ("ubi", 7, 2)
    assert {reason: one["n"] for reason, one in found["rejected"].items()} == {
        "a query_id that was there before": 1,
        "item_ids repeats an item": 1,
        "query_response_hit_ids is not a list": 1,
        "a timestamp that cannot be read": 1,
        "query_id is missing": 1,
        "an event on an item that its query did not show": 1,
        "an event of a query that is not there": 1,
        "an event without query_id": 1,
        "an event that is neither a click nor a purchase": 1,
    }
    assert {reason: one["n"] for reason, one in found["noted"].items()} == {
        "an event stamped before its query: it counts as of the query's time": 1
    }
    assert found["rejected"]["item_ids repeats an item"]["first"].endswith("ubi_queries.jsonl, row 4")
    first, second = rows_of(pl.concat(read_log(tmp_path / "log")))
    assert first["user_id"] == "ann"
    assert (first["clicks"], first["purchases"], first["revenue"]) == ([0, 1, 1], [0, 1, 0], [0, 4.5, 0])
    assert second["seed"] == 7
    assert second["timestamp"].hour == 11


def test_the_same_queries_as_csv(tmp_path: Path) -> None:
    (tmp_path / "ubi").mkdir()
    with (tmp_path / "ubi" / "queries.csv").open("w") as file:
        writer = csv.DictWriter(file, QUERY)
        writer.writeheader()
        writer.writerow({**QUERY, "query_response_hit_ids": json.dumps(["a", "b"])})
    (tmp_path / "ubi" / "events.csv").write_text(
        "query_id,action_name,timestamp,event_attributes\n"
        'q1,click,1767348001000,"{""object"": {""object_id"": ""a""}}"\n'
    )
    assert convert(tmp_path / "ubi", tmp_path / "log").rejected == {}
    (row,) = rows_of(pl.concat(read_log(tmp_path / "log")))
    assert row["clicks"] == [1, 0]


@pytest.mark.shared_data
def test_the_open_bandit_sample_keeps_its_propensities(shared_data: Path, tmp_path: Path) -> None:
    result = convert(shared_data / "open-bandit" / "bts" / "men", tmp_path / "log")
    assert (result.layout, result.n_read, result.n_written) == ("open-bandit", 10_000, 10_000)
    frame = pl.concat(read_log(tmp_path / "log"))
    clicks = frame["clicks"].list.first().to_numpy()
    uniform = 1 / 34 / frame["propensities"].list.first().to_numpy()
    golden = json.loads((Path(__file__).parent / "golden" / "obp.json").read_text())["open_bandit"]
    assert add_up(ips(clicks, uniform)).value == pytest.approx(golden["ips"], rel=1e-9)


def test_bandit_rows_that_are_none_are_counted(tmp_path: Path) -> None:
    header = "timestamp,item_id,position,click,propensity_score\n"
    good = "2019-11-24 00:03:13+00:00,14,3,0,0.03\n"
    bad = [good.replace("0.03", p) for p in ("0", "1.5", "", "x")] + [good.replace(",0,", ",7,")]
    with gzip.open(tmp_path / "men.csv.gz", "wt") as file:
        file.write(header + good + "".join(bad))
    result = convert(tmp_path / "men.csv.gz", tmp_path / "log")
    assert dict(result.rejected) == {
        "propensities has …, allowed: above 0 up to 1": 2,
        "propensity_score is missing": 1,
        "a propensity that is not a number": 1,
        "a click that is neither 0 nor 1": 1,
    }
    assert result.n_written == 1


MAPPING = """
separator = "|"
[columns]
decision_id = "request"
timestamp = "shown_at"
query = "term"
user_id = "shopper"
item_ids = "results"
propensities = "chances"
slate_propensity = "chance"
clicks = "clicked"
revenue = "spent"
[constants]
temperature = 0.1
"""


def table(tmp_path: Path, *changed: Mapping[str, str]) -> Path:
    good = {
        "request": "r1",
        "shown_at": "2026-01-02T10:00:00",
        "term": "yogurt",
        "shopper": "ann",
        "results": "a|b",
        "chances": "0.5|0.25",
        "chance": "0.125",
        "clicked": "0|1",
        "spent": "0|2.5",
    }
    with (tmp_path / "table.csv").open("w") as file:
        writer = csv.DictWriter(file, good)
        writer.writeheader()
        writer.writerows([good, *({**good, **change} for change in changed)])
    (tmp_path / "mapping.toml").write_text(MAPPING)
    return tmp_path / "table.csv"


def test_a_users_table_is_read_through_a_mapping(tmp_path: Path) -> None:
    source = table(
        tmp_path,
        {"chance": "0.2"},
        {"chances": "0.5|1.25", "chance": "0.625"},
        {"chances": "0|1", "chance": "0"},
        {"chances": "0.125"},
        {"chances": "half|most"},
        {"shown_at": "noon"},
        {"request": ""},
        {"spent": "0|nan"},
    )
    result = convert(source, tmp_path / "log", mapping=tmp_path / "mapping.toml")
    (row,) = rows_of(pl.concat(read_log(tmp_path / "log")))
    assert row["item_ids"] == ["a", "b"]
    assert row["propensities"] == [0.5, 0.25]
    assert (row["user_id"], row["temperature"], row["revenue"]) == ("ann", 0.1, [0, 2.5])
    assert dict(result.rejected) == {
        "chances do not multiply to the slate's": 1,
        "propensities has …, allowed: above 0 up to 1": 2,
        "propensities has … entries for … items": 1,
        "chances cannot be read as list[float]": 1,
        "shown_at cannot be read as datetime": 1,
        "request is missing": 1,
        "revenue has …, allowed: -1e+15 to 1e+15": 1,
    }
    assert result.first["chances do not multiply to the slate's"].endswith("table.csv, row 3")


def test_a_log_of_ours_in_a_table_of_another_shape_replays_as_it_did(engine: Engine, log: Path, tmp_path: Path) -> None:
    frame = pl.concat(read_log(log)).head(200)
    theirs = {name: f"their {name}" for name in frame.columns if name not in {"features", "recent"}}
    frame.rename(theirs).write_parquet(tmp_path / "theirs.parquet")
    lines = [f'{ours} = "{column}"' for ours, column in theirs.items()]
    (tmp_path / "mapping.toml").write_text("[columns]\n" + "\n".join(lines))
    convert(tmp_path / "theirs.parquet", tmp_path / "ours", mapping=tmp_path / "mapping.toml")
    frame.write_parquet(tmp_path / "same.parquet")
    policies = {"b": {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05}}
    assert replay(tmp_path / "ours", engine, policies) == replay(tmp_path / "same.parquet", engine, policies)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("[columns", "cannot be read as a mapping"),
        ('[columns]\nprofit = "p"', "'profit' is not a column of a log"),
        ('[columns]\nquery = "q"', "does not say which column is decision_id"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_named(tmp_path: Path, mapping: str, words: str) -> None:
    source = table(tmp_path)
    (tmp_path / "mapping.toml").write_text(mapping)
    with pytest.raises(BadFile, match=f"mapping.toml.*{words}"):
        convert(source, tmp_path / "log", mapping=tmp_path / "mapping.toml")
    assert not (tmp_path / "log").exists()


def test_what_is_no_log_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(BadLog, match="no known layout"):
        convert(tmp_path / "notes", tmp_path / "log")
    with pytest.raises(BadLog, match="no such file"):
        convert(tmp_path / "nowhere", tmp_path / "log")
    source = table(tmp_path)
    source.write_text(source.read_text().replace("0.125", "0.5"))
    with pytest.raises(BadLog, match=r"none of 1 impressions can be used: 1 chances do not multiply"):
        convert(source, tmp_path / "log", mapping=tmp_path / "mapping.toml")
    (tmp_path / "log").write_text("mine")
    with pytest.raises(BadParameter, match=r"^out: "):
        convert(table(tmp_path), tmp_path / "log", mapping=tmp_path / "mapping.toml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "mapping.toml", "notes", "table.csv"]


def test_the_command_prints_what_was_rejected(tmp_path: Path) -> None:
    source = table(tmp_path, {"chance": "0.2"})
    asked = ["convert", str(source), "--out", str(tmp_path / "log"), "--mapping", str(tmp_path / "mapping.toml")]
    printed = CliRunner().invoke(app, asked, catch_exceptions=False).stdout
    assert "1 of 2 impressions" in printed.replace("\n", " ")
    assert "do not multiply" in printed.replace("\n", " ")


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_any_cell_is_a_moment_or_none(cell: object) -> None:
    found = moment(cell)
    assert found is None or found.utcoffset() is not None
