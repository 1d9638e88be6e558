"""Ramps over Redis by a clock that is set by hand: one worker decides for all, purchases count, results tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.core.records import Interaction
from trimtab.service.experiments.assignment import Assigned
from trimtab.service.experiments.definition import Experiment, ramp_field
from trimtab.service.experiments.ramp import RampState
from trimtab.service.experiments.ramp_controller import LEADER, RampController, read_history
from trimtab.service.experiments.running import Experiments
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}
HALVES = {"control": {"share": 0.5}, "margin": {"share": 0.5}}
RAMPED = {"arms": HALVES, "ramp": {"control": "control", "min_searches": 100, "hold_seconds": 60}}


@dataclass
class Worker:
    """One worker's part, polled by hand."""

    redis: Redis
    now: float = 0.0

    def __post_init__(self) -> None:
        redis = RedisGateway(None, timeout_seconds=1, poll_seconds=1)
        self.experiments = Experiments(redis, Metrics())
        self.ramps = RampController(self.experiments, clock=lambda: self.now)
        redis.on_poll(self.ramps.turn)
        self._redis = redis

    def poll(self, now: float) -> None:
        self.now = now
        for reader in self._redis._readers:  # noqa: SLF001  # a poll at a time that the test chooses
            reader(self.redis)

    def exposure(self) -> float:
        return self.experiments.exposure("margin", self.experiments.all()["margin"])

    def ramp_state(self) -> RampState:
        return self.experiments.ramp_state("margin", self.experiments.all()["margin"])

    def search(self, n: int, *, failing: str | None = None) -> list[tuple[str, Assigned]]:
        """Searches by n sessions that take part; those of one arm fail."""
        found = []
        for number in range(10**6):
            assigned = self.experiments.assign(user_id=None, session_id=f"visit-{number}")
            if not assigned.arms:
                continue
            if assigned.arms[0].arm == failing:
                self.experiments.failed(assigned)
            else:
                self.experiments.searched(assigned, f"d-{len(found)}", seconds=0.001, is_empty=False)
            found.append((f"d-{len(found)}", assigned))
            if len(found) == n:
                break
        return found


@pytest.fixture
def redis(redis_server: RedisProcess) -> Iterator[Redis]:
    with redis_server.client() as client:
        yield client


def define(redis: Redis, definition: dict) -> Experiment:
    experiment = Experiment.model_validate(definition)
    redis.hset("trimtab:experiments", "margin", experiment.model_dump_json())
    return experiment


def test_a_ramp_rises_and_is_rolled_back_once_for_all_workers(redis: Redis) -> None:
    define(redis, RAMPED)
    one, two = Worker(redis), Worker(redis)
    for worker in (one, two):
        worker.poll(0)
        worker.poll(2)
        assert worker.exposure() == 0.01
    two.search(250)
    two.poll(30)
    one.poll(40)
    two.poll(40)
    assert two.exposure() == 0.01, "the step has not lasted"
    for now in (70, 70.5):  # whoever leads moves it at the first, both have read it at the second
        one.poll(now)
        two.poll(now)
    assert two.exposure() == 0.05
    assert one.exposure() == 0.05

    two.search(400, failing="margin")
    two.poll(80)
    one.poll(90)
    one.poll(92)
    two.poll(92)
    for worker in (one, two):
        state = worker.ramp_state()
        assert state.status == "rolled_back"
        assert state.reason is not None
        assert state.reason.startswith("errors of margin")
        assert worker.exposure() == 0
        assert not worker.experiments.assign(user_id=None, session_id="visit-1").arms
    one.poll(1e6)
    assert one.exposure() == 0, "for good"

    define(redis, {**RAMPED, "ramp": {**RAMPED["ramp"], "hold_seconds": 61}})
    one.poll(1e6 + 2)
    one.poll(1e6 + 4)
    assert one.exposure() == 0.01, "defined anew it starts again"


def test_who_leads_is_followed_by_another(redis: Redis) -> None:
    define(redis, RAMPED)
    one, two = Worker(redis), Worker(redis)
    one.poll(0)
    two.poll(0)
    assert one.ramps.turn(redis) is False, "once a second is enough"
    one.now = two.now = 10
    assert two.ramps.turn(redis) is False
    assert one.ramps.turn(redis) is True
    redis.delete(LEADER)  # what its lease does when a worker is gone
    one.now = two.now = 20
    assert two.ramps.turn(redis) is True
    assert one.ramps.turn(redis) is False


def test_a_purchase_is_the_revenue_of_the_arm_that_sold_it(redis: Redis) -> None:
    experiment = define(redis, {"arms": HALVES})
    one, two = Worker(redis), Worker(redis)
    one.poll(0)
    two.poll(0)
    searched = one.search(300)
    sold = {}
    for decision_id, assigned in searched[:10]:
        sold.setdefault(assigned.arms[0].arm, []).append(decision_id)
    at = datetime.now(UTC)
    for number, decision_id in enumerate([ids[0] for ids in sold.values()] * 2):
        two.experiments.totals.follow([Interaction(f"e-{number}", decision_id, at, "purchase", "i", value=3.0)])
    two.experiments.totals.follow([Interaction("other", "unknown", at, "purchase", "i", value=100.0)])
    most = max(sold, key=lambda arm: len(sold[arm]))
    clicked = [ids[0] for ids in sold.values()] * 2 + [sold[most][1], "unknown"]
    clicks = [Interaction(f"c-{n}", decision_id, at, "click", "i") for n, decision_id in enumerate(clicked)]
    two.experiments.totals.follow(clicks)
    two.poll(1)
    one.poll(2)
    two.poll(2)
    totals, _ = read_history(redis, "margin", experiment)
    assert sum(one.searches for one in totals.values()) == 300
    for arm in sold:
        assert (totals[arm].revenue, totals[arm].revenue_squares) == (6.0, 36.0), "two purchases of one search"
        assert (totals[arm].orders, totals[arm].buyers) == (2, 1)
        assert totals[arm].clicked == (2 if arm == most else 1), "searches with a click, not clicks"
    one.poll(70)
    one.poll(140)
    _, history = read_history(redis, "margin", experiment)
    assert [snapshot["at"] for snapshot in history] == [0, 70, 140]
    assert ramp_field("margin", experiment).startswith("margin:")


def test_many_hits_and_purchases_of_one_unit_are_known_as_such(redis: Redis) -> None:
    experiment = define(redis, {"arms": HALVES})
    one, two = Worker(redis), Worker(redis)
    one.poll(0)
    two.poll(0)
    assigned = one.experiments.assign(user_id=None, session_id="robot")
    arm = assigned.arms[0].arm
    for number in range(3):
        for worker in (one, two):
            worker.experiments.searched(assigned, f"{id(worker)}-{number}", seconds=0.001, is_empty=True)
        one.poll(number + 1)
        two.poll(number + 1)
    bought = [Interaction(str(n), f"{id(one)}-{n}", datetime.now(UTC), "purchase", "i", value=2.0) for n in range(3)]
    two.experiments.totals.follow(bought)
    two.poll(5)
    found = read_history(redis, "margin", experiment)[0][arm]
    assert (found.searches, found.empty, found.empty_squares) == (6, 6, 36)
    assert (found.buyers, found.revenue, found.revenue_squares) == (1, 6, 36)


class Leaving:
    """A client whose server goes away after some additions."""

    def __init__(self, redis: Redis, *, after: int) -> None:
        self._redis = redis
        self._left = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._redis, name)

    def hincrbyfloat(self, *arguments: object) -> object:
        if self._left == 0:
            raise RedisConnectionError
        self._left -= 1
        return self._redis.hincrbyfloat(*arguments)


@pytest.mark.parametrize(("after", "kept"), [(0, 2), (3, 2), (4, 2), (9, 3)])
def test_purchases_that_a_lost_redis_has_not_begun_to_take_wait(redis: Redis, after: int, kept: int) -> None:
    experiment = define(redis, {"arms": HALVES})
    worker = Worker(redis)
    worker.poll(0)
    decisions = [decision_id for decision_id, _ in worker.search(3)]
    worker.poll(1)
    for number, decision_id in enumerate(decisions):
        bought = Interaction(f"e-{number}", decision_id, datetime.now(UTC), "purchase", "i", value=3.0)
        worker.experiments.totals.follow([bought])
    with suppress(RedisConnectionError):
        worker.experiments.totals.flush(Leaving(redis, after=after))
    worker.poll(2)
    totals, _ = read_history(redis, "margin", experiment)
    added = sum(arm.revenue_squares for arm in totals.values()) / 9
    assert added == kept, "but for the one under way, which is not added twice"


def test_layers_are_exclusive_inside_and_independent_of_each_other(redis: Redis) -> None:
    halves = {"arms": HALVES}
    for name, definition in {
        "a": {**halves, "slots": (0, 0.5)},
        "b": {**halves, "slots": (0.5, 1)},
        "c": {**halves, "layer": "other", "exploration_share": 0.5},
    }.items():
        redis.hset("trimtab:experiments", name, Experiment.model_validate(definition).model_dump_json())
    worker = Worker(redis)
    worker.poll(0)
    seen: dict[tuple[str, ...], int] = {}
    for number in range(2000):
        assigned = worker.experiments.assign(user_id=None, session_id=f"visit-{number}")
        assert assigned.exploration_share == 0.5
        variants = tuple(one.label for one in assigned.arms)
        assert assigned.label == "+".join(variants)
        seen[variants] = seen.get(variants, 0) + 1
    assert len(seen) == 8, "one of a or b, and one of c"
    assert all(len(variants) == 2 and variants[1].startswith("c/") for variants in seen)
    assert min(seen.values()) > 2000 / 8 * 0.75


def test_results_over_http(shared: Settings) -> None:
    with serving(shared) as shop:
        everybody = {**RAMPED, "ramp": {"control": "control", "steps": [1.0]}}
        shop.put("/experiments/margin", json=everybody, headers=KEY).raise_for_status()
        bought = 0.0
        for number in range(220):
            answer = shop.get("/search", params={"q": "soup", "k": 1, "session_id": f"visit-{number}"}).json()
            assert answer["arm"].startswith("margin/")
            if number % 20 == 0:
                event = {"event_id": f"e-{number}", "action_name": "purchase", "value": 2.5, "item_id": "i"}
                shop.post("/events", json={**event, "query_id": answer["decision_id"]}).raise_for_status()
                bought += 2.5

        def results() -> dict:
            answer: dict = shop.get("/experiments/margin/results").json()
            return answer

        eventually(lambda: sum(arm["revenue"] for arm in results()["now"]["arms"].values()) == bought)
        eventually(lambda: sum(arm["searches"] for arm in results()["now"]["arms"].values()) == 220)
        eventually(lambda: results()["ramp"]["reason"])
        found = results()
        assert (found["control"], found["exposure"], found["ramp"]["status"]) == ("control", 1.0, "ramping")
        assert "searches in this step" in found["ramp"]["reason"]
        for interval in found["now"]["intervals"]:
            assert interval["low"] <= interval["difference"] <= interval["high"]
        eventually(lambda: results()["history"])
        refused = {"arms": {**HALVES, "control": {"share": 0.5, "profile": None}}, "layer": "x", "slots": [1, 0]}
        assert shop.put("/experiments/wrong", json=refused, headers=KEY).status_code == 422
        assert shop.get("/experiments/nobody/results").status_code == 404


def test_two_layers_do_not_decide_the_same(shared: Settings) -> None:
    arms = {"control": {"share": 0.5}, "margin": {"share": 0.5, "profile": "margin"}}
    with serving(shared) as shop:
        shop.put("/profiles/margin", json={"weights": {"revenue": 1}}, headers=KEY).raise_for_status()
        shop.put("/experiments/one", json={"arms": arms}, headers=KEY).raise_for_status()
        refused = shop.put("/experiments/two", json={"arms": arms, "layer": "other"}, headers=KEY)
        assert refused.status_code == 422
        assert "decides the profile too" in refused.json()["detail"]
        moved = {"arms": arms, "layer": "other"}
        shop.put("/drafts/experiments/one", json={"definition": moved}, headers=KEY).raise_for_status()
        shop.post("/drafts/experiments/one/publish", headers=KEY).raise_for_status()
        shop.put("/experiments/one", json={"arms": arms}, headers=KEY).raise_for_status()
        assert shop.get("/experiments", headers=KEY).json()["one"]["layer"] == "default"


def test_a_client_that_is_wrong_is_no_failure_of_an_arm(service: httpx.Client) -> None:
    service.put("/experiments/margin", json={"arms": HALVES}, headers=KEY).raise_for_status()
    assert service.get("/search", params={"q": "soup", "session_id": "s", "k": 5000}).status_code == 422
    eventually(lambda: service.get("/experiments/margin/results").status_code == 200)
    arms = service.get("/experiments/margin/results").json()["now"]["arms"]
    assert sum(arm["errors"] for arm in arms.values()) == 0
    service.delete("/experiments/margin", headers=KEY).raise_for_status()
