"""A rebuild encodes only what is new, and the default encoder follows the size of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.core.records import FloatArray
from trimtab.core.work.parts import Parts
from trimtab.core.work.progress import silent
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.encoders import registry
from trimtab.retrieval.encoders.earlier_vectors import HASHES, EarlierVectors
from trimtab.retrieval.encoders.registry import AUTO, DISTILLED_ITEMS, encoder_for, load_encoder
from trimtab.retrieval.encoders.vector_parts import VectorParts, encoded_parts
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


class Stopped(Counting):
    """An encoder whose process is killed at a text."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        if "stop" in texts:
            raise KeyboardInterrupt
        return super().encode(texts)


def test_who_was_killed_goes_on_behind_the_last_part(tmp_path: Path) -> None:
    texts = [f"red bowl {number}" for number in range(7)]
    reports = list[tuple[int, int]]()

    def encoded(encoder: WordLlama, texts: Sequence[str], folder: str = "parts") -> VectorParts:
        parts = Parts(tmp_path / folder)

        def report(_: str, done: int, total: int) -> None:
            reports.append((done, total))

        return encoded_parts(parts, EarlierVectors.none(), encoder, texts, report, part=3)

    stopped = Stopped()
    with pytest.raises(KeyboardInterrupt):
        encoded(stopped, [*texts[:6], "stop"])
    resumed = Counting()
    reports.clear()
    found = encoded(resumed, texts)
    assert stopped.asked == texts[:6]
    assert resumed.asked == texts[6:]
    assert reports[-1] == (7, 7)
    assert reports == sorted(reports)
    whole = encoded(Counting(), texts, "elsewhere")[:]
    assert found.shape == whole.shape == (7, load_encoder("wordllama").dim)
    assert np.array_equal(found[:], whole)
    assert np.array_equal(found[np.array([6, 0, 3, 3])], whole[[6, 0, 3, 3]])
    assert np.array_equal(found[2:5], whole[2:5])
