"""New items that are prepared by a process of their own."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.core.work import processes
from trimtab.core.work.processes import Worker
from trimtab.engine import Engine
from trimtab.engine.live.preparing import Aside, Prepared, Texts, prepared_by
from trimtab.retrieval.live_retrieval import LiveRetrieval

TEXTS: list[Texts] = [
    {
        "item_id": f"new-{n}",
        "title": f"Quince sorbet {n} without sugar",
        "brand": "Orchard",
        "category": "Sorbets",
        "product_type": "sorbet",
        "description": f"{n} oz of caf\u00e9 ice",
        "url": "",
        "image": "",
        "attributes": "red",
    }
    for n in range(20)
]


def test_what_a_process_prepares_is_the_same_and_without_it_items_are_prepared_here(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrieval, here = LiveRetrieval(engine.retriever), list[int]()

    def prepare(texts: list[Texts]) -> list[Prepared]:
        here.append(len(texts))
        return prepared_by(retrieval.lexicon, retrieval.encoder, texts)

    assert engine.folder is not None
    aside = Aside(engine.folder, engine.retriever.encoder.name, prepare)
    expected = prepared_by(retrieval.lexicon, retrieval.encoder, TEXTS)
    try:
        for _ in range(2):
            found = aside(TEXTS)
            for one, other in zip(found, expected, strict=True):
                assert np.array_equal(one.found_by.vector, other.found_by.vector)
                assert (one.found_by.terms, one.words) == (other.found_by.terms, other.words)
        assert here == []
        aside(TEXTS[:2])
        assert here == [2], "a few are not worth a process"
        monkeypatch.setattr(processes, "IDLE_SECONDS", -1.0)
        aside.rest()
        assert len(aside(TEXTS)) == len(TEXTS), "it is started again"
        computed = Worker.computed
        monkeypatch.setattr(Worker, "computed", lambda worker, item: worker.stop() or computed(worker, item))
        assert len(aside(TEXTS)) == len(TEXTS), "it was killed"
        assert here == [2, len(TEXTS)]
    finally:
        aside.stop()
