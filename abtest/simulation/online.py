"""A simulated online test: arms share the traffic by hash, exposure ramps up, a guardrail may stop it.

The test is evaluated as traffic comes in, with intervals that hold however often it is looked at
(`trimtab.core.experiments.sequential.always_valid`), and only where the split is as planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Ints
from trimtab.abtest.simulation.bucketing import NOT_EXPOSED, assign
from trimtab.core.errors import BadParameter
from trimtab.core.experiments.sample_ratio import ALARM_BELOW, sample_ratio_p_value
from trimtab.core.experiments.sequential import unit_difference

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OnlineTest:
    """An A/B/n test.

    Attributes:
        experiment: key of the hash.
        shares: arm -> share of the exposed; the first is the control.
        ramp: exposures, ascending; each holds for an equal share of the traffic.
        guardrail: the relative loss against the control that stops the test; 0.05 is 5 %.
        confidence: of all comparisons together.
    """

    experiment: str
    shares: Mapping[str, float]
    ramp: Sequence[float] = (0.05, 0.2, 1.0)
    guardrail: float = 0.05
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at the end of a step.

    Attributes:
        exposure: share of users that took part.
        n_users: arm -> users so far.
        differences: treatment -> low, high of its mean by user minus the control's; None before values differ.
        split_p_value: of the users' split.
    """

    exposure: float
    n_users: dict[str, int]
    differences: dict[str, tuple[float, float] | None]
    split_p_value: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended.

    Attributes:
        looks: one a step that ran.
        stopped: why it ended early, None where it ran to its end.
        better, worse: treatments that surely differ from the control.
    """

    looks: tuple[Look, ...]
    stopped: str | None
    better: tuple[str, ...]
    worse: tuple[str, ...]


def run_online_test(plan: OnlineTest, users: Sequence[str], values: Mapping[str, Floats]) -> Outcome:
    """Run a test on users in the order in which they come, each assigned to an arm.

    A user counts from the step of the first exposure: raising the exposure adds users and moves nobody.

    Args:
        users: [n] different user_ids, in order of arrival.
        values: arm -> [n] what each user would be worth under it.

    Raises:
        BadParameter: a ramp that does not rise within 0..1, fewer than two arms, values of other arms.

    Example:
        >>> import numpy as np
        >>> from trimtab.abtest import OnlineTest, run_online_test
        >>> rng = np.random.default_rng(0)
        >>> users = [f"user-{number}" for number in range(4000)]
        >>> values = {"control": rng.exponential(1.0, 4000), "treatment": rng.exponential(1.5, 4000)}
        >>> run_online_test(OnlineTest("prices", {"control": 0.5, "treatment": 0.5}), users, values).better
        ('treatment',)
    """
    _check(plan, values)
    names = list(plan.shares)
    table = np.stack([values[name] for name in names])
    steps = np.array_split(np.arange(len(users)), len(plan.ramp))
    seen: list[Ints] = []
    codes: list[Ints] = []
    looks: list[Look] = []
    for exposure, arrived in zip(plan.ramp, steps, strict=True):
        arms = assign(plan.experiment, [users[at] for at in arrived], plan.shares, exposure=exposure)
        took_part = arms != NOT_EXPOSED
        seen.append(arrived[took_part])
        codes.append(arms[took_part])
        who, arm = np.concatenate(seen), np.concatenate(codes)
        look = _look(plan, exposure, table[arm, who], arm)
        looks.append(look)
        reason = _reason_to_stop(plan, look, table[0, who[arm == 0]])
        if reason is not None:
            return _ended(looks, reason)
    return _ended(looks, None)


def _look(plan: OnlineTest, exposure: float, values: Floats, arms: Ints) -> Look:
    names = list(plan.shares)
    counts = [int((arms == code).sum()) for code in range(len(names))]
    shares = list(plan.shares.values())
    # Bonferroni: together the comparisons hold at the confidence that was asked for.
    level = (1 - plan.confidence) / (len(names) - 1)
    differences: dict[str, tuple[float, float] | None] = {}
    for code, name in enumerate(names[1:], start=1):
        either = (arms == 0) | (arms == code)
        share = shares[code] / (shares[0] + shares[code]) if shares[code] else 0.0
        differences[name] = _difference(values[either], arms[either] == code, share=share, level=level)
    split = sample_ratio_p_value(counts, shares)
    return Look(exposure, dict(zip(names, counts, strict=True)), differences, split)


def _difference(values: Floats, is_treated: Flags, *, share: float, level: float) -> tuple[float, float] | None:
    if not 0 < share < 1:
        return None
    interval = unit_difference(values, is_treated, share=share, level=level)
    return None if interval is None else (interval.low, interval.high)


def _reason_to_stop(plan: OnlineTest, look: Look, control: Floats) -> str | None:
    if look.split_p_value < ALARM_BELOW:
        return f"the split is broken: {look.n_users} users, p-value {look.split_p_value:.1g}"
    floor = -plan.guardrail * float(control.mean()) if len(control) else 0.0
    for name, interval in look.differences.items():
        if interval is not None and interval[1] < floor:
            return f"{name} surely loses more than {plan.guardrail:.0%} at an exposure of {look.exposure:.0%}"
    return None


def _ended(looks: Sequence[Look], stopped: str | None) -> Outcome:
    last = looks[-1].differences
    known = {name: interval for name, interval in last.items() if interval is not None}
    better = tuple(name for name, (low, _) in known.items() if low > 0)
    worse = tuple(name for name, (_, high) in known.items() if high < 0)
    return Outcome(tuple(looks), stopped, better, worse)


def _check(plan: OnlineTest, values: Mapping[str, Floats]) -> None:
    rising = all(low < high for low, high in zip(plan.ramp, plan.ramp[1:], strict=False))
    if not plan.ramp or not rising or plan.ramp[0] <= 0 or plan.ramp[-1] > 1:
        raise BadParameter("ramp", f"{list(plan.ramp)} does not rise", "rising shares above 0 up to 1")
    if len(plan.shares) < 2:
        raise BadParameter("shares", "there is nothing to compare", "two arms or more")
    if set(values) != set(plan.shares):
        raise BadParameter("values", f"are of {sorted(values)}", ", ".join(plan.shares))
