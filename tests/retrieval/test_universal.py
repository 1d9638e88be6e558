"""One space for the words of many languages."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.encoders.registry import load_encoder

TITLES = [
    "Herren Wanderschuhe wasserdicht",
    "Kabellose Kopfhörer",
    "Olivenöl nativ extra",
    "Schlafsofa grau",
    "Hundefutter",
]
QUERIES = {
    "waterproof hiking boots": 0,
    "auriculares inalámbricos": 1,
    "huile d’olive": 2,
    "диван кровать": 3,
    "cibo per cani": 4,
}


def test_a_german_shop_answers_in_other_languages(tmp_path: Path) -> None:
    store = ItemStore.from_frame(pl.DataFrame({"item_id": [str(row) for row in range(len(TITLES))], "title": TITLES}))
    retriever = build_retriever(store, "multilingual", tmp_path, languages=("de",))
    for query, row in QUERIES.items():
        vector = retriever.encoder.encode([query])[0]
        assert int(np.argmax(retriever.vectors[:] @ vector)) == row, query


@pytest.mark.parametrize("name", ["multilingual", "universal"])
def test_vectors_have_length_one_whatever_else_is_encoded(name: str) -> None:
    encoder = load_encoder(name)
    vectors = encoder.encode(["red sofa", "", "  ", "Red Sofa", "\ud800 x"])
    assert vectors.shape == (5, encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0, 1, 1], atol=1e-4)
    np.testing.assert_allclose(vectors[0], encoder.encode(["red sofa"])[0], atol=1e-4)
    np.testing.assert_allclose(vectors[0], vectors[3], atol=1e-4)
