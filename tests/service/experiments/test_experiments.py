"""An experiment over HTTP: sticky arms in response, log and metrics, and an alarm when the split is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.support.redis_servers import RedisProcess
from tests.support.services import beside, metric, serving
from tests.support.waiting import eventually
from trimtab.core.experiments.sample_ratio import ALARM_BELOW
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.service.experiments.definition import Experiment
from trimtab.service.settings import Settings

GOLDEN = ["margin", "control", "control", "margin", "margin", "control", "margin", "margin"]
KEY = {"Authorization": "Bearer sesame"}
MARGIN = {"weights": {"revenue": 1.0}}
HALVES = {"arms": {"control": {"share": 0.5}, "margin": {"share": 0.5, "profile": "margin"}}}


@pytest.fixture
def shop(service: httpx.Client) -> Iterator[httpx.Client]:
    """The service with a profile; it forgets profile and experiments afterwards."""
    service.put("/profiles/margin", json=MARGIN, headers=KEY).raise_for_status()
    yield service
    for kind in ("experiments", "profiles"):
        for name in service.get(f"/{kind}").json():
            service.delete(f"/{kind}/{name}", headers=KEY).raise_for_status()


def define(shop: httpx.Client, name: str, experiment: dict) -> None:
    response = shop.put(f"/experiments/{name}", json=experiment, headers=KEY)
    assert response.status_code == 200, response.text


def search(shop: httpx.Client, **parameters: object) -> dict:
    response = shop.get("/search", params={"q": "soup", "k": 1, **parameters})
    assert response.status_code == 200, response.text
    return response.json()


def arms(shop: httpx.Client, n: int) -> dict[str, str | None]:
    return {f"visit-{number}": search(shop, session_id=f"visit-{number}")["arm"] for number in range(n)}


def test_a_team_tries_another_profile(shop: httpx.Client, engine: Engine) -> None:
    define(shop, "weights", HALVES)
    seen = arms(shop, 40)
    counts = Counter(seen.values())
    assert counts.keys() == {"weights/control", "weights/margin"}
    assert arms(shop, 40) == seen
    for session_id, variant in list(seen.items())[:10]:
        # Nothing is to be kept, so that the weights are those of the arm.
        weights = search(shop, session_id=session_id, q="ice cream", max_relevance_loss=1)["weights"]
        assert weights["revenue"] == (1 if variant == "weights/margin" else engine.default_weights["revenue"])

    assert search(shop)["arm"] is None, "nobody to assign"
    assert search(shop, session_id="visit-1")["variant"] == seen["visit-1"], "the earlier name, for one version"
    assert search(shop, session_id="visit-1", w_relevance=1)["arm"] is None, "the request chose by itself"
    assert search(shop, session_id="visit-1", profile="margin")["arm"] is None
    assert metric(shop, "trimtab_experiment_searches_total", arm="weights/margin") >= counts["weights/margin"]

    units = {arm: counts[f"weights/{arm}"] for arm in ("control", "margin")}
    eventually(lambda: shop.get("/experiments/weights").json()["units"] == units)
    state = shop.get("/experiments/weights").json()
    assert not state["sample_ratio_alarm"]
    assert state["definition"]["arms"].keys() == {"control", "margin"}


def test_golden_vectors(shop: httpx.Client) -> None:
    """A hash that changes would move shoppers between the arms of running experiments."""
    define(shop, "golden", HALVES)
    assert [arm and arm.partition("/")[2] for arm in arms(shop, 8).values()] == GOLDEN


def test_a_ramp_adds_units_and_moves_none(shop: httpx.Client) -> None:
    before: dict[str, str | None] = {}
    for exposure in (0, 0.25, 0.5, 1):
        define(shop, "ramp", {**HALVES, "exposure": exposure})
        now = arms(shop, 20)
        assert all(now[session] == arm for session, arm in before.items() if arm is not None)
        assert (None in now.values()) == (exposure < 1)
        before = now


def test_one_experiment_at_a_time(shop: httpx.Client) -> None:
    define(shop, "b", HALVES)
    define(shop, "a", {**HALVES, "exposure": 0.5})
    assert {arm.partition("/")[0] for arm in arms(shop, 20).values() if arm} == {"a", "b"}
    define(shop, "a", {**HALVES, "unit": "user"})
    assert search(shop, user_id="u", session_id="s")["arm"].startswith("a/")
    assert search(shop, session_id="s")["arm"].startswith("b/")


def test_a_profile_that_is_gone_takes_its_arm_with_it(shop: httpx.Client) -> None:
    define(shop, "gone", HALVES)
    treated = next(session for session, arm in arms(shop, 20).items() if arm == "gone/margin")
    shop.delete("/profiles/margin", headers=KEY).raise_for_status()
    assert search(shop, session_id=treated)["arm"] is None


@pytest.mark.parametrize(
    ("experiment", "parameter"),
    [
        ({"arms": {"a": {"share": 0.5}, "b": {"share": 0.4}}}, "body"),
        ({"arms": {"a": {"share": 1}}}, "arms"),
        ({"arms": {"a": {"share": 0.5}, "b": {"share": 0.5, "profile": "nobody"}}}, "profile"),
        ({**HALVES, "exposure": 1.5}, "exposure"),
        ({**HALVES, "unit": "basket"}, "unit"),
    ],
)
def test_what_is_no_experiment_is_refused(shop: httpx.Client, experiment: dict, parameter: str) -> None:
    response = shop.put("/experiments/wrong", json=experiment, headers=KEY)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == parameter
    assert shop.get("/experiments/wrong").status_code == 404


def test_workers_agree_and_the_log_knows(shared: Settings, redis_server: RedisProcess) -> None:
    with serving(shared) as one, serving(beside(shared)) as two:
        one.put("/profiles/margin", json=MARGIN, headers=KEY).raise_for_status()
        define(one, "weights", HALVES)
        eventually(lambda: two.get("/experiments").json() and two.get("/profiles").json())
        seen = arms(one, 10)
        assert arms(two, 10) == seen
        eventually(lambda: sum(two.get("/experiments/weights").json()["units"].values()) == 10)
        with redis_server.client() as redis:
            key = next(key for key in redis.scan_iter("trimtab:units:*") if key.endswith(b":control"))
            redis.sadd(key, *range(100))
        eventually(lambda: two.get("/experiments/weights").json()["sample_ratio_alarm"])
        assert metric(two, "trimtab_sample_ratio_p_value", experiment="weights") < 0.001
    rows = [row for frame in read_log(shared.data_folder / "impressions") for row in rows_of(frame)]
    assert {row["session_id"]: row["arm"] for row in rows} == seen


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=5).filter(any))
def test_the_p_value_of_the_split_equals_scipys(counts: list[int]) -> None:
    shares = [1 / len(counts)] * len(counts)
    experiment = Experiment.model_validate({"arms": {f"arm-{n}": {"share": share} for n, share in enumerate(shares)}})
    units = {f"arm-{n}": count for n, count in enumerate(counts)}
    if min(shares) * sum(counts) >= 5:
        oracle = stats.chisquare(counts).pvalue
    elif len(counts) == 2:
        oracle = min(2 * stats.binom.cdf(min(counts), sum(counts), 0.5), 1.0)
    else:
        return
    assert experiment.sample_ratio_p_value(units) == pytest.approx(oracle, abs=1e-12)


def test_an_arm_without_a_share_takes_no_part_in_the_split_and_has_no_units() -> None:
    mixed = {"share": 0.5, "interleave": ["control", "treatment"]}
    arms = {"control": {"share": 0.5}, "mixed": mixed, "treatment": {"share": 0.0, "profile": "p"}}
    experiment = Experiment.model_validate({"arms": arms})
    assert experiment.sample_ratio_p_value({"control": 9000, "mixed": 1000, "treatment": 0}) < ALARM_BELOW
    assert experiment.sample_ratio_p_value({"control": 5000, "mixed": 5000}) == 1
    assert experiment.sample_ratio_p_value({"control": 5000, "mixed": 5000, "treatment": 1}) == 0
    assert experiment.sample_ratio_p_value({}) == 1
    only = {"control": {"share": 0}, "margin": {"share": 0, "profile": "p"}}
    one = Experiment.model_validate({"arms": {**only, "mixed": {"share": 1, "interleave": ["control", "margin"]}}})
    assert one.sample_ratio_p_value({"mixed": 5000}) == 1
