"""A bundle and the changes to its catalogue as a new bundle: what was searched beside the large indices is in them.

The ranker stays as it was trained, and items keep the vectors that they have; only the indices are built again. The
new bundle knows up to when changes are in it, so whoever loads it makes those that came later to it.

Also `python -m trimtab.engine.live.rebuild BUNDLE CHANGES OUT`, for the service, which leaves this to a process of its
own.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from trimtab.core.errors import BadInput, TrimtabError
from trimtab.core.work.children import limit_this_process
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import HERE
from trimtab.engine.build.indexing import kept_for_features, pipeline_of
from trimtab.engine.bundle.storage import Description, load_bundle, save_bundle, staging_folder
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.engine.live.live_engine import LiveEngine, built_as_of
from trimtab.engine.search import Engine
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.dense.building import EncodedItems
from trimtab.retrieval.milvus.building import new_collection

NICENESS = 10
"""Searches come first."""


def compact(bundle: Path, changes: Path, out: Path, *, progress: Progress = silent) -> str:
    """Build the new bundle into `out`.

    Args:
        changes: the folder of the change log.

    Returns:
        the new bundle's id.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot be loaded.
        BadInput: nothing has changed, or nothing is left.
    """
    loaded = load_bundle(bundle)
    live = LiveEngine(Engine(loaded), changes, is_searched=False)
    engine = live.follow()
    if engine.catalogue_version == 0:
        raise BadInput(f"{bundle.name}: nothing has changed since it was built")
    store = engine.store
    there = np.arange(len(store)) if store.gone is None else np.flatnonzero(~store.gone)
    if len(there) == 0:
        raise BadInput(f"{bundle.name}: the changes leave no item")
    manifest = loaded.manifest
    with new_collection(loaded.pipeline.retriever.address) as collection, staging_folder(out) as staging:
        new_store = store.compacted()
        encoded = EncodedItems(engine.retriever.encoder, engine.retriever.vectors[there])
        languages, wording = engine.retriever.lexicon.analyser.languages, engine.retriever.wording
        words, also = kept_for_features()
        retriever = build_retriever(
            new_store,
            encoded.encoder.name,
            staging / RETRIEVAL,
            progress,
            encoded=encoded,
            languages=languages,
            wording=wording,
            collection=collection,
            also=also,
            tasks=HERE,
        )
        new_rows = np.full(len(store), -1)
        new_rows[there] = np.arange(len(there))
        description = Description(
            source=manifest["source"],
            objectives=loaded.served,
            default_weights=manifest["default_weights"],
            default_max_relevance_loss=loaded.default_max_relevance_loss,
            default_max_losses=loaded.default_max_losses,
            training={**manifest["training"], "compacted_from": loaded.bundle_id},
            as_of=live.newest_change or built_as_of(engine),
            attainment=loaded.attainment,
            loss_budgets=loaded.loss_budgets,
            receipt_factors=loaded.receipt_factors,
            population=loaded.population,
            temperature=manifest["temperature"],
            shop=loaded.shop,
        )
        known = engine.pipeline
        pipeline = replace(
            pipeline_of(new_store, retriever, words, known.histories.at_rows(new_rows)),
            companions=None if known.companions is None else known.companions.at_rows(new_rows, len(new_store)),
        )
        return save_bundle(out, staging=staging, pipeline=pipeline, ranker=loaded.ranker, description=description)


def main() -> None:
    """Prints the new bundle's id, or one line on stderr."""
    limit_this_process(niceness=NICENESS)
    bundle, changes, out = map(Path, sys.argv[1:])
    try:
        sys.stdout.write(compact(bundle, changes, out))
    except TrimtabError as error:
        sys.stderr.write(f"trimtab: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
