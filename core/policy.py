"""The Plackett-Luce policy over slates, and seeds that reproduce a draw.

A slate is drawn position by position: `P(i at p | above) = exp(u_i / tau) / sum_{j not above} exp(u_j / tau)`.
Adding independent Gumbel noise to `u / tau` and sorting draws from the same distribution in one pass
(Yellott 1977; Kool et al. 2019, "Stochastic Beams and Where to Find Them").

The batched tensor form with the diversity stage is `ranker.slate.batched`; it agrees with this at `w_diversity = 0`.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def seed_of(*parts: object) -> int:
    """A 63-bit seed that is the same for the same parts on every machine (blake2b, parts kept apart)."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        text = str(part).encode()
        digest.update(len(text).to_bytes(4, "big"))
        digest.update(text)
    return int.from_bytes(digest.digest(), "big") >> 1


def gumbel(seed: int, n: int) -> NDArray[np.float64]:
    """[n] standard Gumbel noise from `seed`."""
    return np.random.Generator(np.random.PCG64(seed)).gumbel(size=n)


def conditional_propensities(
    utilities: NDArray[np.floating], slate: NDArray[np.integer], temperature: float
) -> NDArray[np.float64]:
    """Chance of each item of a slate at its position given those above it.

    Args:
        utilities: [n] utility of every candidate.
        slate: [k] indices into `utilities`, without repeats.
        temperature: tau > 0; the larger, the nearer to uniform.

    Returns:
        [k] float64; their product is the propensity of the slate.
    """
    logits = np.asarray(utilities, dtype=np.float64) / temperature
    remaining = np.ones(len(logits), dtype=bool)
    propensities = np.empty(len(slate))
    for position, chosen in enumerate(slate):
        rest = logits[remaining]
        shift = rest.max()
        propensities[position] = np.exp(logits[chosen] - shift) / np.exp(rest - shift).sum()
        remaining[chosen] = False
    return propensities
