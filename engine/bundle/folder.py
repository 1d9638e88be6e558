"""A bundle: the folder with everything one search engine needs. One save/load pair, verified by checksums.

    manifest.json          schema version, sha256 of each file, feature schema, objectives, encoder, versions, metrics
    items.arrow            the catalogue's columns
    retrieval/             vectors, FAISS index, lexical index
    ranker/                ranker.ts, words of the items, user histories

Written to a temporary folder beside its place and renamed, so that a bundle is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadInput, BundleDamaged, BundleError, BundleMismatch
from trimtab.core.weights import DIVERSITY
from trimtab.engine.stages.pipeline import Pipeline, item_columns
from trimtab.ranker.artifact import load_ranker, save_ranker
from trimtab.ranker.attainment import Attainment
from trimtab.ranker.features import FEATURES, schema_hash
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.objectives import Objective
from trimtab.ranker.population import Population
from trimtab.ranker.users import UserHistories
from trimtab.ranker.words import ItemWords
from trimtab.retrieval.retriever import Retriever

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
RETRIEVAL = "retrieval"
RANKER = "ranker"
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
    """

    bundle_id: str
    manifest: Mapping[str, Any]
    pipeline: Pipeline
    ranker: ServedRanker
    attainment: Mapping[str, Attainment]
    population: Population

    @property
    def objectives(self) -> tuple[str, ...]:
        return tuple(objective["name"] for objective in self.manifest["objectives"])


LOCK = ".lock"
READABLE = 0o644
"""Who serves a bundle need not be who built it; tantivy writes some files for their owner alone."""


@dataclass(frozen=True)
class Description:
    """What the builder says of a bundle beside its files.

    Attributes:
        as_of: what changed in the catalogue up to then is in it; later changes are to be made to it while it serves.
    """

    source: str
    objectives: Sequence[Objective]
    ranges: Sequence[float]
    default_weights: Mapping[str, float]
    training: Mapping[str, Any]
    as_of: datetime
    attainment: Mapping[str, Attainment] = field(default_factory=dict)
    population: Population = field(default_factory=lambda: Population({}, {}))
    temperature: float = DEFAULT_TEMPERATURE


def save_bundle(out: Path, *, staging: Path, pipeline: Pipeline, ranker: ServedRanker, description: Description) -> str:
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
    save_ranker(ranker, folder)
    for path in _files(staging):
        path.chmod(READABLE)
    digests = {str(path.relative_to(staging)): _sha256(path) for path in _files(staging)}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "bundle_id": _bundle_id(digests),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "as_of": description.as_of.isoformat(),
        "source": description.source,
        "feature_schema": schema_hash(),
        "features": list(FEATURES),
        "objectives": [
            {**asdict(objective), "range": float(value)}
            for objective, value in zip(description.objectives, description.ranges, strict=True)
        ],
        "default_weights": dict(description.default_weights),
        "temperature": description.temperature,
        "population": description.population.as_dict(),
        "attainment": {name: one.as_dict() for name, one in description.attainment.items()},
        "catalogue": {
            "n_items": len(pipeline.store),
            "n_brands": len(pipeline.store.brands),
            "n_categories": len(pipeline.store.categories),
            "n_users": len(pipeline.histories),
        },
        "retrieval": pipeline.retriever.report,
        "training": dict(description.training),
        "libraries": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "files": digests,
    }
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=1))
    _replace(staging, out)
    return str(manifest["bundle_id"])


@contextmanager
def staging_folder(out: Path) -> Iterator[Path]:
    """A fresh folder beside `out`, on the same file system, so that the rename at the end is atomic.

    It is gone afterwards, whatever happened.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    except (BadInput, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleDamaged(MANIFEST, f"attainment or population cannot be read ({error})") from error
    try:
        store = ItemStore.load(folder)
        retriever = Retriever.load(folder / RETRIEVAL, store)
        words = ItemWords.load(folder / RANKER)
        histories = UserHistories.load(folder / RANKER)
        type_vectors = np.load(folder / RANKER / "type_vectors.npy", allow_pickle=False)
    except BundleError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BundleDamaged(folder.name, f"a part cannot be read ({error})") from error
    pipeline = Pipeline(store, retriever, item_columns(store, retriever, words, type_vectors), histories)
    return Bundle(manifest["bundle_id"], manifest, pipeline, load_ranker(folder / RANKER), attainment, population)


def verify(folder: Path) -> dict[str, Any]:
    """Check the manifest and the checksum of every file; returns the manifest."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        files = dict(manifest["files"])
        schema_version, feature_schema = manifest["schema_version"], manifest["feature_schema"]
    except FileNotFoundError:
        raise BundleDamaged(MANIFEST, f"is not in {folder.name}: no bundle is there") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleDamaged(MANIFEST, f"cannot be read ({error})") from error
    if schema_version != SCHEMA_VERSION:
        raise BundleMismatch(f"{MANIFEST}: schema version {schema_version}, this reads {SCHEMA_VERSION}")
    if feature_schema != schema_hash():
        raise BundleMismatch(f"{MANIFEST}: feature schema {feature_schema}, this computes {schema_hash()}")
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise BundleDamaged(name, "is missing")
        if _sha256(path) != digest:
            raise BundleDamaged(name, "its sha256 is not the one in the manifest")
    if manifest.get("bundle_id") != _bundle_id(files):
        raise BundleDamaged(MANIFEST, "bundle_id does not match the checksums")
    known = {objective["name"] for objective in manifest["objectives"]} | {DIVERSITY}
    if not set(manifest["default_weights"]) <= known:
        raise BundleDamaged(MANIFEST, "default_weights names an objective that is not there")
    return dict(manifest)


def _files(folder: Path) -> list[Path]:
    """What a bundle consists of: without its manifest, and locks of who wrote it."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST and path.suffix != LOCK
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bundle_id(digests: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:12]


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
