"""Several machines, one order of changes: the same lines in every log, whatever Redis forgets."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from tests.support.machines import Machine, settle
from tests.support.processes import free_port
from tests.support.redis_servers import RedisProcess, running_redis
from tests.support.waiting import eventually
from trimtab.catalog.live.change_lines import DIGEST_BYTES, ChangeLine, put_again
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.changes import Change
from trimtab.core.errors import BadFile, Unavailable
from trimtab.service.catalogue.change_stream import KEY, ChangeStream
from trimtab.service.catalogue.shared_order import LATEST


@pytest.fixture
def redis(module_redis: RedisProcess) -> Iterator[Redis]:
    with module_redis.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def three(redis: Redis, module_redis: RedisProcess, tmp_path: Path) -> list[Machine]:
    return [Machine(tmp_path / name, module_redis.url, tmp_path / "shared") for name in "abc"]


def raw(machine: Machine) -> list[bytes]:
    return [line.raw for line in machine.lines]


def test_what_one_machine_acknowledged_the_others_write_line_by_line(three: list[Machine]) -> None:
    a, b, c = three
    settle(*three)
    assert [a.put("1", price=1.0), b.put("2", price=2.0), a.put("1", price=3.0)] == [1, 2, 3]
    settle(*three)
    assert raw(a) == raw(b) == raw(c)
    assert [line.change.version for line in c.lines] == [1, 2, 3]
    assert c.columns["1"]["price"] == 3.0


def test_an_emptied_redis_gets_its_end_back_and_goes_on(three: list[Machine], redis: Redis) -> None:
    a, b, c = three
    for number in range(5):
        a.put(str(number))
    settle(a, b)
    redis.flushall()
    with pytest.raises(Unavailable):
        a.put("too early")
    settle(*three)
    assert b.put("5") == 6
    settle(*three)
    assert raw(a) == raw(b) == raw(c)
    assert len(raw(c)) == 6


def test_a_redis_that_was_restored_from_an_older_file_gets_the_rest_back(three: list[Machine], redis: Redis) -> None:
    a, b, c = three
    for number in range(6):
        a.put(str(number))
    settle(a)
    forget(redis, 4, 5, 6)
    settle(b)
    assert len(raw(b)) == 3
    settle(*three)
    assert raw(a) == raw(b) == raw(c)
    assert len(raw(c)) == 6


def test_changes_that_lost_their_place_are_made_again_but_for_what_was_changed_later(
    three: list[Machine], redis: Redis
) -> None:
    a, b, c = three
    a.put("both", title="first", price=1.0)
    settle(*three)
    a.put("only here", title="kept")
    a.put("both", price=2.0, title="second")
    forget(redis, 2, 3)  # and the machine that knows them is away
    b.put("both", price=3.0)
    b.put("new", title="new")
    settle(b, c)
    settle(*three)
    assert raw(a) == raw(b) == raw(c)
    assert a.columns["only here"]["title"] == "kept"
    assert a.columns["both"] == {"item_id": "both", "title": "second", "price": 3.0}
    assert [path.name for path in (a.folder / "lost").iterdir()] == [
        next(path.name for path in (a.folder / "lost").glob("000000000001-000000000003-*.jsonl.made"))
    ]


def test_a_trimmed_stream_is_made_whole_by_a_machine_that_has_the_lines(three: list[Machine], redis: Redis) -> None:
    a, b, c = three
    for number in range(5):
        a.put(str(number))
    settle(a)
    redis.xtrim(KEY, maxlen=1, approximate=False)
    b.step()
    assert raw(b) == []
    settle(*three)
    assert raw(a) == raw(b) == raw(c)


def test_shops_that_had_an_order_each_get_one(three: list[Machine], redis: Redis) -> None:
    a, b, _ = three
    for machine, prefix, n in ((a, "a", 4), (b, "b", 3)):
        for number in range(n):
            machine.put_alone(f"{prefix}{number}")
    settle(a, b)
    assert raw(a) == raw(b)
    assert {"a0", "a3", "b0", "b2"} <= a.columns.keys()


def test_a_line_belongs_to_one_chain(three: list[Machine]) -> None:
    a, b, _ = three
    a.put("1")
    settle(b)
    first, second = a.lines[0], b.put("2") and b.lines[1]
    assert second.follows(first.place)
    assert not second.follows(second.place)
    assert not ChangeLine(second.change, second.raw, "another").follows(first.place)


def test_a_log_that_lacks_what_a_bundle_needs_is_filled_or_the_bundle_refused(
    three: list[Machine], redis: Redis
) -> None:
    a, b, _ = three
    for number in range(4):
        a.put(str(number))
    settle(a)
    long_ago, third = b.order.since, a.lines[2].change.timestamp
    redis.xtrim(KEY, maxlen=2, approximate=False)
    b.order.since = LATEST
    b.order.reach_back(ChangeLog(b.folder), third)
    settle(b)
    assert raw(b) == raw(a)[2:]
    with pytest.raises(Unavailable, match="the bundle needs changes from before 3, which neither this machine nor"):
        b.order.reach_back(ChangeLog(b.folder), long_ago)
    settle(a)  # it has been asked for them
    b.order.reach_back(ChangeLog(b.folder), long_ago)
    assert raw(b) == raw(a)


def test_a_redis_that_may_lose_changes_is_named(redis: Redis, module_redis: RedisProcess) -> None:
    stream = ChangeStream(module_redis.url, replicas=0, timeout_seconds=2.0)
    assert stream.promises_durability() is False
    redis.config_set("appendfsync", "always")
    assert stream.promises_durability()
    redis.config_set("appendfsync", "everysec")
    stream.close()


def test_a_change_that_too_few_replicas_have_is_not_acknowledged(
    three: list[Machine], module_redis: RedisProcess
) -> None:
    a, b, _ = three
    a.order.stream = ChangeStream(module_redis.url, replicas=1, timeout_seconds=2.0)
    with pytest.raises(Unavailable, match="has reached 0 of 1 replicas"):
        a.put("1")
    with pytest.raises(Unavailable, match="has reached 0 of 1 replicas"):
        a.order.confirm()  # as a change that changes nothing is
    settle(a, b)
    assert raw(a) == raw(b)
    assert len(raw(b)) == 1  # it was made all the same, and may be sent again


def test_a_change_is_acknowledged_once_a_replica_has_it(tmp_path: Path) -> None:
    port = str(free_port())
    for name in ("primary", "replica"):
        (tmp_path / name).mkdir()
    with (
        running_redis(tmp_path / "primary", "--port", port, "--bind", "127.0.0.1") as primary,
        running_redis(tmp_path / "replica", "--replicaof", "127.0.0.1", port) as replica,
        primary.client() as client,
        replica.client() as copy,
    ):
        eventually(lambda: client.wait(1, 100) == 1)
        machine = Machine(tmp_path / "a", primary.url, tmp_path / "shared")
        machine.order.stream = ChangeStream(primary.url, replicas=1, timeout_seconds=2.0)
        machine.put("1")
        assert copy.xlen(KEY) == 1
        replica.signal(signal.SIGSTOP)
        with pytest.raises(Unavailable, match="has reached 0 of 1 replicas"):
            machine.put("2")
        replica.signal(signal.SIGCONT)
        machine.step()
        eventually(lambda: client.wait(1, 100) == 1)
        machine.order.confirm()
        assert copy.xlen(KEY) == len(machine.lines) == 2


def test_what_is_not_ours_in_the_stream_is_named(three: list[Machine], redis: Redis) -> None:
    three[0].put("1")
    redis.xadd(KEY, {"somebody": "else"})
    with pytest.raises(Unavailable, match=f"{KEY}: has a line that is not a change of a catalogue"):
        three[1].follower.turn()


LINE = {"version": 2, "timestamp": "2025-01-01T00:00:00Z", "put": [{"item_id": "x"}], "delete": [], "previous": None}


@pytest.mark.parametrize(
    "line",
    [
        {**LINE, "version": "2"},
        {**LINE, "version": 2**60},
        {**LINE, "timestamp": "2025-01-01T00:00:00"},
        {**LINE, "put": [{}]},
        {**LINE, "put": ["x"]},
        {**LINE, "delete": [[]]},
        {**LINE, "previous": []},
    ],
    ids=str,
)
def test_what_only_looks_like_a_change_ends_no_follower(
    line: dict[str, Any], three: list[Machine], redis: Redis
) -> None:
    three[0].put("1")
    add_entry(redis, "2-0", orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    with pytest.raises(Unavailable, match="is not a change of a catalogue"):
        three[1].follower.turn()


@pytest.mark.parametrize("entry_id", ["2-1", "3-0"])
def test_an_entry_under_another_number_or_digest_is_named(entry_id: str, three: list[Machine], redis: Redis) -> None:
    a, b, _ = three
    a.put("1")
    raw = orjson.dumps(LINE, option=orjson.OPT_APPEND_NEWLINE)
    add_entry(redis, entry_id, raw)
    with pytest.raises(Unavailable, match="is not of the line it has"):
        b.follower.turn()
    forget(redis, int(entry_id[0]))
    redis.xadd(KEY, {"digest": "another", "line": raw}, id="2-0")
    with pytest.raises(Unavailable, match="is not of the line it has"):
        a.put("2")


def test_a_line_of_several_lines_is_none(three: list[Machine], redis: Redis) -> None:
    three[0].put("1")
    add_entry(redis, "2-0", orjson.dumps(LINE, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    with pytest.raises(Unavailable, match="is not a change of a catalogue"):
        three[1].follower.turn()


def add_entry(redis: Redis, entry_id: str, raw: bytes) -> None:
    """What `EXTEND` would add for a line, whatever it is."""
    redis.xadd(KEY, {"digest": blake2b(raw, digest_size=DIGEST_BYTES).hexdigest(), "line": raw}, id=entry_id)


@pytest.mark.parametrize("kept", [0, 1])
def test_an_archived_file_that_was_cut_off_is_named(kept: int, three: list[Machine], redis: Redis) -> None:
    a, b, _ = three
    a.put("1"), a.put("2")
    redis.flushall()
    settle(a)
    (file,) = (a.folder.parent / "shared" / "changes").iterdir()
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:kept]))
    redis.flushall()
    with pytest.raises(BadFile, match="was cut off or changed"):
        b.follower.turn()


def test_a_shared_folder_that_cannot_be_reached_is_named(three: list[Machine], redis: Redis) -> None:
    a, _, _ = three
    a.put("1")
    (a.folder.parent / "shared").write_text("a file where a folder should be")
    redis.flushall()
    with pytest.raises(Unavailable, match="the shared folder cannot be reached"):
        a.follower.turn()


def forget(redis: Redis, *versions: int) -> None:
    """What a Redis has done that came back without its latest writes."""
    kept = [(entry, fields) for entry, fields in redis.xrange(KEY) if int(entry.split(b"-")[0]) not in versions]
    redis.delete(KEY)
    for entry, fields in kept:
        redis.xadd(KEY, fields, id=entry)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 2)),
        st.tuples(st.just("turn"), st.integers(0, 2)),
        st.tuples(st.just("restart"), st.integers(0, 2)),
        st.tuples(st.just("half a line"), st.integers(0, 2)),
        st.tuples(st.just("forget"), st.integers(1, 3)),
        st.tuples(st.just("trim"), st.integers(1, 3)),
        st.tuples(st.just("flush"), st.just(0)),
    ),
    max_size=24,
)


def test_an_older_change_that_is_made_again_does_not_undo_a_newer_one(three: list[Machine], redis: Redis) -> None:
    a, b, c = three
    a.put("1", price=1.0)
    redis.flushall()
    c.put("1", price=2.0)  # as the first of all, for all that it knows
    redis.flushall()
    b.put("2", price=9.0)
    settle(a, b)  # before c, whose change is newer than that of a
    settle(*three)
    assert raw(a) == raw(b) == raw(c)
    assert a.columns["1"]["price"] == 2.0
    assert a.columns["2"]["price"] == 9.0


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_in_whatever_order_all_logs_end_equal_and_nothing_acknowledged_is_missing(
    steps: list[tuple[str, int]], module_redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, numbers, acknowledged = tmp_path_factory.mktemp("machines"), count(), dict[str, int]()
    with module_redis.client() as redis:
        redis.flushall()
        machines = [Machine(folder / name, module_redis.url, folder / "shared") for name in "abc"]
        for step, which in steps:
            happen(step, which, machines, redis, acknowledged, next(numbers))
        settle(*machines, n_rounds=30)
        assert raw(machines[0]) == raw(machines[1]) == raw(machines[2])
        found = machines[0].columns
        assert {item_id: found[item_id]["price"] for item_id in acknowledged} == acknowledged
        versions = [line.change.version for line in machines[0].lines]
        assert versions == list(range(1, len(versions) + 1))
        times = [line.change.timestamp for line in machines[0].lines]
        assert times == sorted(set(times))


def happen(
    step: str, which: int, machines: list[Machine], redis: Redis, acknowledged: dict[str, int], number: int
) -> None:
    """One step. Of an item that is put again the newest price counts, by the clock that all machines have."""
    machine = machines[which % 3]
    if step == "put":
        item_id = f"item-{number % 4}"
        with suppress(Unavailable):
            machine.put(item_id, price=number)
            acknowledged[item_id] = number
    elif step == "turn":
        machine.step()
    elif step == "restart":
        machine.restart()
    elif step == "half a line":
        for segment in sorted(machine.folder.glob("*.jsonl"))[-1:]:
            with segment.open("ab") as file:
                file.write(b'{"version":9,"timest')
        machine.restart()
    elif step == "forget":
        forget(redis, *[int(entry.split(b"-")[0]) for entry, _ in redis.xrevrange(KEY, count=which)])
    elif step == "trim":
        redis.xtrim(KEY, maxlen=which - 1, approximate=False)
    elif step == "flush":
        redis.flushall()


ITEM = st.fixed_dictionaries(
    {"item_id": st.sampled_from("xyz")}, optional={"price": st.integers(0, 9), "title": st.text(max_size=2)}
)


@given(st.data())
def test_what_is_made_again_comes_out_as_if_it_had_kept_its_time(data: st.DataObject) -> None:
    times = iter(range(100))
    changes = data.draw(
        st.lists(st.tuples(st.booleans(), st.lists(ITEM, max_size=2, unique_by=lambda one: one["item_id"])), max_size=8)
    )
    all_of_them = [(is_lost, change_at(next(times), items)) for is_lost, items in changes]
    kept = [change for is_lost, change in all_of_them if not is_lost]
    lost = [change for is_lost, change in all_of_them if is_lost]
    assert state(kept + put_again(lost, kept)) == state([change for _, change in all_of_them])


def test_of_a_deletion_and_a_change_of_the_item_the_later_one_counts() -> None:
    def deletion(moment: int) -> Change:
        return Change(moment, change_at(moment, []).timestamp, [], ["x"])

    item = [{"item_id": "x", "price": 1}]
    assert put_again([deletion(1)], [change_at(2, item)]) == []
    assert put_again([deletion(2)], [change_at(1, item)]) == [deletion(2)]
    assert put_again([change_at(1, item)], [deletion(2)]) == []
    assert put_again([change_at(2, item)], [deletion(1)]) == [change_at(2, item)]


def change_at(moment: int, items: list[dict[str, Any]]) -> Change:
    return Change(moment + 1, datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=moment), items, [])


def state(changes: list[Change]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        for item in change.put:
            if len(item) > 1:
                found.setdefault(item["item_id"], {}).update(item)
    return found
