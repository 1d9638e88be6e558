"""Fit the model of all elements. The only LightGBM import; what comes out needs numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.page_kind import with_offer
from trimtab.webpages.features.sku import sku_costs
from trimtab.webpages.parse.identifiers import SkuCandidate, key_of
from trimtab.webpages.predict.decode import Decision, decide, decide_candidates
from trimtab.webpages.predict.model import ABSTAIN_BELOW, KEYS, SKU_GIVEN, Confidence, ElementModel, names_of
from trimtab.webpages.predict.trees import Trees
from trimtab.webpages.training.availability import availability_weights
from trimtab.webpages.training.calibration import Outcome, calibrate
from trimtab.webpages.training.examples import Example, Twin

N_TREES = {"sku": 120, "page": 250, "cartform": 120}
DEFAULT_TREES = 160
N_SEEDS = 2
"""Models of different seeds are averaged: with a hundred pages a single one depends on its draws."""
N_INNER_FOLDS = 3
PAGE_WEIGHT = 50.0
PRICELESS_WEIGHT = 0.02
"""Weight of a page whose price is taken away in the fit of the price's confidence, where a page as it is has 1. Without
such pages every page would get a price of high confidence. 2 of the 102 labelled product pages have no price label."""
MAX_WRONG = 60
"""Wrong candidates of a page that training looks at; their weights add up to the same, however many there are."""
CHOSEN = ("price", "image", "name", "cart")
"""Kinds of which every page has many candidates, of which one is chosen."""
PAGE_LEVEL = ("page", "cartform")
"""Keys of which each row is a decision, where other keys choose one row of a page."""

_PARAMETERS = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.06,
    "min_data_in_leaf": 8,
    "feature_fraction": 0.35,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
}

_MONOTONE = {
    "in_struck": -1, "css_struck": -1, "box_struck": -1, "hidden": -1, "css_hidden": -1, "box_hidden": -1,
    "role_old": -1,
    "role_shipping": -1, "role_unit": -1, "role_instalment": -1, "role_related": -1, "role_net": -1, "role_points": -1,
    "own_old": -1, "before_old": -1, "own_shipping": -1, "before_shipping": -1, "own_unit": -1, "after_unit": -1,
    "own_net": -1,
    "before_net": -1, "own_instalment": -1, "before_instalment": -1, "own_save": -1, "own_coupon": -1,
    "before_coupon": -1,
    "own_used": -1, "before_used": -1, "agrees_json_ld": 1, "agrees_microdata": 1, "agrees_opengraph": 1,
    "agrees_first": 1,
    "agrees_any": 1, "itemprop_price": 1, "has_symbol": 1, "n_amounts": -1, "own_member": -1, "before_member": -1,
    "is_disqualified": -1, "is_unclean": -1,
    "is_doubtful": -1, "stated_otherwise": -1, "own_lowest": -1, "before_lowest": -1,
    "own_threshold": -1, "before_threshold": -1, "own_deposit": -1, "before_deposit": -1, "after_deposit": -1,
    "is_aside": -1, "larger_old": 1, "own_opening": -1, "before_opening": -1, "is_elsewhere": -1,
    "is_with_other_product": -1, "agrees_script": 1, "agrees_first_script": 1,
    "untaxed_beside": 1, "taxed_beside": -1, "n_pictured_repeats": -1, "is_bulk": -1,
    "stated_sku_json_ld": 1, "stated_sku_microdata": 1, "stated_first": 1, "label_sku": 1, "label_first": 1,
    "n_in_forms": 1, "n_places": 1, "most_places": 1, "named_query": 1, "n_alone": 1, "n_as_sku": 1,
    "is_shown": 1, "shown_first": 1, "n_in_pictures": 1, "most_pictures": 1,
}  # fmt: skip
"""Direction of features that can only speak for a price or an article number (1) or against it (-1)."""

_OWN: dict[str, dict[str, float]] = {
    "page": {"num_leaves": 5},
    "sku": {"num_leaves": 5, "min_data_in_leaf": 6, "feature_fraction": 0.5},
}


def folds_by_site(examples: Sequence[Example], n_folds: int, seed: int = 0) -> list[set[str]]:
    """Sites split into folds; a site is in one fold whatever set its pages come from."""
    sites = sorted({example.site for example in examples})
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(sites))
    return [{sites[index] for index in fold} for fold in np.array_split(order, n_folds)]


def fit_trees(examples: Sequence[Example], key: str, *, n_seeds: int = N_SEEDS) -> Trees:
    """Boosted trees for one key. Every page weighs the same; its right and its wrong candidates weigh the same."""
    kind = key.split("/", maxsplit=1)[0]
    used = [e for e in examples if key in e.rows and kind in e.labels and (kind in PAGE_LEVEL or e.labels[kind].any())]
    parts = [(e.rows[key], e.labels[kind], e.weight) for e in used]
    twins = (twin for example in examples for twin in example.twins.get(key, ()))
    parts += [(twin.rows, twin.labels, twin.weight) for twin in twins if twin.weight > 0]
    if kind in CHOSEN:
        parts = [_thinned(*part) for part in parts]
    rows = np.vstack([more for more, _, _ in parts])
    labels = np.concatenate([more for _, more, _ in parts])
    if kind in CHOSEN:
        weights = np.concatenate([weight * _balanced(more) for _, more, weight in parts])
    else:
        weights = np.repeat([weight for _, _, weight in parts], [len(more) for more, _, _ in parts])
    if kind == "page":
        n_right, n_wrong = max(weights[labels].sum(), 1.0), max(weights[~labels].sum(), 1.0)
        weights = weights * np.sqrt(np.where(labels, 0.5 * weights.sum() / n_right, 0.5 * weights.sum() / n_wrong))
    dumps = []
    for seed in range(n_seeds):
        data = lgb.Dataset(rows, labels.astype(np.float64), weight=weights, feature_name=_safe(names_of(key)))
        parameters: dict[str, Any] = {**_OWN.get(kind, {}), "seed": seed}
        if kind in ("price", "sku"):
            parameters["monotone_constraints"] = [_MONOTONE.get(name, 0) for name in names_of(key)]
        booster = lgb.train(_PARAMETERS | parameters, data, N_TREES.get(kind, DEFAULT_TREES))
        dumps.append(booster.dump_model())
    return Trees.mean([Trees.from_lightgbm(dump) for dump in dumps])


def _thinned(
    rows: NDArray[np.float32], labels: NDArray[np.bool_], weight: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    """A page with MAX_WRONG of its wrong candidates at most, evenly spread over the page."""
    wrong = np.flatnonzero(~labels)
    if len(wrong) <= MAX_WRONG:
        return rows, labels, weight
    kept = wrong[np.linspace(0, len(wrong) - 1, MAX_WRONG).astype(int)]
    chosen = np.sort(np.concatenate([np.flatnonzero(labels), kept]))
    return rows[chosen], labels[chosen], weight


def _balanced(labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    n_right = max(int(labels.sum()), 1)
    n_wrong = max(len(labels) - int(labels.sum()), 1)
    return PAGE_WEIGHT * np.where(labels, 1 / n_right, 4 / n_wrong)


def _safe(names: list[str]) -> list[str]:
    return [f"f{index}" for index in range(len(names))]


def outcomes(examples: Sequence[Example], key: str, trees: Trees) -> list[Outcome]:
    """The decision on each page that has one, read as it is and in the other ways that are met; pages of one shop share
    a weight."""
    kind, level = key.split("/", maxsplit=1)[0], key.partition("/")[2]
    found = []
    for example in examples:
        if key not in example.rows or kind not in example.labels or (level == "layout" and example.layout is None):
            continue
        if kind in PAGE_LEVEL:
            logits = trees.logits(example.rows[key])
            found += [
                Outcome(float(logit), 0.0, bool(right), weight=example.weight)
                for logit, right in zip(logits, example.labels[kind], strict=True)
            ]
            continue
        candidates = example.skus if kind == "sku" else example.candidates.by_kind[kind]
        met = [twin for twin in example.twins.get(key, ()) if twin.is_met]
        for view in (Twin(example.rows[key], example.labels[kind], 1.0, candidates), *met):
            decision = _decide(key, view, trees)
            if decision is not None:
                found.append(_outcome(decision, example, right=bool(view.labels[decision.index])))
    return found


def _decide(key: str, view: Twin, trees: Trees) -> Decision | None:
    logits = trees.logits(view.rows)
    if key == "sku":
        numbers = cast("list[SkuCandidate]", view.candidates)
        named = [key_of(number.value) for number in numbers]
        return decide(named, logits - sku_costs(numbers), [True] * len(named))
    kind, _, level = key.partition("/")
    return decide_candidates(kind, level, view.candidates, view.rows, logits)  # type: ignore[arg-type]


def _outcome(decision: Decision, example: Example, *, right: bool, weight: float = 1.0) -> Outcome:
    return Outcome(decision.logit, decision.lead, right, decision.dissent, weight * example.weight)


def outcomes_without_price(examples: Sequence[Example], key: str, trees: Trees) -> list[Outcome]:
    """The decision, never right, on each page without its right candidates."""
    level, found = key.partition("/")[2], []
    for example in examples:
        if key not in example.rows or "price" not in example.labels:
            continue
        left = np.flatnonzero(~example.labels["price"])
        candidates, rows = [example.candidates.by_kind["price"][index] for index in left], example.rows[key][left]
        decision = decide_candidates("price", level, candidates, rows, trees.logits(rows))
        if decision is not None:
            found.append(_outcome(decision, example, right=False, weight=PRICELESS_WEIGHT))
    return found


def with_offers(examples: Sequence[Example], trees: Trees) -> list[Example]:
    """The examples with complete page rows, by a price model that has not seen them."""
    completed = []
    for example in examples:
        prices = example.rows["price/text"]
        decision = decide_candidates("price", "text", example.candidates.by_kind["price"], prices, trees.logits(prices))
        row = with_offer(example.rows["page"], prices, None if decision is None else decision.index)
        completed.append(replace(example, rows={**example.rows, "page": row}))
    return completed


def fit(examples: Sequence[Example], *, keys: Sequence[str] = KEYS) -> ElementModel:
    """Trees on all examples, confidences on decisions of models that did not see the site.

    The page's kind builds on what the price model finds on pages of sites it has not seen, as it will in use.
    """
    sites = folds_by_site(examples, N_INNER_FOLDS, seed=1)
    folds = [[example for example in examples if example.site in fold] for fold in sites]
    trees: dict[str, Trees] = {}
    confidences: dict[str, Confidence] = {}
    completed: list[list[Example]] = []
    for key in keys:
        kind = key.split("/")[0]
        used = completed if key == "page" else folds
        everything = [example for fold in used for example in fold]
        if not any(key in e.rows and kind in e.labels and e.labels[kind].any() for e in everything):
            continue
        trees[key] = fit_trees(everything, key)
        held_out: list[Outcome] = []
        for fold in used:
            inner = fit_trees([example for rest in used if rest is not fold for example in rest], key, n_seeds=1)
            held_out += outcomes(fold, key, inner)
            if kind == "price":
                held_out += outcomes_without_price(fold, key, inner)
            if key == "price/text":
                completed.append(with_offers(fold, inner))
        confidences[key] = calibrate(held_out)
        if key == "sku":
            given = [one for one in held_out if confidences[key](one.logit, one.lead) >= ABSTAIN_BELOW]
            confidences[SKU_GIVEN] = calibrate(given)
    return ElementModel(trees, confidences, availability_weights(examples))
