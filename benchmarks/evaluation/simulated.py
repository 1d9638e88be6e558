"""Whether evaluation is right about how sure it is, and how fast it is: in a small simulated shop.

The shop is the busiest part of the grocery world (25 queries, 150 households), so that hundreds of logs fit into
minutes: logs are cut out of one long one, whose searches are drawn independently.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.evaluation.big_log import repeat
from benchmarks.figures import Figure
from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.evidence import evidence_of
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.outcomes import rewards_of
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.ope.sums import Overlap, add_up
from trimtab.abtest.ope.tune import Tables, candidates_around, choose
from trimtab.abtest.report.plots import price_plot
from trimtab.abtest.simulation.agree import SORTED, agree
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.price_response import fit_price_response
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World, world_of
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.core.experiments.sequential import always_valid
from trimtab.core.weights import format_weights, normalise
from trimtab.engine import Engine

POLICIES = {
    "costlier": {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05},
    "more diverse": {"relevance": 0.76, "revenue": 0.14, "diversity": 0.1},
}
IMAGES = Path("docs/img")
N_LOGS, SEARCHES_PER_LOG = 2000, 500
N_TRUTH = 150_000
N_TUNED_LOGS, SEARCHES_PER_TUNED_LOG, N_CANDIDATE_TRUTH = 40, 1500, 20_000
N_AA_RUNS, USERS_PER_ARM, PEEK_EVERY = 2000, 4000, 50


@cache
def small_shop(engine: Engine) -> World:
    return world_of(engine, group=False).among(n_queries=25, n_users=150)


def coverage(engine: Engine) -> Iterator[Figure]:
    """Share of simulated logs whose 95 % interval holds the truth."""
    world, rng = small_shop(engine), np.random.Generator(np.random.PCG64(5))
    log = deploy(engine, world, engine.default_weights, N_LOGS * SEARCHES_PER_LOG, rng)
    weights = {name: normalise(one, engine.known_weights) for name, one in POLICIES.items()}
    evidence = evidence_of(engine, log, weights)
    rewards = rewards_of(evidence.slates, engine)
    for name, one in weights.items():
        truth = deploy(engine, world, one, N_TRUTH, rng)
        prefixes = estimators.prefix_weights(evidence.ratios[name])
        for metric in ("relevance", "revenue"):
            value, _ = value_of(engine, truth, metric)
            for estimator in (estimators.snips, estimators.ips):
                found = [
                    estimate(
                        add_up(estimator(rewards[metric][some], prefixes[some]), evidence.slates.groups[some]),
                        n_resamples=400,
                    )
                    for some in (slice(start, None, N_LOGS) for start in range(N_LOGS))
                ]
                held = [one.low <= value <= one.high for one in found if one.low is not None and one.high is not None]
                label = f"{name}, {metric}, {estimator.__name__}: coverage of 95 % intervals"
                yield Figure(label, float(np.mean(held)), f"of {len(held)} logs of {SEARCHES_PER_LOG}", 0.94)


def temperatures(engine: Engine) -> Iterator[Figure]:
    """What exploring costs in relevance, and what it buys in overlap with other weights."""
    world, n = small_shop(engine), 12_000
    targets = {
        "near weights": POLICIES["costlier"],
        "far weights": {"relevance": 0.6, "revenue": 0.35, "diversity": 0.05},
    }
    weights = {name: normalise(one, engine.known_weights) for name, one in targets.items()}
    asked = world.draw(n, np.random.Generator(np.random.PCG64(12)))

    def explored(temperature: float) -> ReplayLog:
        rng = np.random.Generator(np.random.PCG64(13))
        return deploy(engine, world, engine.default_weights, n, rng, temperature=temperature, intents=asked)

    best, _ = value_of(engine, explored(SORTED), "relevance")
    for temperature in (0.05, 0.1, 0.2, 0.3, 0.5):
        log = explored(temperature)
        kept = value_of(engine, log, "relevance")[0] / best
        yield Figure(f"temperature {temperature}: relevance of explored searches", kept, "of sorted ones")
        evidence = evidence_of(engine, log, weights)
        for name, ratios in evidence.ratios.items():
            overlap = Overlap.of(estimators.prefix_weights(ratios))
            yield Figure(f"temperature {temperature}: effective share, {name}", overlap.ess[-1] / n, "of the log")


def price_response() -> Iterator[Figure]:
    """How households answer to price, with its plot."""
    found = fit_price_response(load_grocery().purchases)
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / "evaluation-price-response.svg").write_text(price_plot(found.by_price, found.beta))
    held = (found.beta - 1.96 * found.standard_error, found.beta + 1.96 * found.standard_error)
    unit = f"% less often for each % of price, {found.n_items:,} items, {found.n_cells:,} item weeks"
    yield Figure("an item among others of its kind is taken", found.beta, unit, interval=held)


def peeking(engine: Engine) -> Iterator[Figure]:  # wording: allow (the problem of that name in sequential testing)
    """A/A tests on real spending by shopper, stopped at the first look that seems sure."""
    log = deploy(engine, small_shop(engine), engine.default_weights, 100_000, np.random.Generator(np.random.PCG64(6)))
    spent = rewards_of(log.slates, engine)["revenue"].sum(axis=1)
    rng = np.random.Generator(np.random.PCG64(7))
    looks = np.arange(PEEK_EVERY, USERS_PER_ARM + 1, PEEK_EVERY)
    stopped = {"always valid": 0, "t-test": 0}
    for _ in range(N_AA_RUNS):
        arms = rng.choice(spent, size=(2, USERS_PER_ARM))
        sums, squares = np.cumsum(arms, axis=1)[:, looks - 1], np.cumsum(arms**2, axis=1)[:, looks - 1]
        means = sums / looks
        variances = (squares / looks - means**2) * looks / (looks - 1)
        differences, errors = means[1] - means[0], np.sqrt(variances.sum(axis=0) / looks)
        stopped["t-test"] += bool((np.abs(differences) > 1.96 * errors).any())
        stopped["always valid"] += any(
            always_valid(difference, error, int(2 * n)).p_value < 0.05
            for difference, error, n in zip(differences, errors, looks, strict=True)
            if error > 0
        )
    unit = f"of {N_AA_RUNS} A/A tests, {len(looks)} looks each"
    yield Figure("false positives under peeking, always valid", stopped["always valid"] / N_AA_RUNS, unit, 0.05, "less")
    yield Figure("false positives under peeking, t-test", stopped["t-test"] / N_AA_RUNS, unit)


def tuning(engine: Engine) -> Iterator[Figure]:
    """Tuned weights deployed: is the floor kept, is there a gain?"""
    world, rng = small_shop(engine), np.random.Generator(np.random.PCG64(8))
    own = normalise(engine.default_weights, engine.known_weights)
    candidates = candidates_around(own)
    log = deploy(engine, world, own, N_TUNED_LOGS * SEARCHES_PER_TUNED_LOG, rng)
    evidence = evidence_of(engine, log, candidates, draw_every=1)
    tables = Tables(evidence, engine)
    asked = world.draw(N_CANDIDATE_TRUTH, rng)
    truth = {}
    for name, weights in candidates.items():
        luck = np.random.Generator(np.random.PCG64(9))
        served = deploy(engine, world, weights, N_CANDIDATE_TRUTH, luck, intents=asked)
        truth[name] = {metric: value_of(engine, served, metric)[0] for metric in engine.known_weights}
    numbers = np.arange(len(evidence.slates))
    for maximise in ("revenue", "diversity"):
        chosen = [
            choose(tables.sums(numbers % N_TUNED_LOGS == one), maximise=maximise, keep={"relevance": 0.98}).name
            for one in range(N_TUNED_LOGS)
        ]
        kept = [truth[name]["relevance"] >= 0.98 * truth["own"]["relevance"] for name in chosen]
        gains = [truth[name][maximise] / truth["own"][maximise] - 1 for name in chosen]
        unit = f"of {N_TUNED_LOGS} logs of {SEARCHES_PER_TUNED_LOG}"
        yield Figure(f"maximise {maximise}: floor kept when deployed", float(np.mean(kept)), unit, 0.95)
        yield Figure(f"maximise {maximise}: median gain when deployed", 100 * float(np.median(gains)), "%")


def agreement(engine: Engine) -> Iterator[Figure]:
    """Rankings of 20 policies against the truth."""
    found = agree(engine, n_policies=20, n_log=200_000, n_truth=60_000, world=small_shop(engine))
    for method, tau in found["kendall_tau"].items():
        if tau is not None:
            target = 0.9 if method == "replay" else None
            ranked = f"over {found['n_ranked'][method]} policies"
            yield Figure(f"Kendall's tau to the truth, {method}", tau, ranked, target)
    needed = found["searches_to_decide"]
    sure = f"searches, median of {needed['n_policies']} policies that surely differ"
    yield Figure("to a decision by an A/B test of sorted slates", needed["ab"], sure)
    yield Figure("to a decision by interleaving them", needed["interleaving"], sure)
    yield Figure("A/B searches for each interleaved one, median by policy", needed["ratio"], "times", 10.0)
    yield Figure("interleaving on the side of the truth", needed["same_side"], f"of {needed['n_policies']} policies")


def speed(bundle: Path) -> Iterator[Figure]:
    """Processor time, so that other work on the machine does not count."""
    engine = Engine.load(bundle)
    world = world_of(engine, group=False)
    n = 200_000
    with TemporaryDirectory() as folder:
        out = Path(folder) / "log"
        start = time.process_time()
        simulate(engine, n, out, world=world)
        seconds = time.process_time() - start
        yield Figure("simulate", 1e3 * seconds / n, "ms of processor time an impression", 0.36, "less")
        start = time.process_time()
        replay(out, engine, POLICIES)
        seconds = time.process_time() - start
        yield Figure("replay of 2 policies with segments", 1e3 * seconds / n, "ms of processor time an impression")


def big_log(bundle: Path) -> Iterator[Figure]:
    """Replay of ten million impressions by the command, in a process of its own: a log of a million, ten times over
    (`benchmarks.evaluation.big_log`)."""
    n, times = 1_000_000, 10
    with TemporaryDirectory() as folder:
        once, log = Path(folder) / "once", Path(folder) / "log"
        engine = Engine.load(bundle)
        simulate(engine, n, once, world=world_of(engine, group=False))
        repeat(once, log, times)
        policies = [
            f"--policy={name.replace(' ', '-')}={format_weights(weights)}" for name, weights in POLICIES.items()
        ]
        where = [str(log), f"--bundle={bundle}", f"--out={folder}/report"]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "trimtab", "replay", *where, *policies, "--quiet", "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    millions = f"of {n * times // 1_000_000} million impressions, 2 policies"
    yield Figure(f"replay {millions}", wall, "s", 180.0, "less")
    yield Figure(f"processor time of the replay {millions}", after.ru_utime + after.ru_stime - before.ru_utime, "s")
    yield Figure(f"peak memory of the replay {millions}", after.ru_maxrss / 2**20, "GiB", 4.0, "less")
