"""GET /analytics and `trimtab analytics`: what this service's log says, to those who may know."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import serving, settings_of
from tests.support.waiting import eventually
from trimtab.cli.commands import main
from trimtab.core.errors import Unavailable
from trimtab.core.work.children import Child
from trimtab.service.logs import questions
from trimtab.service.logs.question import Question
from trimtab.service.logs.questions import LogQuestions
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(
        small_bundle, tmp_path / "data", redis_server, admin_key="sesame", require_keys=True, log_flush_seconds=0.01
    )


def search(client: httpx.Client, query: str, user: int) -> dict:
    asked = {"q": query, "user_id": f"u{user}", "exact": True}
    return client.get("/search", params=asked, headers=ADMIN).raise_for_status().json()


def test_what_several_searched_is_told_to_who_may_know(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(settings) as client:
        for user in range(5):
            answer = search(client, "soup", user)
            search(client, "zzyzx", user)
        last = search(client, "what one person wants", 1)
        bought = {"event_id": "1", "action_name": "purchase", "query_id": answer["decision_id"], "value": 7.5}
        event = {**bought, "item_id": answer["hits"][1]["item_id"], "position": 1}
        client.post("/events", json=event, headers=ADMIN).raise_for_status()
        refused = client.get("/analytics/overview", params={"since": "yesterday"}, headers=ADMIN)
        assert refused.status_code == 422
        assert "2026-11-01" in refused.json()["detail"]
        eventually(lambda: client.get(f"/decisions/{last['decision_id']}", headers=ADMIN).status_code == 200)
        sinces = ("7d", "2026-01-02", "2026-01-02T03:04")
        for since, answer in zip(sinces, at_once(client, *({"since": since} for since in sinces)), strict=True):
            assert answer["since"].startswith(since if since[0] == "2" else "20")
        asked = (
            {},
            {"path": "queries"},
            {"path": "queries", "of": "no_results"},
            {"path": "categories"},
            {"path": "ranks"},
            {"path": "times", "every": "week"},
            {"path": "change", "at": "2020-01-01T00:00:00Z"},
        )
        (total,), top, nothing, categories, ranks, times, change = (one["rows"] for one in at_once(client, *asked))
        assert (total["searches"], total["users"], total["revenue"]) == (11, 5, 7.5)
        assert {row["query"] for row in top} == {"soup", "zzyzx"}
        assert [row["query"] for row in nothing] == ["zzyzx"]
        assert categories
        assert ranks[1]["purchase_rate"] == pytest.approx(1 / 5)
        assert len(times) in (1, 2)
        assert len(change) == 1

        assert client.get("/analytics/overview").status_code == 401
        assert client.get("/analytics/queries", params={"of": "worst"}, headers=ADMIN).status_code == 422
        for scope, status in (("analytics", 200), ("search", 403)):
            key = client.put("/keys/reader", json={"scopes": [scope]}, headers=ADMIN).json()["key"]
            assert client.get("/analytics/overview", headers={"Authorization": f"Bearer {key}"}).status_code == status

    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["trimtab", "analytics", str(settings.data_folder), "--json", "--since", "2d"])
    with pytest.raises(SystemExit, match="0"):
        main()
    said = json.loads(capsys.readouterr().out)
    assert said["overview"][0]["revenue"] == 7.5
    assert [row["query"] for row in said["no_results"]] == ["zzyzx"]
    monkeypatch.setattr("sys.argv", ["trimtab", "analytics", str(settings.data_folder)])
    with pytest.raises(SystemExit, match="0"):
        main()
    printed = capsys.readouterr().out
    assert "zzyzx" in printed
    assert "what one person wants" not in printed
    assert "what can be done" in printed


def test_a_question_has_a_process_time_and_memory_of_its_own(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(log, tmp_path / "impressions")
    asking = LogQuestions(tmp_path)
    question = Question(report="overview")
    answer = asyncio.run(asking.ask(question))
    assert json.loads(answer)[0]["searches"] == 3000
    assert len(json.loads(asyncio.run(asking.ask(Question(report="sample", n=3, min_users=1))))) == 3
    (tmp_path / "impressions" / "broken.parquet").write_bytes(b"broken")
    assert asyncio.run(asking.ask(question)) == answer, "for a while it is given again"
    with pytest.raises(Unavailable, match="own log says why"):
        asyncio.run(asking.ask(Question(report="times")))
    with monkeypatch.context() as patch:
        patch.setattr(questions, "ANSWER_SECONDS", 0.01)
        with pytest.raises(Unavailable, match="too long"):
            asyncio.run(asking.ask(Question(report="ranks")))
    with monkeypatch.context() as patch:
        patch.setattr(Child, "run", lambda *_, **__: subprocess.CompletedProcess((), -signal.SIGABRT, b"", b""))
        with pytest.raises(Unavailable, match="too large"):  # as polars ends where it gets no more memory
            asyncio.run(asking.ask(Question(report="change", at=datetime.now(UTC))))
    with monkeypatch.context() as patch:
        patch.setattr(questions, "MOST_WAITING", 0)
        patch.setattr(Child, "run", lambda *_, **__: subprocess.CompletedProcess((), 0, b"[]\n", b""))
        with pytest.raises(Unavailable, match="too many questions"):
            asyncio.run(both(asking, Question(report="ranks")))
    asking.stop()


def test_an_answer_is_kept_from_when_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, made = [0.0], list[int]()

    def answered_late(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        made.append(1)
        seconds[0] += questions.KEPT_SECONDS + 1
        return subprocess.CompletedProcess((), 0, b"[]\n", b"")

    monkeypatch.setattr(Child, "run", answered_late)
    asking, question = LogQuestions(tmp_path, clock=lambda: seconds[0]), Question(report="ranks")
    asyncio.run(both(asking, question))
    assert len(made) == 1, "it is not old by the time that it took"
    seconds[0] += questions.KEPT_SECONDS + 1
    asyncio.run(asking.ask(question))
    assert len(made) == 2
    asking.stop()


def test_questions_that_wait_together_are_answered_together(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(log, tmp_path / "impressions")
    asking, started = LogQuestions(tmp_path), list[int]()
    run_child = Child.run
    monkeypatch.setattr(
        Child, "run", lambda child, *sent, **more: started.append(len(sent) - 2) or run_child(child, *sent, **more)
    )
    asked = [Question(report=report) for report in ("overview", "times", "ranks")]

    async def ask() -> list[bytes]:
        return await asyncio.gather(*map(asking.ask, asked))

    answers = [json.loads(answer) for answer in asyncio.run(ask())]
    assert answers[0][0]["searches"] == 3000
    assert "period" in answers[1][0]
    assert "rank" in answers[2][0]
    assert started[0] > 1 or len(started) < len(asked), "those that came meanwhile share a start"
    asking.stop()


async def both(asking: LogQuestions, question: Question) -> None:
    await asyncio.gather(asking.ask(question), asking.ask(question))


def at_once(client: httpx.Client, *asked: dict[str, str]) -> list[dict]:
    """The answers to questions that are asked together, so that they share a process; of the overview by default."""

    def answer(path: str = "overview", **parameters: str) -> dict:
        found = client.get(f"/analytics/{path}", params=parameters, headers=ADMIN).raise_for_status()
        answered: dict = found.json()
        return answered

    with ThreadPoolExecutor(len(asked)) as pool:
        return [waited.result() for waited in [pool.submit(answer, **one) for one in asked]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--report", "best"], "no_results"),
        (["--since", "yesterday"], "7d"),
        (["--report", "change"], "--at"),
        (["--report", "categories"], "--bundle"),
        (["--channel", "robot"], "agent"),
    ],
)
def test_what_cannot_be_asked_is_said(
    log: Path,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["trimtab", "analytics", str(log), *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert said in capsys.readouterr().err
