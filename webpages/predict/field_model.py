"""What each field of a form asks for: a linear model over hashed words and letter groups, decoded as a sequence.

Fields of one form are decoded together (Viterbi), because a street is followed by a city and a card number by its
expiry.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.fields import Field
from trimtab.webpages.predict.field_evidence import FIELD_TYPES, evidence
from trimtab.webpages.predict.field_words import types_named
from trimtab.webpages.predict.model import SHIPPED, read_verified

N_BUCKETS = 1 << 13
TRANSITION_SHARE = 0.6
"""Weight of transitions beside the score of a field by itself; chosen on the training sites."""

_EXCLUSIVE = (
    ({"fullName"}, {"firstName", "lastName"}),
    ({"expiration"}, {"expirationMonth", "expirationYear"}),
    ({"username"}, {"username"}),
)
"""Types that do not stand beside each other: a name is asked for as a whole or in parts, and a user name once."""
EXCLUSIVE_COST = 4.0
NAMED_WEIGHT = 2.0
"""Weight of a type that a text names beside that of one of its words."""


def _exclusive() -> NDArray[np.float32]:
    """[n_types + 1, n_types] what neighbours of exclusive types lose in log-odds."""
    costs = np.zeros((len(FIELD_TYPES) + 1, len(FIELD_TYPES)), dtype=np.float32)
    for whole, parts in _EXCLUSIVE:
        for one, other in [*product(whole, parts), *product(parts, whole)]:
            costs[FIELD_TYPES.index(one), FIELD_TYPES.index(other)] = EXCLUSIVE_COST
    return costs


_APART = _exclusive()
_MARGINALS = np.asarray([0.0, 1.0], dtype=np.float32)
"""Bias and slope of a confidence that is the marginal itself."""

_WORD = re.compile(r"[^\W\d_]+|\d+")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_WEIGHTS = {
    "class": 0.4, "before": 0.6, "after": 0.2, "around": 0.3, "heading": 0.25, "options": 0.5, "buttons": 0.2,
    "form": 0.25, "previous": 0.3, "next": 0.3, "context": 0.5, "mail": 2.0,
}  # fmt: skip
_SAYING = frozenset({"label", "aria", "placeholder", "title", "before"})
_WHOLE = frozenset({"kind", "maxlength", "autocomplete", "inputmode", "shape", "context", "mail"})
"""Texts that are read as a whole beside their words."""


def hashed(fields: Sequence[Field]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Sparse rows: (row, bucket, value) of words and letter groups by where they stand, and of words wherever they
    stand."""
    rows: list[int] = []
    buckets: list[int] = []
    values: list[float] = []
    for row, one in enumerate(fields):
        weights: dict[int, float] = {}
        # The heaviest last, so that a bucket found twice keeps the greater weight.
        for name, text in sorted(one.texts.items(), key=lambda item: _WEIGHTS.get(item[0], 1.0)):
            weights.update(_weights_of(name, text))
        scale = 1 / math.sqrt(sum(value * value for value in weights.values()) or 1.0)
        rows += [row] * len(weights)
        buckets += weights
        values += [value * scale * 3 for value in weights.values()]
    return np.asarray(rows), np.asarray(buckets, dtype=np.int32), np.asarray(values, dtype=np.float32)


@lru_cache(maxsize=8192)
def _weights_of(name: str, text: str) -> Mapping[int, float]:
    """The weight of each bucket of a text; cached, because fields of one form share headings, classes and
    surroundings."""
    weight = _WEIGHTS.get(name, 1.0)
    of_words = dict.fromkeys(map(_bucket, _tokens(name, text)), weight)
    return of_words | dict.fromkeys(map(_bucket, _tokens_of_types(name, text)), NAMED_WEIGHT * weight)


def _bucket(token: str) -> int:
    return zlib.crc32(token.encode()) % N_BUCKETS


def _tokens_of_types(name: str, text: str) -> list[str]:
    """One for each type that a text names."""
    group = _group(name)
    if group not in ("said", "named"):
        return []
    return [
        f"{group} {how}:{kind}"
        for how, kinds in zip(("whole", "part", "first"), types_named(text), strict=True)
        for kind in kinds
    ]


def _group(name: str) -> str:
    return "said" if name in _SAYING else "named" if name in ("name", "id") else name


def _tokens(name: str, text: str) -> list[str]:
    tokens = [f"{name}={text[:40]}"] if name in _WHOLE else []
    if name in ("context", "mail"):
        return tokens
    words, group = _WORD.findall(text)[:12], _group(name)
    for word in words:
        tokens += [f"{group}:{word}", f"any:{word}"] if group in ("said", "named") else [f"{group}:{word}"]
        if group in ("said", "named"):
            tokens += [f"any~{part}" for part in _parts(word)]
    tokens += [f"{group}:{a} {b}" for a, b in pairwise(words)]
    return tokens


def _parts(word: str) -> list[str]:
    """Letter groups of a word: four letters, and two of scripts whose letters are words."""
    size = 2 if _IDEOGRAPHS.search(word) else 4
    padded = f"^{word}$"
    return [padded[at : at + size] for at in range(max(1, len(padded) - size + 1))]


@dataclass(frozen=True, slots=True)
class FieldModel:
    """Linear scores and transitions.

    Attributes:
        weights: [N_BUCKETS, n_types] float32.
        bias: [n_types].
        transitions: [n_types + 1, n_types] log-odds of a type after another against its own share; the last row is
        the start.
        confidences: [n_types, 2] bias and slope of the confidence of each type in the logit of its marginal.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    transitions: NDArray[np.float32]
    confidences: NDArray[np.float32] = field(default_factory=lambda: np.tile(_MARGINALS, (len(FIELD_TYPES), 1)))

    def scores(self, fields: Sequence[Field]) -> NDArray[np.float64]:
        """[n, n_types] log-probabilities of each field by itself."""
        rows, buckets, values = hashed(fields)
        logits = np.tile(self.bias.astype(np.float64), (len(fields), 1))
        if len(rows):
            said, starts = np.unique(rows, return_index=True)
            logits[said] += np.add.reduceat(self.weights[buckets] * values[:, None], starts, axis=0, dtype=np.float64)
        logits = logits + evidence(fields)
        shift = logits.max(axis=1, keepdims=True)
        return np.asarray(logits - shift - np.log(np.exp(logits - shift).sum(axis=1, keepdims=True)))

    def decode(self, fields: Sequence[Field]) -> list[tuple[str, float]]:
        """Type and chance to be right of each field, fields of one form as one sequence."""
        found: list[tuple[str, float]] = []
        start = 0
        scores = self.scores(fields)
        while start < len(fields):
            end = start
            while end < len(fields) and fields[end].form == fields[start].form:
                end += 1
            path, marginals = decode_chain(scores[start:end], self.transitions * TRANSITION_SHARE - _APART)
            found += [
                (FIELD_TYPES[t], self._confidence(int(t), float(p))) for t, p in zip(path, marginals, strict=True)
            ]
            start = end
        return found

    def _confidence(self, kind: int, marginal: float) -> float:
        bias, slope = (float(value) for value in self.confidences[kind])
        return 1 / (1 + math.exp(-(bias + slope * logit(marginal))))

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> FieldModel:
        """Read and verify. Raises: BundleDamaged, BundleMismatch."""
        _, arrays = read_verified(folder, "fields.npz", "fields.json")
        return cls(arrays["weights"].astype(np.float32), arrays["bias"], arrays["transitions"], arrays["confidences"])


def logit(chance: float) -> float:
    """Log-odds of a chance, cut at what a float can say about certainty."""
    kept = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def decode_chain(
    scores: NDArray[np.float64], transitions: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The best sequence (Viterbi) and the marginal of each of its members (forward-backward).

    Args:
        scores: [n, t] log-scores of the types by themselves.
        transitions: [t + 1, t] log-odds of neighbours; the last row starts a sequence.

    Returns:
        ([n] types, [n] probabilities).
    """
    n = len(scores)
    pair = transitions[:-1].astype(np.float64)
    best = forward = scores[0] + transitions[-1]
    forwards, backs = [forward], []
    for i in range(1, n):
        through = best[:, None] + pair
        backs.append(through.argmax(axis=0))
        best = through.max(axis=0) + scores[i]
        forward = _log_sum(forward[:, None] + pair) + scores[i]
        forwards.append(forward)
    path = np.empty(n, dtype=np.int64)
    path[-1] = int(best.argmax())
    for i in range(n - 1, 0, -1):
        path[i - 1] = backs[i - 1][path[i]]
    backward = np.zeros(scores.shape[1])
    marginals = np.empty(n)
    total = _log_sum(forwards[-1][:, None])[0]
    for i in range(n - 1, -1, -1):
        marginals[i] = np.exp(forwards[i][path[i]] + backward[path[i]] - total)
        if i:
            backward = _log_sum((pair + scores[i] + backward).T)
    return path, np.minimum(marginals, 1.0)


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """log-sum-exp over axis 0."""
    shift = values.max(axis=0)
    return np.asarray(shift + np.log(np.exp(values - shift).sum(axis=0)))


@cache
def shipped_fields() -> FieldModel:
    """The field model inside the package, read once a process."""
    return FieldModel.load(SHIPPED)
