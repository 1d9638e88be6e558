"""The distilled query encoder says of short texts what its teacher says, and comes back from its file."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray
from trimtab.retrieval.encoders.distilled import DistilledQueries, distil, pseudo_queries
from trimtab.retrieval.encoders.wordllama import WordLlama

WORDS = ["milk", "bread", "wine", "cheese", "butter", "apple", "bean", "rice", "fish", "soap"]


class Teacher:
    """Has its own idea of every word, unlike any static table."""

    name = "teacher"
    dim = 8

    def __init__(self) -> None:
        rng = np.random.Generator(np.random.PCG64(1))
        self._of = {word: rng.normal(size=self.dim) for word in WORDS}

    def encode(self, texts: Sequence[str]) -> FloatArray:
        sums = np.array([sum((self._of[word] for word in text.split()), np.zeros(self.dim)) for text in texts])
        return (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def student() -> DistilledQueries:
    rng = np.random.Generator(np.random.PCG64(0))
    queries = [" ".join(rng.choice(WORDS, rng.integers(1, 4), replace=False)) for _ in range(300)]
    return distil(Teacher(), queries, progress=lambda *_: None)


def test_the_student_agrees_with_its_teacher_on_queries_it_was_not_taught(student: DistilledQueries) -> None:
    unseen = [f"{first} {second} {third}" for first, second, third in zip(WORDS, WORDS[3:], WORDS[5:], strict=False)]
    agreement = (student.encode(unseen) * Teacher().encode(unseen)).sum(axis=1)
    assert agreement.mean() > 0.8
    np.testing.assert_allclose(np.linalg.norm(student.encode(unseen), axis=1), 1, rtol=1e-5)
    assert not student.encode([""]).any()


def test_it_comes_back_from_its_file(student: DistilledQueries, tmp_path: Path) -> None:
    student.save(tmp_path)
    loaded = DistilledQueries.load(tmp_path)
    np.testing.assert_allclose(loaded.encode(["apple wine"]), student.encode(["apple wine"]), atol=2e-3)
    (tmp_path / "query_tokens.npy").write_bytes(b"\x93NUMPY nonsense")
    with pytest.raises(BundleDamaged, match="query_tokens"):
        DistilledQueries.load(tmp_path)


def test_pseudo_queries_are_words_that_stand_together_in_titles() -> None:
    titles = ["Organic Whole Milk, 1 gal", "Rye bread", "", "!!!"]
    queries = pseudo_queries(titles, n=10)
    assert queries == pseudo_queries(titles, n=10)
    assert 1 <= len(queries) <= 2
    joined = [" ".join(title.lower().replace(",", "").split()) for title in titles]
    assert all(any(query in title for title in joined) for query in queries)


def test_wordllama_is_what_it_was() -> None:
    encoder = WordLlama()
    vectors = encoder.encode(["Ice Cream", "ice cream"])
    assert vectors.shape == (2, 256)
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_pseudo_queries_are_the_same_however_accents_are_written_and_keep_combining_marks() -> None:
    titles = ["Crème brûlée", "हिन्दी किताब"]
    queries = pseudo_queries(titles, n=20)
    assert pseudo_queries([unicodedata.normalize("NFD", title) for title in titles], n=20) == queries
    words = {word for query in queries for word in query.split()}
    assert words <= {"crème", "brûlée", *unicodedata.normalize("NFKC", titles[1]).split()}
