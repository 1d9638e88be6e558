"""What makes a bundle unfit to take the place of the one that serves, and what is said of one that is fit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from trimtab.core.errors import BundleError
from trimtab.engine import Engine
from trimtab.engine.bundle.check import check
from trimtab.engine.bundle.parity import NONSENSE, compare, golden_queries
from trimtab.engine.bundle.storage import Description, load_bundle, save_bundle, staging_folder
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.training.cold_start import cold_start_ranker

QUERIES = ("soup", "ice cream", NONSENSE)


def test_a_bundle_against_itself_changes_nothing(engine: Engine) -> None:
    queries = golden_queries(engine)
    assert len(queries) == 50
    assert queries[-1] == NONSENSE
    parity = compare(engine, engine, queries)
    assert parity.overlap == parity.least_overlap == 1
    assert parity.kendall_tau == pytest.approx(1)
    assert parity.receipts == dict.fromkeys(engine.known_weights, 0.0)


def test_a_fit_bundle_is_reported_on(bundle_folder: Path) -> None:
    report = check(bundle_folder / "rules", bundle_folder / "small", QUERIES)
    assert report["n_queries"] == 3
    assert report["changed_most"].keys() == set(QUERIES)
    assert report["overlap"] < 1
    assert -1 <= report["kendall_tau"] <= 1
    assert check(bundle_folder / "same-rules", bundle_folder / "rules", QUERIES)["overlap"] == 1


def damaged(folder: Path) -> None:
    with (folder / "items.arrow").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")


def without_a_file(folder: Path) -> None:
    (folder / "ranker" / "ranker.ts").unlink()


def of_another_schema(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "feature_schema": "0" * 12}))


def saved_again(folder: Path, *, has_prices: bool = True, n_features: int | None = None, scale: float = 1) -> None:
    """A bundle that is whole by its checksums."""
    bundle = load_bundle(folder)
    objectives = objectives_of(has_prices=has_prices)
    served = bundle.served[: len(objectives)]
    ranker = cold_start_ranker(objectives, [one.range for one in served])
    with torch.no_grad():
        for weights in ranker.parameters():
            weights.mul_(scale)
            if n_features is not None and weights.ndim == 2:
                weights.data = weights.data[:, :n_features]
    weights = {objective.name: 1.0 for objective in objectives}
    description = Description("grocery", served, weights, 0.02, {}, as_of=datetime.now(UTC))
    with staging_folder(folder) as staging:
        shutil.copytree(folder / RETRIEVAL, staging / RETRIEVAL)
        save_bundle(folder, staging=staging, pipeline=bundle.pipeline, ranker=ranker, description=description)


def of_other_objectives(folder: Path) -> None:
    saved_again(folder, has_prices=False)


def of_another_shape(folder: Path) -> None:
    saved_again(folder, n_features=3)


def giving_nan(folder: Path) -> None:
    saved_again(folder, scale=float("nan"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (damaged, "items.arrow: its sha256"),
        (without_a_file, "ranker.ts: is missing"),
        (of_another_schema, "feature schema.*trimtab build"),
        (of_other_objectives, "its objectives are relevance"),
        (of_another_shape, "it cannot search"),
        (giving_nan, "not a finite number for 'soup'"),
    ],
)
def test_what_is_not_fit_is_refused(
    bundle_folder: Path, tmp_path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    candidate = tmp_path / "candidate"
    shutil.copytree(bundle_folder / "rules", candidate)
    spoil(candidate)
    with pytest.raises(BundleError, match=says):
        check(candidate, bundle_folder / "small", QUERIES)
