"""The trained model of all elements: trees by kind and level, confidences, one verified artefact.

A folder with `manifest.json` (schema version, sha256 of the arrays, the feature names they were trained on,
confidences,
measured figures) and `elements.npz` (arrays only, no pickle). Written aside and renamed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BundleDamaged, BundleMismatch
from trimtab.webpages.features.availability import AVAILABILITY_FEATURES, PRIOR
from trimtab.webpages.features.carts.cart_forms import CART_FORM_FEATURES
from trimtab.webpages.features.levels import LEVELS, feature_names
from trimtab.webpages.features.page_kind import PAGE_FEATURES
from trimtab.webpages.features.sku import SKU_FEATURES
from trimtab.webpages.parse.candidates import KINDS
from trimtab.webpages.predict.trees import Trees

SCHEMA_VERSION = 1
SHIPPED = Path(__file__).parent / "artefact"
ABSTAIN_BELOW = 0.45
"""Answering pays for F1 where the chance to be right is above F1 / 2, and F1 is near .9 (Lipton et al. 2014)."""


SKU_GIVEN = "sku/given"
"""Confidence of a number that is given; the one of `sku` decides whether it is, and is fitted on all that may be."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """Chance that the best group is right: logistic in its logit, in its lead over the next, and in whether what the
    page states and what it shows say otherwise."""

    bias: float = 0.0
    logit: float = 1.0
    lead: float = 0.0
    dissent: float = 0.0

    def __call__(self, logit: float, lead: float, dissent: float = 0.0) -> float:
        z = self.bias + self.logit * logit + self.lead * min(lead, 6.0) + self.dissent * dissent
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def names_of(key: str) -> list[str]:
    """Feature names behind a model's key: `price/style`, `sku`, `page`, `cartform`."""
    if key == "sku":
        return list(SKU_FEATURES)
    if key == "page":
        return list(PAGE_FEATURES)
    if key == "cartform":
        return list(CART_FORM_FEATURES)
    kind, level = key.split("/")
    return feature_names(kind, level)


KEYS = (*(f"{kind}/{level}" for kind in KINDS for level in LEVELS), "sku", "page", "cartform")


@dataclass(slots=True)
class ElementModel:
    """Trees and confidences by key, and the weights of the availability model, which is a logistic regression."""

    trees: dict[str, Trees]
    confidences: dict[str, Confidence]
    availability: NDArray[np.float64] = field(default_factory=PRIOR.copy)
    figures: dict[str, Any] = field(default_factory=dict)

    def logits(self, key: str, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.trees[key].logits(rows)

    def chance_available(self, row: NDArray[np.float32]) -> float:
        """Chance that a product can be had, by its row of `AVAILABILITY_FEATURES`."""
        return float(1 / (1 + np.exp(-(row @ self.availability)[0])))

    def save(self, folder: Path) -> None:
        """Write arrays first and the manifest last, each aside and renamed."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"{key}:{name}": a for key, trees in self.trees.items() for name, a in trees.arrays().items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        replace_file(folder / "elements.npz", buffer.getvalue())
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "sha256": {"elements.npz": hashlib.sha256(buffer.getvalue()).hexdigest()},
            "features": {key: _digest(names_of(key)) for key in self.trees},
            "confidences": {key: [c.bias, c.logit, c.lead, c.dissent] for key, c in self.confidences.items()},
            "availability": dict(zip(AVAILABILITY_FEATURES, self.availability.tolist(), strict=True)),
            "figures": self.figures,
        }
        replace_file(folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True).encode())

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> ElementModel:
        """Read and verify.

        Raises:
            BundleDamaged: a file is missing, does not have its sha256, or does not hold what it should.
            BundleMismatch: another schema version, or trained on other features.
        """
        manifest, arrays = read_verified(folder, "elements.npz")
        trees = {}
        for key, digest in manifest["features"].items():
            names = names_of(key)
            if digest != _digest(names):
                raise BundleMismatch(f"{folder}: {key} was trained on other features; run `make train-webpages`")
            own = {name.split(":", 1)[1]: a for name, a in arrays.items() if name.split(":", 1)[0] == key}
            trees[key] = Trees.from_arrays(own, len(names))
        confidences = {key: Confidence(*values) for key, values in manifest["confidences"].items()}
        weights = manifest.get("availability", {})
        if tuple(weights) != tuple(sorted(AVAILABILITY_FEATURES)):
            raise BundleMismatch(f"{folder}: availability was trained on other features; run `make train-webpages`")
        availability = np.asarray([float(weights[name]) for name in AVAILABILITY_FEATURES])
        return cls(trees, confidences, availability, manifest.get("figures", {}))


def read_verified(
    folder: Path, name: str, manifest_name: str = "manifest.json"
) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
    """Manifest and arrays of an artefact folder, the arrays checked against their sha256.

    Raises:
        BundleDamaged, BundleMismatch: see `ElementModel.load`.
    """
    try:
        manifest = json.loads((folder / manifest_name).read_bytes())
        data = (folder / name).read_bytes()
    except (OSError, ValueError) as problem:
        raise BundleDamaged(folder, f"cannot be read: {problem}") from None
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise BundleMismatch(f"{folder}: schema version {manifest.get('schema_version')}, this reads {SCHEMA_VERSION}")
    if hashlib.sha256(data).hexdigest() != manifest.get("sha256", {}).get(name):
        raise BundleDamaged(folder / name, "its sha256 is not the manifest's")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return manifest, dict(arrays)


@cache
def shipped_model() -> ElementModel:
    """The artefact inside the package, read once a process."""
    return ElementModel.load(SHIPPED)


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def replace_file(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(data)
    os.replace(aside, path)
