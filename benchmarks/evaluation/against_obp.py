"""The same estimators on the same data, ours and obp's: the values are equal, the times are compared.

obp pins libraries of 2022 and runs in an environment of its own (`tests/abtest/golden/record_obp.py` says how to make
one); the environment variable `OBP_PYTHON` names its interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figures import Figure, Skipped
from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.estimators import Floats, Terms
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.sums import N_GROUPS, add_up

N, K, N_ACTIONS = 100_000, 10, 20
N_RESAMPLES = 1000
N_ROUNDS = 5


def measure() -> Iterator[Figure]:
    """Processor time for a value, and for a value with a bootstrap interval of `N_RESAMPLES` resamples.

    Raises:
        Skipped: there is no obp.
    """
    interpreter = os.environ.get("OBP_PYTHON")
    if interpreter is None:
        raise Skipped("obp is not here: set OBP_PYTHON to an interpreter that has obp 0.5.7")
    log = _log()
    with TemporaryDirectory() as folder:
        arrays = Path(folder) / "log.npz"
        np.savez(arrays, allow_pickle=False, n_resamples=np.array(N_RESAMPLES), **log)
        script = Path(__file__).with_name("obp_times.py")
        # -P: this folder has modules that are named as the standard library names its own.
        command = [interpreter, "-P", str(script), str(arrays)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own script
    theirs = json.loads(printed.stdout)
    groups = np.arange(N) % N_GROUPS
    weights = log["action_dist"][np.arange(N), log["actions"]] / log["pscores"]
    terms: dict[str, Callable[[], Terms]] = {
        "snips": lambda: estimators.snips(log["rewards"][:, 0], weights),
        "slate cascade": lambda: estimators.slate_cascade(log["rewards"], log["target"] / log["logging"]),
    }
    for name, compute in terms.items():
        for label, run in (
            (name, lambda compute=compute: add_up(compute(), groups).value),
            (
                f"{name}, 95 % interval",
                lambda compute=compute: estimate(add_up(compute(), groups), n_resamples=N_RESAMPLES).value,
            ),
        ):
            value, seconds = _timed(run)
            if "interval" not in label:
                np.testing.assert_allclose(np.array(value, dtype=np.float64), theirs[label]["value"], rtol=1e-9)
            yield Figure(
                f"{label}: obp's time over ours",
                theirs[label]["seconds"] / seconds,
                f"times, {N:,} impressions",
                20.0 if "interval" in label else None,
            )


def _timed(run: Callable[[], float | None]) -> tuple[float | None, float]:
    """What it gives, and the median of its times after a first run."""
    value = run()
    seconds = []
    for _ in range(N_ROUNDS):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return value, float(np.median(seconds))


def _log() -> dict[str, Floats]:
    rng = np.random.Generator(np.random.PCG64(0))
    shown = rng.uniform(0.05, 0.6, (N, K))
    logging = rng.dirichlet(np.ones(N_ACTIONS), size=N)
    actions = (logging.cumsum(axis=1) > rng.random((N, 1))).argmax(axis=1)
    return {
        "actions": actions,
        "pscores": logging[np.arange(N), actions],
        "action_dist": rng.dirichlet(np.ones(N_ACTIONS), size=N),
        "rewards": rng.binomial(1, 0.2, (N, K)).astype(np.float64),
        "logging": shown,
        "target": np.minimum(shown * np.exp(rng.normal(0, 0.1, (N, K))), 1.0),
    }
