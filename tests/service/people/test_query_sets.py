"""Query sets: kept, taken from the log, judged by several, exported for the next build, and compared by."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.catalog.judgments import FORMULAS, read_judgments
from trimtab.service.redis import persistent_hash
from trimtab.service.settings import Settings
from trimtab.service.workbench import query_sets
from trimtab.service.workbench.comparing import ndcg_of
from trimtab.service.workbench.differences import difference_of
from trimtab.service.workbench.judging import Judged, agreements, consensus, weighted_kappa

ADMIN = {"Authorization": "Bearer sesame"}


@pytest.fixture(scope="module")
def judging(module_settings: Settings) -> Iterator[httpx.Client]:
    with serving(module_settings.model_copy(update={"analytics_min_users": 2})) as client:
        yield client


def judge_of(client: httpx.Client, name: str) -> dict[str, str]:
    """A header by which somebody judges."""
    key = client.put(f"/keys/{name}", json={"scopes": ["read", "merchandise"]}, headers=ADMIN).json()["key"]
    return {"Authorization": f"Bearer {key}"}


def test_two_judge_and_the_next_build_learns_from_it(judging: httpx.Client, tmp_path: Path) -> None:
    anna, bert = judge_of(judging, "anna"), judge_of(judging, "bert")
    made = judging.put("/query-sets/spring", json={"queries": ["soup", "ice cream", "soup"]}, headers=anna)
    assert made.status_code == 200, made.text
    assert (made.json()["n_queries"], made.json()["author"]) == (2, "anna")
    found = judging.get("/playground/search", params={"q": "soup", "k": 10}).json()["hits"]
    hits = [hit["item_id"] for hit in found[:3]]
    for who, grades in ((anna, (3, 2, 0)), (bert, (3, 1, 0))):
        body = {"query": "soup", "grades": dict(zip(hits, grades, strict=True))}
        assert judging.put("/query-sets/spring/judgments", json=body, headers=who).status_code == 204
    said = judging.get("/query-sets/spring/judgments").json()
    assert said["judges"]["bert"]["soup"] == dict(zip(hits, (3, 1, 0), strict=True))
    assert said["agreements"][0]["n"] == 3
    assert said["agreements"][0]["kappa"] == pytest.approx(1 - 3 / 29)
    mine = judging.get("/query-sets/spring/judgments/mine", headers=anna).json()
    assert mine == {"soup": dict(zip(hits, (3, 2, 0), strict=True))}, "a key finds its own grades again"
    assert judging.get("/query-sets/spring/judgments/mine").status_code == 401

    file = tmp_path / "judgments.csv"
    file.write_text(judging.get("/query-sets/spring/judgments.csv").text)
    rows = read_judgments(file)
    assert dict(zip(rows["item_id"], rows["grade"], strict=True)) == dict(zip(hits, (3, 2, 0), strict=True))

    asked = {"queries": ["soup", "ice cream"], "judged_by": "spring"}
    soup, cream = judging.post("/comparisons", json=asked).json()["rows"]
    assert soup["judged"] == 3
    assert soup["before"]["ndcg"] == 1.0
    assert cream["before"]["ndcg"] is None
    assert judging.get("/query-sets").json()["spring"]["n_judged"] == 1

    shorter = judging.put("/query-sets/spring", json={"queries": ["ice cream"]}, headers=anna)
    assert shorter.json()["n_judged"] == 0, "what is not in the set is not counted"
    judging.delete("/query-sets/spring", headers=anna).raise_for_status()
    assert judging.get("/query-sets/spring/judgments").status_code == 404
    judging.put("/query-sets/spring", json={"queries": ["soup"]}, headers=anna).raise_for_status()
    assert judging.get("/query-sets/spring/judgments").json()["judges"] == {}


def test_two_ways_are_told_apart_where_enough_queries_differ(judging: httpx.Client) -> None:
    def difference(before: list[float], after: list[float]) -> dict[str, Any]:
        answer = judging.post("/comparisons/difference", json={"before": before, "after": after})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    before = [0.5, 0.6, 0.7, 0.4] * 5
    found = difference(before, [value + 0.1 + 0.01 * (n % 3) for n, value in enumerate(before)])
    assert (found["n"], found["better"], found["worse"]) == (20, 20, 0)
    assert 0.1 < found["low"] < found["difference"] < found["high"] < 0.12
    few = difference(before, [value + (0.1 if n < 9 else 0) for n, value in enumerate(before)])
    assert few["difference"] == pytest.approx(0.045)
    assert (few["low"], few["high"]) == (None, None), "nine queries that differ say nothing of others"
    for wrong in (
        {"before": [0.5], "after": []},
        {"before": [0.5], "after": [0.5, 0.6]},
        {"before": [2], "after": [1]},
    ):
        assert judging.post("/comparisons/difference", json=wrong).status_code == 422


@pytest.mark.parametrize("changed", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("shape", ["even", "skewed"])
def test_the_interval_of_a_difference_covers(changed: float, shape: str) -> None:
    rng = np.random.default_rng(7)
    n_sets, n = 800, 120
    gains = rng.normal(0.05, 0.2, (n_sets, n)) if shape == "even" else rng.beta(0.5, 4, (n_sets, n))
    mean = 0.05 if shape == "even" else 0.5 / 4.5
    differences = np.where(rng.random((n_sets, n)) < changed, np.clip(gains, -1, 1), 0.0)
    found = [difference_of(np.maximum(-one, 0), np.maximum(one, 0)) for one in differences]
    said = [one for one in found if one.low is not None and one.high is not None]
    covered = [one.low <= changed * mean <= one.high for one in said if one.low is not None and one.high is not None]
    assert len(said) > 500
    assert np.mean(covered) > 0.935


def test_no_query_is_a_formula_in_a_spreadsheet(judging: httpx.Client, tmp_path: Path) -> None:
    queries = ["=HYPERLINK(1)", "-5 degrees", "+1", "@me", "'=quoted", "'tis soup", "soup"]
    who = judge_of(judging, "anna")
    judging.put("/query-sets/odd", json={"queries": queries}, headers=who).raise_for_status()
    for query in queries:
        body = {"query": query, "grades": {"=id": 1, "7": 2}}
        judging.put("/query-sets/odd/judgments", json=body, headers=who).raise_for_status()
    file = tmp_path / "judgments.csv"
    file.write_text(judging.get("/query-sets/odd/judgments.csv").text)
    cells = [cell for row in csv.reader(file.read_text().splitlines()) for cell in row]
    assert [cell for cell in cells if cell.startswith(FORMULAS)] == []
    rows = read_judgments(file)
    assert {*rows["query"]} == {*queries}
    assert {*rows["item_id"]} == {"=id", "7"}
    judging.delete("/query-sets/odd", headers=who).raise_for_status()


def test_a_set_is_taken_from_what_several_searched(judging: httpx.Client) -> None:
    anna = judge_of(judging, "anna")
    assert judging.post("/query-sets/log/sample", json={"n": 5}, headers=anna).status_code == 404
    for user in ("a", "b"):
        for query in ("soup", "coffee"):
            judging.get("/search", params={"q": query, "user_id": user}).raise_for_status()
    judging.get("/search", params={"q": "something private", "user_id": "a"}).raise_for_status()

    def taken() -> bool:
        answer = judging.post("/query-sets/log/sample", json={"n": 5}, headers=anna)
        return answer.status_code == 200 and answer.json()["n_queries"] == 2

    eventually(taken)
    assert sorted(judging.get("/query-sets/log").json()["queries"]) == ["coffee", "soup"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"queries": []}, 422),
        ("", {"queries": ["x"] * 1001}, 422),
        ("/judgments", {"query": "soup", "grades": {"1": 4}}, 422),
        ("/judgments", {"query": "soup", "grades": {"1": True}}, 422),
        ("/judgments", {"query": "soup", "grades": {str(n): 1 for n in range(61)}}, 422),
        ("/judgments", {"query": "another", "grades": {"1": 1}}, 404),
    ],
)
def test_what_is_no_set_and_no_judgment(judging: httpx.Client, path: str, body: dict[str, object], status: int) -> None:
    judging.put("/query-sets/right", json={"queries": ["soup"]}, headers=ADMIN).raise_for_status()
    assert judging.put(f"/query-sets/right{path}", json=body, headers=ADMIN).status_code == status
    assert judging.put(f"/query-sets/right{path}", json=body).status_code == 401
    assert (
        judging.put("/query-sets/none/judgments", json={"query": "a", "grades": {}}, headers=ADMIN).status_code == 404
    )


GRADES = st.lists(st.integers(0, 3), min_size=1, max_size=30)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(GRADES, st.integers(0, 3))
def test_kappa_is_one_for_the_same_and_below_it_otherwise(grades: list[int], shift: int) -> None:
    one = np.array(grades, dtype=float)
    kappa = weighted_kappa(one, one)
    assert kappa is None if len({*grades}) == 1 else kappa == pytest.approx(1)
    other = np.roll(one, shift)
    between = weighted_kappa(one, other)
    assert between is None or between <= 1 + 1e-12


def test_kappa_as_it_is_known() -> None:
    """Against the definition by a table of confusion, as in Cohen (1968)."""
    random = np.random.default_rng(0)
    one, other = random.integers(0, 4, 200), random.integers(0, 4, 200)
    table = np.histogram2d(one, other, bins=(4, 4), range=((0, 4), (0, 4)))[0] / 200
    weights = (np.arange(4)[:, None] - np.arange(4)[None, :]) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    known = 1 - (weights * table).sum() / (weights * expected).sum()
    assert weighted_kappa(one.astype(float), other.astype(float)) == pytest.approx(known)


def test_two_judges_of_a_large_set_take_no_memory_by_their_pairs() -> None:
    one = np.arange(60_000) % 4.0
    tracemalloc.start()
    assert weighted_kappa(one, one[::-1]) == pytest.approx(-1)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_half_a_grade_is_rounded_up_and_each_pair_of_judges_is_compared() -> None:
    said = [Judged("q", "a", {"1": 2, "2": 0}), Judged("q", "b", {"1": 3}), Judged("p", "c", {"1": 1})]
    assert consensus(said) == {"q": {"1": 3, "2": 0}, "p": {"1": 1}}
    assert [(one.one, one.other, one.n) for one in agreements(said)] == [("a", "b", 1), ("a", "c", 0), ("b", "c", 0)]


def test_ndcg_counts_what_was_judged_and_is_not_shown() -> None:
    assert ndcg_of(["a", "b"], {"a": 3, "b": 1}, k=10) == 1
    assert ndcg_of(["b", "x"], {"a": 3, "b": 1}, k=10) == pytest.approx(1 / (7 + 1 / np.log2(3)))
    assert ndcg_of(["a"], {"a": 0}, k=10) is None


def test_a_set_has_no_more_judgments_than_can_be_looked_at_at_once(
    judging: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    clara = judge_of(judging, "clara")
    judging.put("/query-sets/small", json={"queries": ["soup", "tea"]}, headers=clara).raise_for_status()
    monkeypatch.setattr(query_sets, "MAX_JUDGMENTS", 1)
    answers = [
        judging.put(
            "/query-sets/small/judgments", json={"query": query, "grades": {"1": grade}}, headers=clara
        ).status_code
        for query, grade in (("soup", 1), ("soup", 2), ("tea", 3))
    ]
    assert answers == [204, 204, 409]
    assert judging.get("/query-sets").json()["small"]["n_judged"] == 1
    assert judging.get("/query-sets/small/judgments").json()["judges"]["clara"] == {"soup": {"1": 2}}


def test_what_anybody_reads_whole_stays_small(judging: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    dora = judge_of(judging, "dora")
    judging.put("/query-sets/first", json={"queries": ["soup"]}, headers=dora).raise_for_status()
    monkeypatch.setattr(persistent_hash, "MAX_CHARACTERS", 2000)
    large = {"queries": [f"soup {n}" for n in range(300)]}
    grades = {"query": "soup", "grades": {f"an item with a long id {n}": 1 for n in range(60)}}
    refused = judging.put("/query-sets/large", json=large, headers=dora)
    assert (refused.status_code, "delete some first" in refused.text) == (409, True)
    assert judging.put("/query-sets/first/judgments", json={**grades, "grades": {"1": 2}}, headers=dora).is_success
    monkeypatch.setattr(persistent_hash, "MAX_CHARACTERS", 500)
    assert judging.put("/query-sets/first/judgments", json=grades, headers=dora).status_code == 409
    assert judging.get("/query-sets/first").json()["queries"] == ["soup"]
