"""The cosine between query and item that is reached by chance.

A query vector is near to some item whatever the query, and how near depends on the encoder and the catalogue. So it is
measured: words of random letters are looked up, and the floor is what 99 in 100 of them do not reach with their
nearest item. Below it an item is retrieved only where it shares a word with the query.
"""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np

from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.vector_parts import Vectors

N_WORDS = 400
QUANTILE = 0.99
BLOCK = 65_536
"""Vectors that are compared at once."""


def chance_similarity(encoder: Encoder, vectors: Vectors) -> float:
    """The `QUANTILE` of the best cosines that nonsense reaches among `vectors` [n_vectors, dim]; 1 without any."""
    if len(vectors) == 0:
        return 1.0
    rng = np.random.Generator(np.random.PCG64(0))
    words = ["".join(rng.choice(list(ascii_lowercase), rng.integers(5, 11))) for _ in range(N_WORDS)]
    said = encoder.encode(words)
    blocks = (vectors[start : start + BLOCK] for start in range(0, len(vectors), BLOCK))
    best = np.max([(said @ block.T).max(axis=1) for block in blocks], axis=0)
    return float(np.quantile(best, QUANTILE))
