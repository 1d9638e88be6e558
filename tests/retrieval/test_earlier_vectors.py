"""A rebuild encodes only what is new, and the default encoder follows the size of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.core.progress import silent
from trimtab.core.records import FloatArray
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.encoders import registry
from trimtab.retrieval.encoders.earlier_vectors import HASHES, EarlierVectors
from trimtab.retrieval.encoders.registry import AUTO, DISTILLED_ITEMS, encoder_for, load_encoder
from trimtab.retrieval.encoders.wordllama import WordLlama
from trimtab.retrieval.retriever import REPORT


class Counting(WordLlama):
    """An encoder that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.asked += texts
        return super().encode(texts)


def shop(*titles: str) -> ItemStore:
    return ItemStore.from_frame(pl.DataFrame({"item_id": [str(n) for n in range(len(titles))], "title": titles}))


def test_a_rebuild_encodes_only_what_changed(tmp_path: Path) -> None:
    build_retriever(shop("red bowl", "dog bed", "red bowl"), "wordllama", tmp_path / "first")
    encoder = Counting()
    known = EarlierVectors.load(tmp_path / "first", REPORT, encoder)
    vectors = known.encode(encoder, ["dog bed", "cat tree", "red bowl"], silent)
    assert encoder.asked == ["cat tree"]
    assert np.array_equal(vectors, load_encoder("wordllama").encode(["dog bed", "cat tree", "red bowl"]))


def test_a_bundle_that_is_rebuilt_answers_as_one_built_anew(tmp_path: Path) -> None:
    build_retriever(shop("red bowl", "dog bed"), "wordllama", tmp_path / "first")
    later = shop("dog bed", "cat tree")
    again = build_retriever(later, "wordllama", tmp_path / "again", earlier=tmp_path / "first")
    anew = build_retriever(later, "wordllama", tmp_path / "anew")
    assert np.array_equal(again.vectors[np.arange(2)], anew.vectors[np.arange(2)])


@pytest.mark.parametrize("damage", ["missing", "other weights", "cut off"])
def test_vectors_that_cannot_be_trusted_are_not_used(tmp_path: Path, damage: str) -> None:
    build_retriever(shop("red bowl", "dog bed"), "wordllama", tmp_path)
    if damage == "missing":
        (tmp_path / HASHES).unlink()
    elif damage == "other weights":
        (tmp_path / REPORT).write_text((tmp_path / REPORT).read_text().replace('by": "wordllama', 'by": "wordlama'))
    else:
        (tmp_path / HASHES).write_bytes((tmp_path / HASHES).read_bytes()[:-3])
    assert len(EarlierVectors.load(tmp_path, REPORT, load_encoder("wordllama")).hashes) == 0


def test_the_default_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda _: object())
    assert encoder_for(AUTO, DISTILLED_ITEMS) == "distilled"
    assert encoder_for(AUTO, DISTILLED_ITEMS + 1) == "wordllama"
    assert encoder_for("minilm", 10**7) == "minilm"
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    assert encoder_for(AUTO, 10) == "wordllama"
