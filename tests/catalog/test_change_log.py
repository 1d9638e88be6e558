"""The log of changes: one order for all, on the disk before it is acknowledged, whole lines only."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trimtab.catalog.live import change_log
from trimtab.catalog.live.change_lines import reaches
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.core.errors import BadFile, Unavailable
from trimtab.engine.live.order import OWN_ORDER

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def append(log: ChangeLog, item_id: str) -> int:
    with log.writing():
        return log.append([{"item_id": item_id}], [], after=LONG_AGO).version


def read_ids(log: ChangeLog) -> list[str]:
    return [item["item_id"] for change in log.read() for item in change.put]


def test_readers_see_what_writers_wrote_once_and_in_order(tmp_path: Path) -> None:
    one, other, late = (ChangeLog(tmp_path / "log") for _ in range(3))
    assert not one.has_more()
    assert [append(one, "a"), append(other, "b"), append(one, "c")] == [1, 2, 3]
    assert read_ids(late) == ["a", "b", "c"]
    assert read_ids(other) == ["c"]
    assert not late.has_more()


def test_many_writers_give_every_change_a_version_of_its_own(tmp_path: Path) -> None:
    def write(name: str) -> None:
        log = ChangeLog(tmp_path)
        for number in range(10):
            append(log, f"{name}{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = ChangeLog(tmp_path).read()
    assert [change.version for change in changes] == list(range(1, 31))
    times = [change.timestamp for change in changes]
    assert times == sorted(set(times))


def test_what_a_kill_cut_short_is_no_change_and_is_cut_off(tmp_path: Path) -> None:
    append(ChangeLog(tmp_path), "a")
    (segment,) = tmp_path.glob("*.jsonl")
    with segment.open("ab") as file:
        file.write(b'{"version":2,"timestamp":"2030-')
    log = ChangeLog(tmp_path)
    assert read_ids(log) == ["a"]
    assert append(log, "b") == 2
    assert read_ids(ChangeLog(tmp_path)) == ["a", "b"]


def test_a_disk_that_refuses_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ChangeLog(tmp_path)
    append(log, "a")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="No space"):
            append(log, "b")
    assert read_ids(ChangeLog(tmp_path)) == ["a"]
    assert append(log, "c") == 2


def test_long_segments_are_followed_by_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "SEGMENT_BYTES", 1)
    writer, reader = ChangeLog(tmp_path), ChangeLog(tmp_path)
    for item_id in "abc":
        append(writer, item_id)
        assert read_ids(reader) == [item_id]
    assert [path.name for path in sorted(tmp_path.glob("*.jsonl"))] == [f"{n:012d}.jsonl" for n in (1, 2, 3)]
    assert read_ids(ChangeLog(tmp_path)) == ["a", "b", "c"]


def test_segments_that_end_before_a_moment_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "SEGMENT_BYTES", 1)
    writer = ChangeLog(tmp_path)
    with writer.writing():
        _, second, third = (writer.append([{"item_id": item_id}], [], after=LONG_AGO) for item_id in "abc")
    late = ChangeLog(tmp_path)
    assert [change.version for changes in late.segments_since(second.timestamp) for change in changes] == [2, 3]
    assert late.bytes_after(third.timestamp) < late.bytes_after(LONG_AGO)
    assert append(late, "d") == 4


def test_times_follow_one_another_whatever_the_clock_says(tmp_path: Path) -> None:
    log = ChangeLog(tmp_path)
    to_come = datetime(2100, 1, 1, tzinfo=UTC)
    with log.writing():
        first = log.append([], ["a"], after=to_come)
        second = log.append([], ["b"], after=LONG_AGO)
    assert to_come < first.timestamp < second.timestamp


def test_a_line_that_is_no_change_is_named(tmp_path: Path) -> None:
    reader = ChangeLog(tmp_path)
    append(ChangeLog(tmp_path), "a")
    assert read_ids(reader) == ["a"]
    (segment,) = tmp_path.glob("*.jsonl")
    sound = segment.read_bytes()
    segment.write_bytes(sound + b"nonsense\n")
    says = rf"^{segment}, row 2: has a line that is not a change of .*: b'nonsense.*; .* take this line out of the file"
    for log in (reader, ChangeLog(tmp_path)):
        with pytest.raises(BadFile, match=says):
            log.read()
    segment.write_bytes(sound)
    assert append(ChangeLog(tmp_path), "b") == 2
    assert read_ids(reader) == ["b"]


def test_files_of_others_in_its_folder_are_not_the_logs(tmp_path: Path) -> None:
    for name in ("foreign.jsonl", "1.jsonl", "000000000000.x.jsonl", ".jsonl"):
        (tmp_path / name).write_bytes(b"nonsense\n")
    log = ChangeLog(tmp_path)
    assert not log.has_more()
    assert append(log, "a") == 1
    assert read_ids(ChangeLog(tmp_path)) == ["a"]


def test_readers_begin_again_when_lines_that_they_read_are_cut_off(tmp_path: Path, segment_per_line: None) -> None:
    writer, reader, late = ChangeLog(tmp_path), ChangeLog(tmp_path), ChangeLog(tmp_path)
    for item_id in "abcd":
        append(writer, item_id)
    assert read_ids(reader) == ["a", "b", "c", "d"]
    with writer.writing():
        writer.cut(2)
    assert append(late, "e") == 3
    assert reader.has_more()
    assert read_ids(reader) == ["a", "b", "e"]
    assert (reader.n_restarts, late.n_restarts) == (1, 0)
    with late.writing():
        late.cut(0)
    assert read_ids(reader) == []
    assert append(writer, "f") == 1
    assert read_ids(reader) == ["f"]
    assert read_ids(ChangeLog(tmp_path)) == ["f"]


def test_a_cut_that_a_kill_interrupts_is_made_or_not(tmp_path: Path, segment_per_line: None) -> None:
    log = ChangeLog(tmp_path)
    for item_id in "abcd":
        append(log, item_id)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    with log.writing():
        log.cut(2)
    for path, content in before.items():
        path.write_bytes(content)  # as if the kill had come before the old files were removed
    assert read_ids(ChangeLog(tmp_path)) == ["a", "b"]
    assert append(ChangeLog(tmp_path), "e") == 3
    assert read_ids(ChangeLog(tmp_path)) == ["a", "b", "e"]


def test_lines_that_come_in_front_are_read_by_those_who_begin(tmp_path: Path, segment_per_line: None) -> None:
    whole, part = ChangeLog(tmp_path / "whole"), ChangeLog(tmp_path / "part")
    for item_id in "abcd":
        append(whole, item_id)
    lines = list(whole.lines_from(0))
    assert [line.change.version for line in whole.lines_from(3)] == [3, 4]
    with part.writing():
        part.write(lines[2:])
    reader = ChangeLog(tmp_path / "part")
    assert read_ids(reader) == ["c", "d"]
    with part.writing():
        part.put_in_front(lines[:2])
    assert read_ids(reader) == []
    assert append(part, "e") == 5
    assert read_ids(reader) == ["e"]
    assert read_ids(ChangeLog(tmp_path / "part")) == ["a", "b", "c", "d", "e"]
    assert reader.place == part.place != whole.place


@pytest.fixture
def segment_per_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "SEGMENT_BYTES", 1)


def test_the_oldest_segments_are_removed_once_every_bundle_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_log, "SEGMENT_BYTES", 1)
    log, late = ChangeLog(tmp_path), ChangeLog(tmp_path)
    for name in "abcdef":
        append(log, name)
    whole = log.n_bytes
    changes = [line.change for line in log.lines_from(0)]
    built = changes[3].timestamp  # a bundle that has a to d
    with log.writing():
        assert log.forget(built, above_bytes=whole) == 0, "there is room for all"
        assert log.forget(built, above_bytes=whole - 1) == 1
        assert log.forget(built, above_bytes=0) == 2, "what the bundle lacks stays, and the change before it"
    first = log.first_line()
    assert first is not None
    assert reaches(first, built)
    assert not reaches(first, changes[2].timestamp)
    assert read_ids(late) == ["d", "e", "f"]
    assert append(log, "g") == 7
    with pytest.raises(Unavailable, match="newer bundle"):
        OWN_ORDER.reach_back(late, changes[2].timestamp)
    OWN_ORDER.reach_back(late, built)
    OWN_ORDER.reach_back(ChangeLog(tmp_path / "none"), built)
