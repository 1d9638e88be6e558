"""`trimtab build`: from a catalogue (and what is known of its shoppers) to a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.catalog.attributes.definition import definitions_of
from trimtab.catalog.market import Markets
from trimtab.catalog.places import calculated_attributes, with_distance
from trimtab.catalog.rejections import Rejections
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.catalog.size_families import with_size_families
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, BadWeight
from trimtab.core.weights import DIVERSITY, loss_parameter, normalise
from trimtab.core.work.parts import parts_beside
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks
from trimtab.engine.build.baskets import Baskets
from trimtab.engine.build.indexing import build_pipeline, store_of
from trimtab.engine.build.training import Trained, Valuation, train_ranker
from trimtab.engine.bundle.storage import Description, save_bundle, staging_folder
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.item_values import ItemValues, ServedObjective, kinds_of
from trimtab.ranker.methods.registry import AUTO, check_servable
from trimtab.ranker.objectives import RELEVANCE, Objective, objectives_of
from trimtab.ranker.population import Population
from trimtab.retrieval.encoders.registry import check_encoder
from trimtab.retrieval.milvus.building import new_collection
from trimtab.retrieval.understanding.shop_wording import ShopWording

SAFE_LOSS = 0.02
"""The share of relevance that a search which names no weights may give up."""
RARE = 1e-3
"""How much closer candidates lie together by a price list than by the catalogue's prices where few are in it."""
TINY = 1e-12


def build_bundle(  # noqa: PLR0913  # the options of `trimtab build`, keyword-only
    items: pl.DataFrame,
    out: Path,
    *,
    source: str,
    rejections: Rejections | None = None,
    shop: Shop = EMPTY,
    beside: Path = Path(),
    encoder: str = "wordllama",
    judgments: pl.DataFrame | None = None,
    log_rows: Iterable[Mapping[str, Any]] | None = None,
    method: str = AUTO,
    retrieval: str | None = None,
    tasks: Tasks | None = None,
    progress: Progress = silent,
) -> str:
    """Build from a catalogue frame, with a learned ranker where there are judgments or a log.

    Args:
        method: how objectives are traded, see `trimtab.ranker.methods.registry.method_for`.
        rejections: what became of the rows of the catalogue's file, for the manifest.
        beside: the folder of `shop.toml`, where the files are that it names.
        tasks: where texts are encoded; here by default.
        retrieval: where candidates are looked up, see `trimtab.retrieval.milvus.address`; in this process by default.
        shop: what is known of the catalogue; its attributes are those of the frame's columns `attr_*`.

    Returns:
        the bundle id.
    """
    as_of = datetime.now(UTC)
    check_servable(method)
    check_encoder(encoder)
    items, shop = with_size_families(items, shop)
    if method != AUTO and judgments is None and log_rows is None:
        raise BadParameter(
            "method", f"{method!r} has nothing to learn from", f"{AUTO}, or judgments or a log beside it"
        )
    store = store_of(with_distance(items, shop), (*definitions_of(shop), *calculated_attributes(items, shop)))
    del items  # all of it is in the store, and it is as large
    return build_of_store(
        store,
        out,
        source=source,
        as_of=as_of,
        rejections=rejections,
        shop=shop,
        wording=ShopWording.of(shop, beside),
        encoder=encoder,
        judgments=judgments,
        log_rows=log_rows,
        method=method,
        retrieval=retrieval,
        tasks=tasks,
        progress=progress,
    )


def build_of_store(  # noqa: PLR0913  # the same options, keyword-only
    store: ItemStore,
    out: Path,
    *,
    source: str,
    as_of: datetime,
    rejections: Rejections | None = None,
    shop: Shop,
    wording: ShopWording,
    encoder: str,
    judgments: pl.DataFrame | None,
    log_rows: Iterable[Mapping[str, Any]] | None,
    method: str = AUTO,
    retrieval: str | None,
    tasks: Tasks | None = None,
    progress: Progress,
) -> str:
    """The same of items that are in a store.

    Args:
        as_of: changes to the catalogue up to then are in it.
        wording: what the shop says of understanding queries.
    """
    objectives = objectives_of(shop, has_prices=store.has_prices)
    _refuse_unreadable(shop, objectives, store)
    with parts_beside(out) as parts, new_collection(retrieval) as collection, staging_folder(out) as staging:
        pipeline = build_pipeline(
            store,
            staging,
            encoder=encoder,
            languages=shop.catalogue.language,
            wording=wording,
            earlier=out,
            collection=collection,
            parts=parts,
            tasks=tasks,
            progress=progress,
        )
        typical = Markets(store, shop).typical()
        valuation = Valuation.of(typical, objectives, moment=as_of.timestamp())
        baskets = Baskets()
        trained = train_ranker(
            replace(pipeline, store=typical),
            valuation,
            judgments=judgments,
            log_rows=None if log_rows is None else baskets.watched(log_rows),
            method=method,
            progress=progress,
        )
        pipeline = replace(pipeline, companions=baskets.companions(pipeline.store))
        return save_trained(
            out, staging, pipeline, valuation, trained, source=source, as_of=as_of, rejections=rejections, shop=shop
        )


def _refuse_unreadable(shop: Shop, objectives: Sequence[Objective], store: ItemStore) -> None:
    """Check what the shop says of objectives before anything is indexed, which takes long.

    Raises:
        BadParameter: a value is not an expression over the attributes, or a default is of no objective.
    """
    ItemValues(objectives, kinds_of(store))
    _default_weights(shop, objectives, is_learned=False)
    _default_max_losses(shop, objectives)


def save_trained(  # noqa: PLR0913  # what the manifest says, keyword-only
    out: Path,
    staging: Path,
    pipeline: Pipeline,
    valuation: Valuation,
    trained: Trained,
    *,
    source: str,
    as_of: datetime,
    rejections: Rejections | None = None,
    shop: Shop = EMPTY,
) -> str:
    """Write the bundle with its default weights, those of the shop or else safe ones."""
    objectives = valuation.objectives
    description = Description(
        source=source,
        objectives=_served(shop, pipeline.store, valuation, trained),
        default_weights=_default_weights(shop, objectives, is_learned=trained.problem is not None),
        default_max_relevance_loss=(
            SAFE_LOSS if shop.defaults.max_relevance_loss is None else shop.defaults.max_relevance_loss
        ),
        default_max_losses=_default_max_losses(shop, objectives),
        training=trained.report,
        as_of=as_of,
        rows=None if rejections is None else rejections.as_dict(),
        attainment=trained.attainment,
        loss_budgets=trained.loss_budgets,
        receipt_factors=trained.receipt_factors or {},
        population=_population(trained),
        shop=shop,
    )
    return save_bundle(out, staging=staging, pipeline=pipeline, ranker=trained.ranker, description=description)


def _served(shop: Shop, store: ItemStore, valuation: Valuation, trained: Trained) -> list[ServedObjective]:
    """The objectives with what is frozen of them, by the catalogue's prices and by those of each price list."""
    by_list = _frozen_by_list(shop, Markets(store, shop), valuation, trained) if shop.prices else {}
    own = valuation.bounds
    return [
        ServedObjective(
            objective,
            trained.ranges[number],
            float(own.low[number]),
            float(own.high[number]),
            valuation.n_unknown[number],
            price_lists={name: frozen[number] for name, frozen in by_list.items()},
        )
        for number, objective in enumerate(valuation.objectives)
    ]


def _frozen_by_list(
    shop: Shop, markets: Markets, valuation: Valuation, trained: Trained
) -> dict[str, list[tuple[float, float, float]]]:
    usual = trained.ranges_by(valuation, markets.typical())
    return {name: _frozen_in(markets.typical(name), valuation, trained, usual) for name in shop.prices}


def _frozen_in(
    store: ItemStore, valuation: Valuation, trained: Trained, usual: NDArray[np.float32]
) -> list[tuple[float, float, float]]:
    """[M] range and bounds by the prices of a list.

    Args:
        usual: [M] ranges of the same candidates by the catalogue's own prices.
    """
    there = Valuation.of(store, valuation.objectives, moment=valuation.moment)
    low, high, own = there.bounds.low, there.bounds.high, valuation.bounds
    times = trained.ranges_by(there, store) / usual
    # Where the candidates of most searches are not in the list, ranges are to one another as the values' spreads are.
    is_rare = times <= RARE
    spread = np.where(own.high > own.low, (high - low) / np.maximum(own.high - own.low, TINY), 1.0)
    times = np.where(is_rare & (spread > 0), spread, np.where(is_rare, 1.0, times))
    return list(zip((times * trained.ranges).tolist(), low.tolist(), high.tolist(), strict=True))


def _default_max_losses(shop: Shop, objectives: Sequence[Objective]) -> Mapping[str, float]:
    """The shop's bounds on what may be given up of objectives other than relevance.

    Raises:
        BadParameter: one names an objective that is not there.
    """
    known = [objective.name for objective in objectives if objective.name != RELEVANCE.name]
    for name in shop.defaults.max_losses:
        if name not in known:
            place = f"defaults.{loss_parameter(name)}"
            raise BadParameter(place, f"there is no objective {name!r}", ", ".join(map(loss_parameter, known)))
    return shop.defaults.max_losses


def _default_weights(shop: Shop, objectives: Sequence[Objective], *, is_learned: bool) -> dict[str, float]:
    """The shop's; else mostly relevance and a little of everything else, or nothing else where nothing was learned."""
    others = [objective.name for objective in objectives if objective.name != RELEVANCE.name]
    known = (RELEVANCE.name, *others, DIVERSITY)
    if shop.defaults.weights:
        try:
            return normalise(shop.defaults.weights, known)
        except BadWeight as error:
            name = "defaults.weights" if error.objective is None else f"defaults.weights.{error.objective}"
            raise BadParameter(name, error.problem, ", ".join(known)) from None
    if not is_learned:
        return normalise({RELEVANCE.name: 1.0}, known)
    return normalise({RELEVANCE.name: 0.8, **dict.fromkeys(others, 0.15 / max(len(others), 1)), DIVERSITY: 0.05}, known)


def _population(trained: Trained) -> Population:
    return Population({}, {}) if trained.problem is None else Population.of(trained.ranker, trained.problem)
