"""Every search is logged, and a log that cannot be written never fails a search."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_tests
from hypothesis import strategies as st

from tests.support.services import metric, serving
from tests.support.waiting import eventually
from trimtab.core.log import impression_row
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import json_line, row_of_line, rows_of
from trimtab.service.logs.impression_log import ImpressionLog, to_parquet
from trimtab.service.settings import Settings


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path) -> Settings:
    return Settings(bundle=small_bundle, data_folder=tmp_path, log_flush_seconds=0.02)


def logged(data_folder: Path) -> list[dict]:
    return [row for frame in read_log(data_folder / "impressions") for row in rows_of(frame)]


def test_what_was_served_is_what_is_read_after_shutdown(settings: Settings, engine: Engine) -> None:
    with serving(settings) as client:
        answers = [
            client.get("/search", params=parameters).json()
            for parameters in (
                {"q": "soup", "user_id": "1", "session_id": "a", "filter": "in_stock:true"},
                {"q": "ice cream", "explore": True, "session_id": "b", "w_revenue": 1, "offset": 5, "k": 3},
                {"q": "zzzzqqqq", "max_relevance_loss": 0.1},
            )
        ]
    assert not list((settings.data_folder / "spool" / "impressions").iterdir())
    rows = logged(settings.data_folder)
    assert [row["decision_id"] for row in rows] == [answer["decision_id"] for answer in answers]
    for row, answer in zip(rows, answers, strict=True):
        assert row["item_ids"] == [hit["item_id"] for hit in answer["hits"]]
        assert row["propensities"] == [hit["propensity"] for hit in answer["hits"]]
        assert row["weights"] == answer["weights"]
        assert row["bundle"] == engine.bundle_id
    sorted_row, drawn_row, _ = rows
    assert (sorted_row["user_id"], sorted_row["session_id"], sorted_row["temperature"]) == ("1", "a", 0)
    assert (drawn_row["offset"], drawn_row["temperature"]) == (5, engine.temperature)
    assert all(0 < propensity < 1 for propensity in drawn_row["propensities"])


def test_an_exploring_share_is_of_sessions(settings: Settings) -> None:
    with serving(settings.model_copy(update={"exploration_ratio": 0.5})) as client:

        def explored(session: int | None, query: str) -> bool:
            sent = {"q": query} if session is None else {"q": query, "session_id": f"s{session}"}
            hits = client.get("/search", params=sent).json()["hits"]
            return any(hit["propensity"] < 1 for hit in hits)

        by_session = [explored(session, "soup") for session in range(40)]
        assert by_session == [explored(session, "coffee") for session in range(40)]
        assert 5 < sum(by_session) < 35
        assert not explored(None, "soup")
        asked = client.get(
            "/search", params={"q": "soup", "session_id": f"s{by_session.index(True)}", "explore": False}
        )
        assert all(hit["propensity"] == 1 for hit in asked.json()["hits"])


def test_exploration_that_may_cost_a_share_is_gentle_and_logged_with_what_it_costs(
    settings: Settings, engine: Engine
) -> None:
    budget = {"exploration_max_relevance_loss_ratio": 0.01}
    with serving(settings.model_copy(update=budget)) as client:
        answers = [
            client.get("/search", params={"q": query, "session_id": "s"}).json()
            for query in ("soup", "coffee", "cheese")
        ]
        client.get("/search", params={"q": "soup"}).raise_for_status()
    rows = logged(settings.data_folder)
    explored = [row for row in rows if row["session_id"] is not None]
    assert len(explored) == len(answers)
    for row in explored:
        assert json.loads(row["exploration"]) == {"scheme": "plackett-luce", "max_relevance_loss": 0.01}
        assert 0 <= row["expected_exploration_loss"] <= 0.01
        assert 0 < row["temperature"] <= 0.1
        assert row["seed"] is not None
    assert [row["exploration"] for row in rows if row["session_id"] is None] == [None]
    assert all(replay_decision(engine, row)["reproduced"] for row in rows)


def test_half_of_the_sessions_may_cost_twice_as_much(settings: Settings) -> None:
    update = {"exploration_max_relevance_loss_ratio": 0.01, "exploration_ratio": 0.5}
    with serving(settings.model_copy(update=update)) as client:
        for number in range(8):
            client.get("/search", params={"q": "soup", "session_id": f"s{number}"}).raise_for_status()
    limits = {row["exploration"] for row in logged(settings.data_folder)}
    assert limits == {None, json.dumps({"scheme": "plackett-luce", "max_relevance_loss": 0.02})}


def test_a_log_that_cannot_be_written_fails_no_search_and_is_caught_up(settings: Settings) -> None:
    (settings.data_folder / "spool").write_text("a file where a folder should be")
    with serving(settings) as client:
        for _ in range(5):
            assert client.get("/search", params={"q": "soup"}).status_code == 200
        eventually(lambda: metric(client, "trimtab_log_lines_total", log="impressions", outcome="refused") >= 1)
        (settings.data_folder / "spool").unlink()
    assert len(logged(settings.data_folder)) == 5


def test_more_than_the_memory_may_hold_is_lost_and_counted(settings: Settings, engine: Engine) -> None:
    (settings.data_folder / "spool").write_text("a file where a folder should be")
    counted = {"written": 0, "lost": 0, "refused": 0}

    def observe(outcome: str, n: int) -> None:
        counted[outcome] += n

    log = ImpressionLog(settings, observe, max_waiting=3)
    log.start()
    line = engine_line(engine)
    for _ in range(5):
        log.put(line)
    log.close()
    assert counted["lost"] == 5
    assert counted["written"] == 0
    assert counted["refused"] >= 1


def engine_line(engine: Engine, query: str = "soup") -> bytes:
    return json_line(impression_row(engine.impression(engine.slate(Query(query)), datetime.now(UTC))))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings_of_tests(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=texts,
    weights=st.dictionaries(texts, numbers, max_size=3),
    boosts=st.dictionaries(texts, numbers, max_size=3),
    pins=st.dictionaries(st.integers(0, 9).map(str), texts, max_size=3),
    temperature=st.floats(0, allow_infinity=False),
    features=st.none() | st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=2),
    microsecond=st.sampled_from([0, 500_000, 1]),
)
def test_a_sealed_part_has_what_was_logged(
    *,
    engine: Engine,
    tmp_path: Path,
    query: str,
    weights: dict[str, float],
    boosts: dict[str, float],
    pins: dict[str, str],
    temperature: float,
    features: list[list[float]] | None,
    microsecond: int,
) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=UTC)
    row = {
        **impression_row(engine.impression(engine.slate(Query("soup", k=2)), now)),
        "query": query,
        "weights": weights,
        "boosts": boosts,
        "pins": pins,
        "temperature": temperature,
        "features": features,
    }
    segment = tmp_path / "20260102T030405-segment.jsonl"
    segment.write_bytes(json_line(row) + b'{"half')
    as_spooled = [row_of_line(line) for line in segment.read_bytes().splitlines()[:1]]
    to_parquet(segment, tmp_path / "parts")
    (frame,) = read_log(tmp_path / "parts")
    assert list(rows_of(frame)) == as_spooled == [row]
    assert not segment.exists()


def test_segments_are_sealed_when_full_and_those_of_the_killed_by_the_next(settings: Settings, engine: Engine) -> None:
    small = settings.model_copy(update={"log_segment_rows": 2})
    spool = settings.data_folder / "spool" / "impressions"
    spool.mkdir(parents=True)
    first, second, third, fourth = (engine_line(engine, query) for query in ("soup", "milk", "bread", "ice cream"))
    (spool / "20250101T000000-killed.jsonl").write_bytes(first + second + third[:100])
    log = ImpressionLog(small, lambda outcome, n: None)
    log.start()
    eventually(lambda: not list(spool.iterdir()))
    assert len(logged(settings.data_folder)) == 2
    for line in (third, fourth):
        log.put(line)
    eventually(lambda: len(logged(settings.data_folder)) == 4)
    log.close()
    assert not list(spool.iterdir())
    assert len(logged(settings.data_folder)) == 4
