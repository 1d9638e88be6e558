"""The methods by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from torch import nn

from trimtab.core.errors import BadParameter
from trimtab.core.work.progress import Progress, silent
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
from trimtab.ranker.training.heads import ENOUGH_LISTS, Recipe, fit_heads
from trimtab.ranker.training.lists import RankingLists

REFERENCE = LinearScalarisation.name
AUTO = "auto"
DEFAULT, WITHOUT_TREES, OF_FEW_LISTS = StudentOfBlend.name, Student.name, CalibratedHeads.name
"""What `auto` is, what it is where there is no LightGBM to teach with, and where lists are few."""
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

_NEEDS = dict.fromkeys(AGGREGATIONS, ("torchjd", "compare")) | dict.fromkeys(WITH_TREES, (LIGHTGBM, "build"))
"""Method -> an optional package without which it cannot learn, and the extra that has it."""

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
        raise BadParameter.unknown("method", "method", name, METHODS)
    return _BY_NAME[name](recipe, seed=seed)


def _check_installed(name: str) -> None:
    package, extra = _NEEDS.get(name, (None, None))
    if package is not None and find_spec(package) is None:
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


def check_servable(name: str) -> None:
    """Check that a bundle can be built with the method.

    Raises:
        BadParameter: a bundle cannot hold it, or an optional package is not installed.
    """
    if name not in (AUTO, *SERVABLE):
        raise BadParameter("method", f"{name!r} cannot be served", ", ".join((AUTO, *SERVABLE)))
    _check_installed(name)


def method_for(name: str, n_lists: int) -> str:
    """The name of a method, chosen by how many lists there are to learn from where it is `auto`."""
    if name != AUTO:
        return name
    if n_lists < ENOUGH_LISTS:
        return OF_FEW_LISTS
    return WITHOUT_TREES if find_spec(LIGHTGBM) is None else DEFAULT


def fit_served(name: str, problem: Problem, recipe: Recipe) -> ServedRanker:
    """Fit a steerable method and export what a bundle serves."""
    method = make_method(name, recipe)
    method.fit(problem, lattice(len(problem.objectives), 1))
    return method.export()
