"""Off-policy estimators: arrays in, what each impression adds out.

Every estimator here is a sum of ratios of means,

    value = sum_m  mean_i(numerators[i, m]) / mean_i(denominators[i, m]),

so one type, `Terms`, carries them all: `trimtab.abtest.ope.sums` adds terms up by user and over partitions, and
`abtest.ope.intervals` turns those sums into a value with an interval. Nothing here averages, so nothing here has to
know how large the log is.

Notation: `rewards` r, importance `weights` w = target(a|x) / logging(a|x), a reward model's prediction `q_logged` for
what was shown and `q_target` for what the target policy would show, sum_a target(a|x) q(x, a). A slate has its
positions in the second axis; `ratios[i, p]` is the ratio of the conditional propensities at position p given the
items above it, so that products of ratios are importance weights of prefixes and of slates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MOST_WEIGHT = 1e60
"""What a weight counts as where it is larger: it alone is the estimate, which is refused, and its fourth power is still
a number."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What each impression adds to an estimate.

    Attributes:
        numerators: [n, m].
        denominators: [n, m].
        weights: [n, m] importance weights behind them, for overlap diagnostics; ones where an estimator has none.
        rewards: [n, m] as logged, without weights: how much depends on each column.
    """

    numerators: Floats
    denominators: Floats
    weights: Floats
    rewards: Floats


def _columns(values: ArrayLike) -> Floats:
    """[n, m] from [n] or [n, m]."""
    array = np.asarray(values, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array


def _weights(values: ArrayLike) -> Floats:
    """[n, m] importance weights, `MOST_WEIGHT` at the most."""
    return np.minimum(_columns(values), MOST_WEIGHT)


def ratios_of(target: Floats, logged: Floats) -> Floats:
    """Ratios of chances, `MOST_WEIGHT` at the most: a chance of next to nothing, as another's log may have, is one.

    Args:
        logged: above 0, of the same shape.
    """
    return np.asarray(target / np.maximum(logged, target / MOST_WEIGHT))


def _mean_of(numerators: Floats, weights: Floats, rewards: Floats) -> Terms:
    return Terms(numerators, np.ones_like(numerators), np.broadcast_to(weights, numerators.shape), rewards)


# One action -----------------------------------------------------------------------------------------------------------


def matched_replay(rewards: ArrayLike, matched: ArrayLike) -> Terms:
    """Mean reward where the target policy makes the logged choice (Li et al. 2011).

    Unbiased only for a uniformly random logger; otherwise it answers for the impressions on which the two agree.

    Args:
        rewards: [n] or [n, k].
        matched: same shape, whether the target policy's choice is the logged one.

    Example:
        >>> from trimtab.abtest import add_up, matched_replay
        >>> terms = matched_replay([1, 0, 0, 1], [1, 0, 1, 1])
        >>> float(round(add_up(terms).value, 4))
        0.6667
    """
    r, match = _columns(rewards), _columns(matched)
    return Terms(r * match, match, match, r)


def direct_method(q_target: ArrayLike) -> Terms:
    """The mean of a reward model's predictions: as biased as the model, without weights (Beygelzimer & Langford 2009).

    Example:
        >>> from trimtab.abtest import add_up, direct_method
        >>> terms = direct_method([0.4, 0.2, 0.3, 0.3])
        >>> float(round(add_up(terms).value, 4))
        0.3
    """
    q = _columns(q_target)
    return _mean_of(q, np.ones_like(q), q)


def ips(rewards: ArrayLike, weights: ArrayLike) -> Terms:
    """`w r`: unbiased where propensities are right and support is full (Horvitz & Thompson 1952).

    Example:
        >>> from trimtab.abtest import add_up, ips
        >>> terms = ips([1, 0, 0, 1], [1.5, 0.5, 1.0, 1.0])
        >>> float(round(add_up(terms).value, 4))
        0.625
    """
    r, w = _columns(rewards), _weights(weights)
    return _mean_of(w * r, w, r)


def snips(rewards: ArrayLike, weights: ArrayLike) -> Terms:
    """`sum w r / sum w`: consistent, stays within the range of the rewards (Swaminathan & Joachims 2015).

    Example:
        >>> from trimtab.abtest import add_up, snips
        >>> terms = snips([1, 0, 0, 1], [1.5, 0.5, 1.0, 2.0])
        >>> float(round(add_up(terms).value, 4))
        0.7
    """
    r, w = _columns(rewards), _weights(weights)
    return Terms(w * r, w, w, r)


def clipped_ips(rewards: ArrayLike, weights: ArrayLike, *, clip: float) -> Terms:
    """`min(w, clip) r`: bounded variance for a bias towards 0 (Ionides 2008).

    Example:
        >>> from trimtab.abtest import add_up, clipped_ips
        >>> terms = clipped_ips([1, 0, 0, 1], [1.5, 0.5, 1.0, 1.0], clip=1.0)
        >>> float(round(add_up(terms).value, 4))
        0.5
    """
    return ips(rewards, np.minimum(_weights(weights), clip))


def doubly_robust(rewards: ArrayLike, weights: ArrayLike, q_logged: ArrayLike, q_target: ArrayLike) -> Terms:
    """`q_target + w (r - q_logged)`: unbiased where either propensities or model are (Dudik et al. 2011).

    Example:
        >>> from trimtab.abtest import add_up, doubly_robust
        >>> terms = doubly_robust([1, 0, 0, 1], [1.5, 0.5, 1.0, 1.0], [0.5] * 4, [0.4] * 4)
        >>> float(round(add_up(terms).value, 4))
        0.525
    """
    r, w = _columns(rewards), _weights(weights)
    return _mean_of(_columns(q_target) + w * (r - _columns(q_logged)), w, r)


def switch_dr(
    rewards: ArrayLike, weights: ArrayLike, q_logged: ArrayLike, q_target: ArrayLike, *, threshold: float
) -> Terms:
    """Doubly robust where `w <= threshold`, the model alone elsewhere (Wang, Agarwal & Dudik 2017).

    Example:
        >>> from trimtab.abtest import add_up, switch_dr
        >>> terms = switch_dr([1, 0, 0, 1], [1.5, 0.5, 1.0, 1.0], [0.5] * 4, [0.4] * 4, threshold=1.2)
        >>> float(round(add_up(terms).value, 4))
        0.3375
    """
    w = _weights(weights)
    return doubly_robust(rewards, np.where(w <= threshold, w, 0.0), q_logged, q_target)


def dr_with_shrinkage(
    rewards: ArrayLike, weights: ArrayLike, q_logged: ArrayLike, q_target: ArrayLike, *, shrinkage: float
) -> Terms:
    """Doubly robust with `w -> w / (1 + w^2 / lambda)`, DRos (Su et al. 2020); lambda > 0.

    Example:
        >>> from trimtab.abtest import add_up, dr_with_shrinkage
        >>> terms = dr_with_shrinkage([1, 0, 0, 1], [1.5, 0.5, 1.0, 1.0], [0.5] * 4, [0.4] * 4, shrinkage=2.0)
        >>> float(round(add_up(terms).value, 4))
        0.4327
    """
    w = _weights(weights)
    shrunk = w / (1 + w**2 / shrinkage)
    return doubly_robust(rewards, shrunk, q_logged, q_target)


# Slates ---------------------------------------------------------------------------------------------------------------


def prefix_weights(ratios: ArrayLike) -> Floats:
    """[n, k] importance weight of everything down to each position, `MOST_WEIGHT` at the most."""
    found = _weights(ratios)
    for position in range(1, found.shape[1]):
        found[:, position] = np.minimum(found[:, position] * found[:, position - 1], MOST_WEIGHT)
    return found


def slate_standard(rewards: ArrayLike, ratios: ArrayLike, *, self_normalised: bool = False) -> Terms:
    """The slate as one action: the summed reward weighted by the whole slate's ratio (SIPS).

    Assumes nothing about how positions act on each other, and pays for it: the weight is a product over all of them.

    Args:
        rewards: [n, k] by position.
        ratios: [n, k] ratios of conditional propensities.

    Example:
        >>> from trimtab.abtest import add_up, slate_standard
        >>> terms = slate_standard([[1, 0], [0, 1]], [[1.5, 1.0], [0.5, 2.0]])
        >>> float(round(add_up(terms).value, 4))
        1.25
    """
    total = _columns(rewards).sum(axis=1)
    weight = prefix_weights(ratios)[:, -1]
    return snips(total, weight) if self_normalised else ips(total, weight)


def slate_independent(rewards: ArrayLike, marginal_ratios: ArrayLike, *, self_normalised: bool = False) -> Terms:
    """Each position by itself: right where an item's reward depends on nothing else shown (IIPS, Li et al. 2018).

    Args:
        rewards: [n, k].
        marginal_ratios: [n, k] ratios of the chances of that item at that position, whatever stands elsewhere.

    Example:
        >>> from trimtab.abtest import add_up, slate_independent
        >>> terms = slate_independent([[1, 0], [0, 1]], [[1.5, 1.0], [0.5, 2.0]])
        >>> float(round(add_up(terms).value, 4))
        1.75
    """
    return (snips if self_normalised else ips)(rewards, marginal_ratios)


def slate_cascade(rewards: ArrayLike, ratios: ArrayLike, *, self_normalised: bool = False) -> Terms:
    """Each position weighted by everything down to it: right where a reward depends on the items above it and on none
    below, as for a shopper who reads downwards (reward-interaction IPS, McInerney et al. 2020).

    Args:
        rewards: [n, k].
        ratios: [n, k] ratios of conditional propensities.
        self_normalised: divide position by position by the mean weight (SNRIPS).

    Example:
        >>> from trimtab.abtest import add_up, slate_cascade
        >>> terms = slate_cascade([[1, 0], [0, 1]], [[1.5, 1.0], [0.5, 2.0]], self_normalised=True)
        >>> float(round(add_up(terms).value, 4))
        1.15
    """
    return (snips if self_normalised else ips)(rewards, prefix_weights(ratios))


def cascade_dr(rewards: ArrayLike, ratios: ArrayLike, q_logged: ArrayLike, q_target: ArrayLike) -> Terms:
    """Cascade doubly robust (Kiyohara et al. 2022): unbiased as `slate_cascade`, with less variance where q is good.

    Args:
        rewards: [n, k].
        ratios: [n, k] ratios of conditional propensities.
        q_logged: [n, k] predicted reward from this position downwards, at the logged item.
        q_target: [n, k] the same, expected over the target policy's choice at this position given the items above.

    Example:
        >>> from trimtab.abtest import add_up, cascade_dr
        >>> rewards, ratios = [[1, 0], [0, 1]], [[1.5, 1.0], [0.5, 2.0]]
        >>> terms = cascade_dr(rewards, ratios, q_logged=[[0.8, 0.3]] * 2, q_target=[[0.9, 0.3]] * 2)
        >>> float(round(add_up(terms).value, 4))
        1.275
    """
    w = prefix_weights(ratios)
    above = np.concatenate([np.ones((len(w), 1)), w[:, :-1]], axis=1)
    r = _columns(rewards)
    return _mean_of(w * (r - _columns(q_logged)) + above * _columns(q_target), w, r)


def click_ips(clicks: ArrayLike, logged_examination: ArrayLike, target_examination: ArrayLike) -> Terms:
    """For a log without exploration: clicks moved to where the target policy would show the items.

    Under a position-based click model, P(click on i at p) = examination(p) * attraction(i); a click counts
    `examination(where the target shows i) / examination(where it was logged)` (Joachims et al. 2017; Li et al. 2018).
    Items the target shows and the log did not are unseen: the estimate is a lower bound by their share, which
    `support` in a report says.

    Args:
        clicks: [n, k] 0/1, or any reward caused by the click, by logged position.
        logged_examination: [n, k] chance that the logged position was examined, above 0.
        target_examination: [n, k] chance of examination where the target shows that item; 0 where it does not.

    Example:
        >>> from trimtab.abtest import add_up, click_ips
        >>> terms = click_ips([[1, 0], [0, 1]], [[1.0, 0.5]] * 2, [[0.5, 1.0]] * 2)
        >>> float(round(add_up(terms).value, 4))
        1.25
    """
    w = ratios_of(_columns(target_examination), _columns(logged_examination))
    r = _columns(clicks)
    return _mean_of(r * w, w, r)


def click_dr(
    clicks: ArrayLike, logged_examination: ArrayLike, target_examination: ArrayLike, q_unshown: ArrayLike
) -> Terms:
    """`click_ips`, and a model of what the target shows and the log does not: doubly robust for a log without
    exploration.

    What is shown by both is not modelled, since its click is there; of the rest no log can say anything, so that the
    estimate is as good there as the model. Bounds have it worth a given part and a given multiple of that
    (`trimtab.abtest.between`).

    Args:
        clicks, logged_examination, target_examination: as in `click_ips`.
        q_unshown: [n, k] predicted reward of what the target shows at each position; 0 where the log shows it.

    Example:
        >>> from trimtab.abtest import add_up, click_dr
        >>> terms = click_dr([[1, 0], [0, 1]], [[1.0, 0.5]] * 2, [[0.5, 0.0]] * 2, [[0.0, 0.2]] * 2)
        >>> float(round(add_up(terms).value, 4))
        0.45
    """
    found = click_ips(clicks, logged_examination, target_examination)
    return _mean_of(found.numerators + _columns(q_unshown), np.ones_like(found.weights), found.rewards)
