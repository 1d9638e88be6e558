"""The files of a bundle and the checksums that its manifest has of them.

manifest.json          schema version, sha256 of each file, feature schema, objectives, encoder, versions, metrics
items.arrow            the catalogue's columns
attributes.arrow       the columns of the shop's own
sorted.arrow           rows by value of what is filtered on; optional
shop.toml              what is known of the catalogue, as given or inferred
retrieval/             vectors, FAISS index, lexical index
suggestions/           what queries may be completed to; optional
ranker/                ranker.ts, words of the items, user histories
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleDamaged, BundleMismatch
from trimtab.core.weights import DIVERSITY
from trimtab.engine.bundle.manifest import MANIFEST, read_manifest, require_bundle
from trimtab.ranker.features import schema_hash

SCHEMA_VERSION = 2
RETRIEVAL = "retrieval"
RANKER = "ranker"
LOCK = ".lock"


def verify(folder: Path) -> dict[str, Any]:
    """Check the manifest and the checksum of every file; returns the manifest."""
    require_bundle(folder)
    manifest = read_manifest(folder)
    try:
        files = dict(manifest["files"])
        schema_version, feature_schema = manifest["schema_version"], manifest["feature_schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleDamaged(MANIFEST, f"cannot be read ({error})") from error
    build = f"trimtab build {manifest.get('source', 'CATALOGUE')} --out {folder.name}"
    again = f"build it again: {build}, or all of a shop: trimtab upgrade ARCHIVE"
    if schema_version != SCHEMA_VERSION:
        raise BundleMismatch(f"{MANIFEST}: schema version {schema_version}, this reads {SCHEMA_VERSION}; {again}")
    if feature_schema != schema_hash():
        raise BundleMismatch(f"{MANIFEST}: feature schema {feature_schema}, this computes {schema_hash()}; {again}")
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise BundleDamaged(name, "is missing")
        if sha256(path) != digest:
            raise BundleDamaged(name, "its sha256 is not the one in the manifest")
    if manifest["bundle_id"] != bundle_id_of(files):
        raise BundleDamaged(MANIFEST, "bundle_id does not match the checksums")
    known = {objective["name"] for objective in manifest["objectives"]} | {DIVERSITY}
    if not set(manifest["default_weights"]) <= known:
        raise BundleDamaged(MANIFEST, "default_weights names an objective that is not there")
    return manifest


def files_of(folder: Path) -> list[Path]:
    """The files of a bundle, without its manifest and the locks of those who wrote it."""
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST and path.suffix != LOCK
    )


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bundle_id_of(digests: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:12]
