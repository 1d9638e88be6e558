"""Slates that this process does not remember are looked for in the log, by a process of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from trimtab.core import processes
from trimtab.core.errors import TrimtabError
from trimtab.core.processes import KeptWorker
from trimtab.service.logs import shown_slates
from trimtab.service.logs.shown_slates import ShownSlates


def test_a_log_that_cannot_be_read_keeps_no_event_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TrimtabError("the process was ended")

    monkeypatch.setattr(KeptWorker, "computed", fails)
    assert asyncio.run(ShownSlates(tmp_path).of(["unknown"])) == {}


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
