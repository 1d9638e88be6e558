"""Record what rax says of random lists: `python golden_losses.py > golden_losses.json`, with rax and jax installed.

rax needs jax, so it is not a dependency of the tests; they read the recorded numbers.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import rax

N_LISTS, N_ITEMS = 12, 9


def lists(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(seed))
    mask = rng.random((N_LISTS, N_ITEMS)) < 0.7
    mask[:, 0] = True
    grades = rng.integers(0, 4, (N_LISTS, N_ITEMS)).astype(np.float32)
    grades[0] = 0  # a list without anything relevant
    mask[1, 1:] = False  # a list of one item
    return {"scores": rng.normal(size=(N_LISTS, N_ITEMS)).round(4).astype(np.float32), "grades": grades, "mask": mask}


def recorded(seed: int) -> dict[str, list]:
    case = lists(seed)
    scores, grades, mask = (jnp.asarray(case[name]) for name in ("scores", "grades", "mask"))
    chances = grades / 3
    by_rax = {
        "softmax": rax.softmax_loss(scores, grades, where=mask, reduce_fn=None),
        "lambda": rax.pairwise_logistic_loss(
            scores, grades, where=mask, lambdaweight_fn=rax.dcg2_lambdaweight, reduce_fn=jnp.sum
        ),
        "approx_ndcg": -rax.ndcg_metric(scores, grades, where=mask, rank_fn=rax.utils.approx_ranks, reduce_fn=None),
        "sigmoid": rax.pointwise_sigmoid_loss(scores, chances, where=mask, reduce_fn=jnp.mean),
        "compatible": rax.softmax_loss(
            jax.nn.log_sigmoid(scores),
            chances,
            where=mask,
            label_fn=lambda a, where: a / jnp.maximum(jnp.sum(a, axis=-1, where=where, keepdims=True), 1e-9),
            reduce_fn=None,
        ),
    }
    return {name: np.asarray(value).tolist() for name, value in {**case, **by_rax}.items()}


if __name__ == "__main__":
    json.dump([recorded(seed) for seed in range(3)], sys.stdout)
