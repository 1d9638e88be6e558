"""Record what obp 0.5.7 computes, for tests/abtest/test_estimators.py.

obp pins libraries of 2022, so it runs in an environment of its own:

    python -m venv obpenv
    obpenv/bin/pip install --no-deps --ignore-requires-python obp==0.5.7
    obpenv/bin/pip install "pandas<3" numpy scipy scikit-learn tqdm pyyaml seaborn matplotlib torch
    obpenv/bin/python tests/abtest/golden/record_obp.py ../shared/data/open-bandit
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")

import obp
from obp import ope
from obp.dataset import MultiClassToBanditReduction
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bandit_cases import N_ACTIONS, K, N, bandit_log, chosen, slate_log


def one_action() -> dict[str, float]:
    log = bandit_log()
    rows = np.arange(N)
    shared = {
        "reward": log["rewards"],
        "action": log["actions"],
        "pscore": log["logging"][rows, log["actions"]],
        "action_dist": log["target"][:, :, None],
        "estimated_rewards_by_reg_model": log["q"][:, :, None],
        "position": np.zeros(N, dtype=int),
    }
    greedy = np.zeros((N, N_ACTIONS, 1))
    greedy[rows, log["target"].argmax(axis=1), 0] = 1
    return {
        "matched_replay": ope.ReplayMethod().estimate_policy_value(**{**shared, "action_dist": greedy}),
        "direct_method": ope.DirectMethod().estimate_policy_value(**shared),
        "ips": ope.InverseProbabilityWeighting().estimate_policy_value(**shared),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**shared),
        "clipped_ips": ope.InverseProbabilityWeighting(lambda_=2.0).estimate_policy_value(**shared),
        "doubly_robust": ope.DoublyRobust().estimate_policy_value(**shared),
        "switch_dr": ope.SwitchDoublyRobust(lambda_=1.5).estimate_policy_value(**shared),
        "dr_with_shrinkage": ope.DoublyRobustWithShrinkage(lambda_=3.0).estimate_policy_value(**shared),
    }


def slates() -> dict[str, float]:
    log = slate_log()
    shown = log["slates"]
    logging, target = chosen(log["logging"], shown), chosen(log["target"], shown)
    everything = np.ones(K)
    shared = {
        "slate_id": np.repeat(np.arange(N), K),
        "action": shown.ravel(),
        "reward": log["rewards"].ravel(),
        "position": np.tile(np.arange(K), N),
        "pscore": np.outer(logging.prod(axis=1), everything).ravel(),
        "evaluation_policy_pscore": np.outer(target.prod(axis=1), everything).ravel(),
        "pscore_cascade": logging.cumprod(axis=1).ravel(),
        "evaluation_policy_pscore_cascade": target.cumprod(axis=1).ravel(),
        "pscore_item_position": log["logging_marginals"].ravel(),
        "evaluation_policy_pscore_item_position": log["target_marginals"].ravel(),
        "q_hat": log["q"].ravel(),
        "evaluation_policy_action_dist": log["target"].ravel(),
    }
    estimators = {
        "slate_standard": ope.SlateStandardIPS(len_list=K),
        "slate_standard_self_normalised": ope.SelfNormalizedSlateStandardIPS(len_list=K),
        "slate_independent": ope.SlateIndependentIPS(len_list=K),
        "slate_independent_self_normalised": ope.SelfNormalizedSlateIndependentIPS(len_list=K),
        "slate_cascade": ope.SlateRewardInteractionIPS(len_list=K),
        "slate_cascade_self_normalised": ope.SelfNormalizedSlateRewardInteractionIPS(len_list=K),
        "cascade_dr": ope.SlateCascadeDoublyRobust(len_list=K, n_unique_action=N_ACTIONS),
    }
    return {name: float(estimator.estimate_policy_value(**shared)) for name, estimator in estimators.items()}


def readme_example() -> dict[str, object]:
    """The example of obp's README on the digits of scikit-learn, with the arrays an estimator needs."""
    images, digits = load_digits(return_X_y=True)
    dataset = MultiClassToBanditReduction(X=images, y=digits, base_classifier_b=LogisticRegression(random_state=12345))
    dataset.split_train_eval(eval_size=0.7, random_state=12345)
    log = dataset.obtain_batch_bandit_feedback(random_state=12345)
    action_dist = dataset.obtain_action_dist_by_eval_policy(
        base_classifier_e=RandomForestClassifier(random_state=12345)
    )
    truth = dataset.calc_ground_truth_policy_value(action_dist=action_dist)
    evaluation = ope.OffPolicyEvaluation(bandit_feedback=log, ope_estimators=[ope.InverseProbabilityWeighting()])
    errors = evaluation.evaluate_performance_of_estimators(
        ground_truth_policy_value=truth, action_dist=action_dist, metric="relative-ee"
    )
    rows = np.arange(log["n_rounds"])
    return {
        "truth": float(truth),
        "relative_error_of_ips": float(errors["ipw"]),
        "rewards": log["reward"].tolist(),
        "target": action_dist[rows, log["action"], 0].tolist(),
        "logging": log["pscore"].tolist(),
    }


def open_bandit(folder: Path) -> dict[str, float]:
    """The uniform policy's click rate from the Bernoulli Thompson log, 34 items and 3 positions in `men`."""
    with gzip.open(folder / "bts" / "men" / "men.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    actions = np.array([int(row["item_id"]) for row in rows])
    position = np.array([int(row["position"]) for row in rows])
    position = np.unique(position, return_inverse=True)[1]
    n_items = actions.max() + 1
    shared = {
        "reward": np.array([float(row["click"]) for row in rows]),
        "action": actions,
        "pscore": np.array([float(row["propensity_score"]) for row in rows]),
        "action_dist": np.full((len(rows), n_items, 3), 1 / n_items),
        "position": position,
    }
    return {
        "n_items": int(n_items),
        "ips": float(ope.InverseProbabilityWeighting().estimate_policy_value(**shared)),
        "snips": float(ope.SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**shared)),
    }


if __name__ == "__main__":
    golden = {
        "obp": obp.__version__,
        "one_action": {name: float(value) for name, value in one_action().items()},
        "slates": slates(),
        "open_bandit": open_bandit(Path(sys.argv[1])),
        "readme_example": readme_example(),
    }
    (HERE / "obp.json").write_text(json.dumps(golden) + "\n")
    print({name: value for name, value in golden.items() if name != "readme_example"})
    print({name: golden["readme_example"][name] for name in ("truth", "relative_error_of_ips")})
