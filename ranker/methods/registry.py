"""The methods by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from torch import nn

from trimtab.core.errors import BadParameter
from trimtab.core.progress import Progress, silent
from trimtab.ranker.methods.boosted import Blend, BoostedHeads, DistilledBlend, SlimBlend
from trimtab.ranker.methods.conditioned.film import Cosmos, Film
from trimtab.ranker.methods.conditioned.listwise import Listwise
from trimtab.ranker.methods.conditioned.weight_space import ParetoManifold
from trimtab.ranker.methods.fronts.chebyshev import SmoothChebyshev
from trimtab.ranker.methods.fronts.exact_pareto import ExactPareto
from trimtab.ranker.methods.fronts.guardrail import Guardrail
from trimtab.ranker.methods.fronts.label_aggregation import LabelAggregation, StochasticLabelAggregation
from trimtab.ranker.methods.fronts.scalarisation import LinearScalarisation
from trimtab.ranker.methods.fronts.trees import TreeFront
from trimtab.ranker.methods.heads import CalibratedHeads, DistilledEnsemble, Ensemble
from trimtab.ranker.methods.method import Method
from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.methods.students import LargeBlend, Student, StudentOfBlend
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.heads import Recipe, fit_heads
from trimtab.ranker.training.lists import RankingLists

REFERENCE = LinearScalarisation.name
AUTO = "auto"
DEFAULT, WITHOUT_TREES = StudentOfBlend.name, Student.name
"""What `auto` is, and what it is where there is no LightGBM to teach with."""
AGGREGATIONS = ("upgrad", "mgda", "pcgrad", "aligned_mtl", "dualproj")

LIGHTGBM = "lightgbm"
WITH_TREES = (
    TreeFront.name,
    BoostedHeads.name,
    Blend.name,
    SlimBlend.name,
    DistilledBlend.name,
    LargeBlend.name,
    StudentOfBlend.name,
)

_CLASSES: tuple[Callable[..., Method], ...] = (
    LinearScalarisation,
    LabelAggregation,
    StochasticLabelAggregation,
    TreeFront,
    SmoothChebyshev,
    ExactPareto,
    Guardrail,
    CalibratedHeads,
    Ensemble,
    DistilledEnsemble,
    BoostedHeads,
    Blend,
    SlimBlend,
    DistilledBlend,
    Student,
    LargeBlend,
    StudentOfBlend,
    Film,
    Cosmos,
    ParetoManifold,
    Listwise,
)
_BY_NAME: dict[str, Callable[..., Method]] = {one.name: one for one in _CLASSES}  # type: ignore[attr-defined]
METHODS = (*_BY_NAME, *AGGREGATIONS)
STEERABLE = tuple(name for name, one in _BY_NAME.items() if one.steerable)  # type: ignore[attr-defined]
SERVABLE = STEERABLE
"""Methods that a bundle can hold: one model that follows the weights of a request."""


def make_method(name: str, recipe: Recipe, *, seed: int = 0) -> Method:
    """An unfitted method.

    Raises:
        BadParameter: an unknown method, or one whose optional package is not installed.
    """
    _check_installed(name)
    if name in AGGREGATIONS:
        from trimtab.ranker.methods.fronts.gradient_aggregation import GradientAggregation  # noqa: PLC0415 (an optional dependency)

        return GradientAggregation(name, recipe, seed=seed)
    if name not in _BY_NAME:
        raise BadParameter("method", f"there is no method {name!r}", ", ".join(METHODS))
    return _BY_NAME[name](recipe, seed=seed)


def _check_installed(name: str) -> None:
    package, extra = ("torchjd", "compare") if name in AGGREGATIONS else (LIGHTGBM, "build")
    if name in (*AGGREGATIONS, *WITH_TREES) and find_spec(package) is None:
        raise BadParameter(
            "method", f"{name} needs {package}, which is not installed", f"pip install 'trimtab[{extra}]'"
        )


def fit_of_heads(
    name: str, recipe: Recipe, *, progress: Progress = silent
) -> Callable[[RankingLists], nn.Module] | None:
    """What makes raw heads of lists; None where a method is more than heads that are calibrated and fused."""
    if name == CalibratedHeads.name:
        return partial(fit_heads, recipe=recipe, progress=progress)
    method = make_method(name, recipe)
    return method.fit_raw if isinstance(method, CalibratedHeads) and not isinstance(method, DistilledEnsemble) else None


def served_method(name: str) -> str:
    """The name of a method that a bundle can hold, chosen by what is installed where it is `auto`.

    Raises:
        BadParameter: a bundle cannot hold it, or an optional package is not installed.
    """
    if name == AUTO:
        return WITHOUT_TREES if find_spec(LIGHTGBM) is None else DEFAULT
    if name not in SERVABLE:
        raise BadParameter("--method", f"{name!r} cannot be served", ", ".join((AUTO, *SERVABLE)))
    _check_installed(name)
    return name


def fit_served(name: str, problem: Problem, recipe: Recipe) -> ServedRanker:
    """Fit a steerable method and export what a bundle serves."""
    method = make_method(name, recipe)
    method.fit(problem, lattice(len(problem.objectives), 1))
    return method.export()
