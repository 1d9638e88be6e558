"""`trimtab build`: from a catalogue (and what is known of its shoppers) to a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from trimtab.catalog.attributes.definition import definitions_of
from trimtab.catalog.rejections import Rejections
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.core.errors import BadInput
from trimtab.core.progress import Progress, silent
from trimtab.core.weights import DIVERSITY
from trimtab.engine.build.indexing import build_pipeline
from trimtab.engine.build.training import Trained, train_ranker
from trimtab.engine.bundle.storage import Description, save_bundle, staging_folder
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.methods.registry import DEFAULT, check_servable
from trimtab.ranker.objectives import RELEVANCE, Objective, objectives_of
from trimtab.ranker.population import Population


def build_bundle(  # noqa: PLR0913  # the options of `trimtab build`, keyword-only
    items: pl.DataFrame,
    out: Path,
    *,
    source: str,
    rejections: Rejections | None = None,
    shop: Shop = EMPTY,
    encoder: str = "wordllama",
    judgments: pl.DataFrame | None = None,
    log_rows: Iterable[Mapping[str, Any]] | None = None,
    method: str = DEFAULT,
    progress: Progress = silent,
) -> str:
    """Build from a catalogue frame, with a learned ranker where there are judgments or a log.

    Args:
        rejections: what became of the rows of the catalogue's file, for the manifest.
        shop: what is known of the catalogue; its attributes are those of the frame's columns `attr_*`.

    Returns:
        the bundle id.
    """
    as_of = datetime.now(UTC)
    check_servable(method)
    if method != DEFAULT and judgments is None and log_rows is None:
        raise BadInput(f"--method {method}: there are no judgments or a log to learn from")
    with staging_folder(out) as staging:
        pipeline = build_pipeline(items, staging, encoder=encoder, attributes=definitions_of(shop), progress=progress)
        objectives = objectives_of(has_prices=pipeline.store.has_prices)
        trained = train_ranker(
            pipeline, objectives, judgments=judgments, log_rows=log_rows, method=method, progress=progress
        )
        return save_trained(
            out, staging, pipeline, objectives, trained, source=source, as_of=as_of, rejections=rejections, shop=shop
        )


def save_trained(  # noqa: PLR0913  # what the manifest says, keyword-only
    out: Path,
    staging: Path,
    pipeline: Pipeline,
    objectives: Sequence[Objective],
    trained: Trained,
    *,
    source: str,
    as_of: datetime,
    rejections: Rejections | None = None,
    shop: Shop = EMPTY,
) -> str:
    """Write the bundle with the default weights: mostly relevance, a little of everything else."""
    others = [objective.name for objective in objectives if objective.name != RELEVANCE.name]
    default = {RELEVANCE.name: 0.8, **dict.fromkeys(others, 0.15 / max(len(others), 1)), DIVERSITY: 0.05}
    total = sum(default.values())
    description = Description(
        source=source,
        objectives=objectives,
        ranges=trained.ranges,
        default_weights={name: weight / total for name, weight in default.items()},
        training=trained.report,
        as_of=as_of,
        rows=None if rejections is None else rejections.as_dict(),
        attainment=trained.attainment,
        population=_population(trained, objectives),
        shop=shop,
    )
    return save_bundle(out, staging=staging, pipeline=pipeline, ranker=trained.ranker, description=description)


def _population(trained: Trained, objectives: Sequence[Objective]) -> Population:
    if trained.lists is None:
        return Population({}, {})
    return Population.of(trained.ranker, trained.lists, tuple(objective.name for objective in objectives))
