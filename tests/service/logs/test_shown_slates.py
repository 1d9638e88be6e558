"""Slates that this process does not remember are looked for in the log, by a process of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from trimtab.core.errors import TrimtabError
from trimtab.core.work import processes
from trimtab.core.work.processes import KeptWorker
from trimtab.service.logs import shown_slates
from trimtab.service.logs.shown_slates import ShownSlates

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_log_that_cannot_be_read_keeps_no_event_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TrimtabError("the process was ended")

    monkeypatch.setattr(KeptWorker, "computed", fails)
    assert asyncio.run(ShownSlates(tmp_path).of(["unknown"])) == {}


def test_slates_of_many_items_are_remembered_by_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_slates, "MAX_ITEMS", 1000)
    shown = ShownSlates(tmp_path)
    for n in range(30):
        impression = Mock(decision_id=f"d{n}", item_ids=["first", *map(str, range(99))], timestamp=NOW)
        shown.on_search(Mock(impression=impression, slate=Mock(variants=[["small", "large"]] if n == 29 else None)))
    remembered = shown.remembered([f"d{n}" for n in range(30)])
    assert list(remembered) == [f"d{n}" for n in range(21, 30)]
    assert all("98" in slate and "99" not in slate for slate in remembered.values())
    assert [name for name, slate in remembered.items() if "large" in slate] == ["d29"]


def test_what_many_ask_for_at_once_is_looked_up_together_and_the_process_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = list[set[str]]()

    def computed(self: KeptWorker, ids: list[str]) -> list[object]:
        looked.append(set(ids))
        return []

    def rest(self: KeptWorker) -> None:
        rested.append(self)

    rested = list[KeptWorker]()
    monkeypatch.setattr(KeptWorker, "computed", computed)
    monkeypatch.setattr(KeptWorker, "rest", rest)
    for module in (processes, shown_slates):
        monkeypatch.setattr(module, "IDLE_SECONDS", -1.0)

    async def ask() -> None:
        shown = ShownSlates(tmp_path)
        await asyncio.gather(*(shown.of([f"d{n}", "same"]) for n in range(5)))
        while not rested:
            await asyncio.sleep(0)
        shown.stop()

    asyncio.run(ask())
    assert looked == [{"same", *(f"d{n}" for n in range(5))}]
