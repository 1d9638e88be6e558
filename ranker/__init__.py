"""Second stage: features, calibrated heads, the slate policy, training, the TorchScript artefact.

`from trimtab.ranker import lambda_loss` and the other names of `__all__` are the public ones; each is imported when it
is first asked for.

- Losses on padded, masked lists: `softmax_loss`, `pointwise_loss`, `gain_cross_entropy`, `lambda_loss`,
  `approx_ndcg_loss` with `approximate_ranks`, `regression_compatible_loss`, `soft_alpha_dcg`.
- Learning-to-rank benchmarks in SVMlight format: `read_svmlight`, `read_lambdarank`, `read_mslr`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.ranker.study.svmlight import read_lambdarank, read_mslr, read_svmlight
    from trimtab.ranker.training.losses import (
        approx_ndcg_loss,
        approximate_ranks,
        gain_cross_entropy,
        lambda_loss,
        pointwise_loss,
        regression_compatible_loss,
        soft_alpha_dcg,
        softmax_loss,
    )

_LOSSES = "trimtab.ranker.training.losses"
_SVMLIGHT = "trimtab.ranker.study.svmlight"

__all__ = [
    "approx_ndcg_loss",
    "approximate_ranks",
    "gain_cross_entropy",
    "lambda_loss",
    "pointwise_loss",
    "read_lambdarank",
    "read_mslr",
    "read_svmlight",
    "regression_compatible_loss",
    "soft_alpha_dcg",
    "softmax_loss",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'trimtab.ranker' has no attribute {name!r}")
    value = getattr(import_module(_SVMLIGHT if name.startswith("read_") else _LOSSES), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
