"""A bundle saved and loaded: the folder with everything one search engine needs (`trimtab.engine.bundle.verification`).

It is written to a temporary folder beside its place and renamed, so that a bundle is there whole or not at all.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.catalog.groups import Groups
from trimtab.catalog.shop import EMPTY, Shop
from trimtab.catalog.shop import FILE as SHOP
from trimtab.catalog.shop_text import shop_text
from trimtab.catalog.store import ItemStore
from trimtab.core.atomic import folder_beside
from trimtab.core.errors import BadFile, BadInput, BadParameter, BundleDamaged, BundleError, DiskFull
from trimtab.core.records import FloatArray, Query, changed
from trimtab.core.weights import DIVERSITY
from trimtab.engine.bundle.manifest import MANIFEST
from trimtab.engine.bundle.verification import RANKER, RETRIEVAL, SCHEMA_VERSION, bundle_id_of, files_of, sha256, verify
from trimtab.engine.stages.pipeline import Pipeline, item_columns
from trimtab.ranker.artifact import SavedRanker, load_ranker, save_ranker
from trimtab.ranker.attainment import Attainment
from trimtab.ranker.companions import Companions
from trimtab.ranker.features import FEATURES, schema_hash
from trimtab.ranker.item_values import Bounds, ItemValues, ServedObjective, kinds_of
from trimtab.ranker.loss_budgets import LossBudgets
from trimtab.ranker.population import Population
from trimtab.ranker.users import UserHistories
from trimtab.ranker.words import ItemWords
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.suggestions.entries import entries_of
from trimtab.retrieval.suggestions.index import FOLDER as SUGGESTIONS
from trimtab.retrieval.suggestions.index import SuggestionIndex

if TYPE_CHECKING:
    from trimtab.ranker.model import ServedRanker

DEFAULT_TEMPERATURE = 0.1
_LIBRARIES = ("faiss-cpu", "numpy", "polars", "tantivy", "torch")


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    Attributes:
        bundle_id: 12 hex digits of the manifest's checksums: two bundles with one id are the same to the bit.
        manifest: as written.
        attainment: by objective the map from the share of it asked for to its weight; none where nothing was learned.
        population: how features and gains were distributed in training; empty where nothing was learned.
        shop: what is known of the catalogue.
        served: the objectives of an item, as the manifest orders them.
        values: what items are worth to them.
    """

    bundle_id: str
    manifest: Mapping[str, Any]
    pipeline: Pipeline
    ranker: SavedRanker
    attainment: Mapping[str, Attainment]
    population: Population
    served: tuple[ServedObjective, ...]
    values: ItemValues
    shop: Shop = EMPTY

    @cached_property
    def bounds(self) -> Bounds:
        """What the values of items are winsorised at."""
        return Bounds(np.array([one.low for one in self.served]), np.array([one.high for one in self.served]))

    @cached_property
    def objectives(self) -> tuple[str, ...]:
        """The objectives of an item, as the manifest orders them."""
        return tuple(one.objective.name for one in self.served)

    @cached_property
    def known_weights(self) -> tuple[str, ...]:
        """What a search may weigh: the objectives, diversity last."""
        return (*self.objectives, DIVERSITY)

    @cached_property
    def default_weights(self) -> Mapping[str, float]:
        """The weights of a search that names none."""
        weights: Mapping[str, float] = self.manifest["default_weights"]
        return weights

    @cached_property
    def default_max_losses(self) -> Mapping[str, float]:
        """What a search that names no weights may give up of other objectives."""
        losses: Mapping[str, float] = self.manifest.get("default_max_losses", {})
        return losses

    @cached_property
    def default_max_relevance_loss(self) -> float:
        """The share of relevance that a search which names no weights may give up."""
        return float(self.manifest["default_max_relevance_loss"])

    @cached_property
    def loss_budgets(self) -> LossBudgets | None:
        """What predictions may lose so that shoppers lose no more than is asked; None where nothing was held out."""
        plain = self.manifest.get("loss_budgets")
        return None if plain is None else LossBudgets.from_dict(plain)

    @cached_property
    def receipt_factors(self) -> Mapping[str, float]:
        """Objective -> what receipts multiply its sums by, so that slates bring what they promise; 1 where unnamed."""
        known: Mapping[str, float] = self.manifest.get("receipt_factors", {})
        return {name: known.get(name, 1.0) for name in self.objectives}

    @cached_property
    def units(self) -> FloatArray | None:
        """[M] what gains are multiplied by to be those that the ranker's ranges are of; None where they are."""
        ranges = [float(one["range"]) for one in self.manifest["objectives"]]
        if all(one.range == value for one, value in zip(self.served, ranges, strict=True)):
            return None
        return np.array([value / one.range for one, value in zip(self.served, ranges, strict=True)], dtype=np.float32)

    def in_price_list(self, name: str | None, pipeline: Pipeline) -> Bundle:
        """The bundle over a catalogue with the prices of a list."""
        served = tuple(one.in_price_list(name) for one in self.served)
        return replace(self, pipeline=pipeline, served=served)

    def with_defaults(self, query: Query) -> Query:
        """The query with the weights of one that names none, which come with a bound on what they may cost."""
        if query.weights:
            return query
        constraints = query.constraints
        if constraints.max_relevance_loss is None:
            constraints = replace(constraints, max_relevance_loss=self.default_max_relevance_loss)
        if self.default_max_losses:
            constraints = replace(constraints, max_losses={**self.default_max_losses, **constraints.max_losses})
        return changed(query, weights=self.default_weights, constraints=constraints)

    @cached_property
    def temperature(self) -> float:
        """The temperature of the draws of explored slates."""
        return float(self.manifest["temperature"])


NO_ROOM = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
"""How the system says that a disk is full."""

READABLE = 0o644
"""Who serves a bundle need not be who built it; tantivy writes some files for their owner alone."""


@dataclass(frozen=True)
class Description:
    """What the builder says of a bundle beside its files.

    Attributes:
        shop: what is known of the catalogue, written as `shop.toml`.
        as_of: changes to the catalogue up to then are in the bundle; later ones are made to it while it serves.
        rows: what became of the rows of the catalogue's file, see `trimtab.catalog.rejections.Rejections.as_dict`.
    """

    source: str
    objectives: Sequence[ServedObjective]
    default_weights: Mapping[str, float]
    default_max_relevance_loss: float
    training: Mapping[str, Any]
    as_of: datetime
    rows: Mapping[str, Any] | None = None
    attainment: Mapping[str, Attainment] = field(default_factory=dict)
    loss_budgets: LossBudgets | None = None
    receipt_factors: Mapping[str, float] = field(default_factory=dict)
    population: Population = field(default_factory=lambda: Population({}, {}))
    temperature: float = DEFAULT_TEMPERATURE
    default_max_losses: Mapping[str, float] = field(default_factory=dict)
    shop: Shop = EMPTY


def save_bundle(
    out: Path, *, staging: Path, pipeline: Pipeline, ranker: ServedRanker | SavedRanker, description: Description
) -> str:
    """Finish a bundle in `staging` (where the retriever already wrote its files) and rename it to `out`.

    Returns:
        the bundle id.
    """
    folder = staging / RANKER
    folder.mkdir(exist_ok=True)
    pipeline.store.save(staging)
    pipeline.items.words.save(folder)
    np.save(folder / "type_vectors.npy", pipeline.items.type_vectors, allow_pickle=False)
    pipeline.histories.save(folder)
    if pipeline.companions is not None:
        pipeline.companions.save(folder)
    save_ranker(ranker, folder)
    suggested = entries_of(pipeline.store, description.shop.variants.attribute)
    SuggestionIndex.of(suggested, pipeline.retriever.lexicon.analyser).save(staging / SUGGESTIONS)
    (staging / SHOP).write_text(shop_text(description.shop), encoding="utf-8")
    for path in files_of(staging):
        path.chmod(READABLE)
    digests = {str(path.relative_to(staging)): sha256(path) for path in files_of(staging)}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "bundle_id": bundle_id_of(digests),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "as_of": description.as_of.isoformat(),
        "source": description.source,
        "feature_schema": schema_hash(),
        "features": list(FEATURES),
        "objectives": [one.as_dict() for one in description.objectives],
        "default_weights": dict(description.default_weights),
        "default_max_relevance_loss": description.default_max_relevance_loss,
        "default_max_losses": dict(description.default_max_losses),
        "temperature": description.temperature,
        "population": description.population.as_dict(),
        "attainment": {name: one.as_dict() for name, one in description.attainment.items()},
        "loss_budgets": None if description.loss_budgets is None else description.loss_budgets.as_dict(),
        "receipt_factors": dict(description.receipt_factors),
        "catalogue": {
            "n_items": len(pipeline.store),
            "n_brands": len(pipeline.store.brands),
            "n_categories": len(pipeline.store.categories),
            "n_users": len(pipeline.histories),
            **({} if description.rows is None else {"rows": dict(description.rows)}),
        },
        "retrieval": pipeline.retriever.report,
        "training": dict(description.training),
        "libraries": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "files": digests,
    }
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=1))
    _replace(staging, out)
    return str(manifest["bundle_id"])


LEAST_FREE_BYTES = 1 << 20
"""A disk with less than that left is full: nothing of a bundle can be finished on it."""


@contextmanager
def staging_folder(out: Path) -> Iterator[Path]:
    """A fresh folder beside `out`, on the same file system, so that the rename at the end is atomic.

    It is gone afterwards, whatever happened; what a killed build left goes first.

    Raises:
        DiskFull: there was no room for what was written into it.
    """
    with folder_beside(out) as folder:
        try:
            yield folder
        except (OSError, RuntimeError, ValueError) as error:  # FAISS and tantivy have their own
            # tantivy says no more than that a thread of its writer ended, so the disk is asked too.
            if any(said in str(error) for said in NO_ROOM) or shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
                raise DiskFull(out.parent, sum(file.stat().st_size for file in files_of(folder))) from error
            raise


def load_bundle(folder: Path) -> Bundle:
    """Verify and load a bundle.

    Raises:
        BundleDamaged: a file is missing or not what was written; names it.
        BundleMismatch: written by another schema version or for other features.
    """
    manifest = verify(folder)
    try:
        attainment = {name: Attainment.from_dict(one) for name, one in manifest.get("attainment", {}).items()}
        population = Population.from_dict(manifest.get("population", {}))
        served = tuple(map(ServedObjective.from_dict, manifest["objectives"]))
    except (BadInput, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleDamaged(MANIFEST, f"attainment, population or objectives cannot be read ({error})") from error
    try:
        shop = Shop.read(folder / SHOP) if (folder / SHOP).exists() else EMPTY
        store = ItemStore.load(folder, shop)
        retriever = Retriever.load(folder / RETRIEVAL, store)
        words = ItemWords.load(folder / RANKER, retriever.lexicon)
        histories = UserHistories.load(folder / RANKER)
        companions = Companions.load(folder / RANKER)
        type_vectors = np.load(folder / RANKER / "type_vectors.npy", allow_pickle=False)
    except BundleError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, BadFile) as error:
        raise BundleDamaged(folder.name, f"a part cannot be read ({error})") from error
    columns, groups = item_columns(store, retriever, words, type_vectors), Groups.of(store, shop.variants.attribute)
    pipeline = Pipeline(store, retriever, columns, histories, groups, companions)
    return Bundle(
        bundle_id=manifest["bundle_id"],
        manifest=manifest,
        pipeline=pipeline,
        ranker=load_ranker(folder / RANKER),
        attainment=attainment,
        population=population,
        served=served,
        values=_values(served, store),
        shop=shop,
    )


def _values(served: Sequence[ServedObjective], store: ItemStore) -> ItemValues:
    try:
        return ItemValues([one.objective for one in served], kinds_of(store))
    except BadParameter as error:
        raise BundleDamaged(MANIFEST, f"an objective cannot be calculated ({error})") from error


def _replace(staging: Path, out: Path) -> None:
    """Rename `staging` to `out`; what stood there is moved aside first and deleted last."""
    staging.chmod(0o755)
    old = None
    if out.exists():
        old = Path(mkdtemp(prefix=f".{out.name}.old.", dir=out.parent)) / out.name
        out.rename(old)
    staging.rename(out)
    if old is not None:
        shutil.rmtree(old.parent)
