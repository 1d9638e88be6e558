"""A test that ramps up: users stay where they are, harm stops it, luck does not."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.abtest.simulation import online
from trimtab.abtest.simulation.online import OnlineTest, run_online_test
from trimtab.core.errors import BadParameter

N = 6000
USERS = [f"user-{number}" for number in range(N)]
THREE = {"control": 0.5, "b": 0.25, "c": 0.25}


def spending(seed: int) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.gamma(2.0, 10.0, N)


def test_exposure_rises_step_by_step_and_the_better_variant_is_found() -> None:
    spent = spending(0)
    values = {"control": spent, "b": spent * 1.3, "c": spent}
    outcome = run_online_test(OnlineTest("ramp", THREE), USERS, values)
    assert outcome.stopped is None
    assert [look.exposure for look in outcome.looks] == [0.05, 0.2, 1.0]
    totals = [sum(look.n_users.values()) for look in outcome.looks]
    assert totals[0] == pytest.approx(0.05 * N / 3, rel=0.4)
    assert totals[2] - totals[1] == N / 3
    assert outcome.better == ("b",)
    assert outcome.worse == ()
    assert min(look.split_p_value for look in outcome.looks) > 1e-3


def test_harm_stops_it_before_everybody_sees_it() -> None:
    spent = spending(1)
    values = {"control": spent, "b": spent, "c": spent * 0.4}
    outcome = run_online_test(OnlineTest("harm", THREE, ramp=(0.1, 0.3, 0.6, 1.0)), USERS, values)
    assert outcome.stopped is not None
    assert outcome.stopped.startswith("c surely loses more than 5%")
    assert outcome.looks[-1].exposure < 1
    assert outcome.worse == ("c",)


def test_an_a_a_test_is_rarely_sure_of_anything() -> None:
    """Three looks, two comparisons, 200 tests: fewer than 5 % name a variant, none is stopped by the guardrail."""
    named = 0
    for number in range(200):
        spent = spending(number)[:900]
        outcome = run_online_test(OnlineTest(f"aa-{number}", THREE), USERS[:900], dict.fromkeys(THREE, spent))
        named += bool(outcome.better or outcome.worse)
        assert outcome.stopped is None
    assert named <= 10


@pytest.mark.parametrize("n_tests", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_rare_purchases_and_a_small_canary_stop_nothing(n_tests: int) -> None:
    """1 % buy, a canary of 5 %: a third of these tests used to name it, most of them as harmful."""
    shares, wrong = {"control": 0.95, "canary": 0.05}, 0
    for number in range(n_tests):
        users = [f"{number}-{user}" for user in range(3000)]
        spent = np.random.default_rng(number).binomial(1, 0.01, 3000) * 20.0
        outcome = run_online_test(OnlineTest(f"rare-{number}", shares), users, dict.fromkeys(shares, spent))
        wrong += bool(outcome.better or outcome.worse or outcome.stopped)
    assert wrong <= 0.05 * n_tests


def test_an_arm_without_a_share_is_not_compared() -> None:
    spent = spending(3)
    shares = {"control": 0.5, "b": 0.5, "idle": 0.0}
    outcome = run_online_test(OnlineTest("idle", shares), USERS, dict.fromkeys(shares, spent))
    assert outcome.stopped is None
    assert outcome.looks[-1].differences["idle"] is None


def test_a_broken_split_is_believed_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = spending(2)
    lopsided = {"control": 0.9, "b": 0.1}
    plan = OnlineTest("broken", {"control": 0.5, "b": 0.5}, ramp=(1.0,))
    real = online.assign

    def broken(key: str, users: list[str], _: object, *, exposure: float) -> np.ndarray:
        return real(key, users, lopsided, exposure=exposure)

    monkeypatch.setattr(online, "assign", broken)
    outcome = run_online_test(plan, USERS, {"control": spent, "b": spent})
    assert outcome.stopped is not None
    assert outcome.stopped.startswith("the split is broken")


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (OnlineTest("x", THREE, ramp=(0.5, 0.2)), "ramp"),
        (OnlineTest("x", THREE, ramp=()), "ramp"),
        (OnlineTest("x", THREE, ramp=(0.5, 1.5)), "ramp"),
        (OnlineTest("x", {"control": 1.0}), "shares"),
        (OnlineTest("x", {"control": 0.5, "d": 0.5}), "values"),
    ],
)
def test_a_plan_that_makes_no_sense_is_named(plan: OnlineTest, names: str) -> None:
    with pytest.raises(BadParameter, match=names):
        run_online_test(plan, USERS[:10], dict.fromkeys(THREE, np.ones(10)))
