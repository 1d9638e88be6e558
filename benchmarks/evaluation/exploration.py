"""Why exploring costs simulated shoppers more relevance than the heads expect: what each counts as relevance.

The same searches are served sorted and explored. What is lost is counted by the heads, by the labels that the heads of
the grocery bundle were trained on (bought 1, of the type searched for 1/3), by what was bought alone, and by what
shoppers who read by position do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.evaluation.simulated import small_shop
from benchmarks.figures import Figure
from trimtab.abtest.ope.evidence import evidence_of
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.outcomes import rewards_of
from trimtab.abtest.simulation.agree import SORTED
from trimtab.abtest.simulation.deployment import deploy
from trimtab.abtest.simulation.simulate import K
from trimtab.abtest.simulation.world import Intents, World
from trimtab.core.metrics import discounts
from trimtab.core.weights import RELEVANCE
from trimtab.engine import Engine
from trimtab.engine.build.labelled_lists import behaviour_gain

LOSSES = (0.0007, 0.005, 0.01, 0.02)
SHARES = (0.25, 0.1)
"""Shares of the sessions that explore, where not all do: theirs lose one over the share of what all are to lose."""
N_SEARCHES = 20_000


def worth(engine: Engine, world: World, log: ReplayLog, intents: Intents) -> dict[str, float]:
    """Mean discounted relevance of what was shown, by who counts it."""
    appeal, _, wanted = world.judge(intents, log.slates.rows.astype(np.int64))
    labels = behaviour_gain(np.where(wanted, 2, appeal > 0))
    by_rank = discounts(K)
    return {
        "the heads": float(evidence_of(engine, log, {}, draw_every=1).promised.mean()),
        "the labels the heads learned from": float((labels @ by_rank).mean()),
        "what was bought alone": float((wanted @ by_rank).mean()),
        "shoppers": float(rewards_of(log.slates, engine)[RELEVANCE].sum(axis=1).mean()),
    }


def measure(engine: Engine) -> Iterator[Figure]:
    """What sorted slates are worth and what exploring loses of it."""
    world = small_shop(engine)
    intents = world.draw(N_SEARCHES, np.random.Generator(np.random.PCG64(51)))

    def served(loss: float | None) -> dict[str, float]:
        rng = np.random.Generator(np.random.PCG64(52))
        temperature = SORTED if loss is None else None
        log = deploy(
            engine, world, engine.default_weights, N_SEARCHES, rng, temperature=temperature, loss=loss, intents=intents
        )
        return worth(engine, world, log, intents)

    best = served(None)
    for who, value in best.items():
        yield Figure(f"sorted slates by {who}", value, "a search")
    for loss, share in [(loss, 1.0) for loss in LOSSES] + [(LOSSES[-1], share) for share in SHARES]:
        found = served(loss / share)
        label = f"explored at {100 * loss:g} %" + (f" in {share:.0%} of sessions" if share < 1 else "")
        for who, value in found.items():
            yield Figure(f"{label}: lost by {who}", 100 * share * (1 - value / best[who]), "%")
