"""Run by an interpreter that has obp, and by no other: times obp on a file of arrays, prints JSON.

OBP_PYTHON obp_times.py ARRAYS.npz
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

warnings.filterwarnings("ignore")

from obp import ope  # type: ignore[import-not-found]  # noqa: E402  # the line above has to come first


def timed(run: Callable[[], float]) -> dict[str, float]:
    start = time.process_time()
    value = run()
    return {"seconds": time.process_time() - start, "value": float(value)}


def main() -> None:
    log = np.load(sys.argv[1])
    n, k = log["rewards"].shape
    resamples = int(log["n_resamples"])
    one = {
        "reward": log["rewards"][:, 0],
        "action": log["actions"],
        "pscore": log["pscores"],
        "action_dist": log["action_dist"][:, :, None],
        "position": np.zeros(n, dtype=int),
    }
    slates = {
        "slate_id": np.repeat(np.arange(n), k),
        "reward": log["rewards"].ravel(),
        "position": np.tile(np.arange(k), n),
        "pscore_cascade": np.cumprod(log["logging"], axis=1).ravel(),
        "evaluation_policy_pscore_cascade": np.cumprod(log["target"], axis=1).ravel(),
    }
    snips, cascade = ope.SelfNormalizedInverseProbabilityWeighting(), ope.SlateRewardInteractionIPS(len_list=k)
    options = {"alpha": 0.05, "n_bootstrap_samples": resamples, "random_state": 0}
    print(
        json.dumps(
            {
                "snips": timed(lambda: snips.estimate_policy_value(**one)),
                "snips, 95 % interval": timed(lambda: snips.estimate_interval(**one, **options)["mean"]),
                "slate cascade": timed(lambda: cascade.estimate_policy_value(**slates)),
                "slate cascade, 95 % interval": timed(lambda: cascade.estimate_interval(**slates, **options)["mean"]),
            }
        )
    )


if __name__ == "__main__":
    main()
