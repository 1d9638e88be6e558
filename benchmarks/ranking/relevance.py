"""Relevance on icecat: judged pool, out of fold by query, and recall of the first stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from trimtab.catalog.datasets.icecat import load_icecat
from trimtab.catalog.judgments import read_judgments
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.build.relevance_evaluation import evaluate_relevance

TARGETS = {"wordllama": (0.86, 0.86), "distilled": (0.90, 0.86), "minilm": (0.915, 0.88)}
"""Encoder -> ndcg@10 and recall@100 to reach."""


def measure(icecat: Path, encoder: str) -> Iterator[Figure]:
    """Build the bundle as `trimtab build icecat --judgments` does and read its held-out figures."""
    judgments = read_judgments(icecat / "judgments.csv")
    ndcg_target, recall_target = TARGETS[encoder]
    with TemporaryDirectory() as folder:
        out = Path(folder) / "icecat"
        build_bundle(load_icecat(icecat), out, source="icecat", encoder=encoder, judgments=judgments)
        engine = Engine.load(out)
        ndcg = engine.manifest["training"]["cross_validation"]["ndcg@10"]
        yield Figure(
            f"icecat {encoder}: ndcg@10, judged pool, 5-fold",
            ndcg["value"],
            "",
            ndcg_target,
            interval=(ndcg["low"], ndcg["high"]),
        )
        recall = evaluate_relevance(engine, judgments)["recall@100"]
        yield Figure(
            f"icecat {encoder}: recall@100 of the first stage, grade >= 2",
            recall.value,
            "",
            recall_target,
            interval=(recall.low, recall.high),
        )
