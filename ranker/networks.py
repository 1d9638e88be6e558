"""The heads, calibrations and ranges of a served ranker as plain arrays: what a search needs of them, without torch.

Beside an average of networks the heads may have boosted trees.

`trimtab.ranker.model` defines what is computed here, and trains it; both agree to within rounding.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import KernelPart, kernel
from trimtab.core.records import FloatArray
from trimtab.ranker.forests import Forest

N_LAYERS, IS_RECTIFIED = "n_layers", "is_rectified"
BLOCK = 40
"""Rows that are multiplied at a time: BLAS starts threads for larger products, and searches have one each."""
LIMIT = np.float32(5.0)
"""The largest standardised value of a feature."""

# The rational approximation of tanh to within rounding of float32 that Eigen and XNNPACK have.
FARTHEST = np.float32(7.90531110763549805)
OVER = tuple(
    map(np.float32, (-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
                     1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03))
)  # fmt: skip
UNDER = tuple(map(np.float32, (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)))
HALF = np.float32(0.5)


@dataclass(frozen=True)
class Networks:
    """An average of S small networks with H heads, calibrated and made M gains.

    Attributes:
        mean, factor: [S or 1, F] what features are standardised by; one row where it is the same for all.
        layers: of each hidden layer the weights [S, 1, n_in, n_out] and biases [S, n_out]. The first has H more
            columns, the linear path.
        last: weights [S, 1, n_in, H] and biases [S, H] behind the hidden layers; the linear path's are in these.
        knots_x, knots_y: [H, K] calibration of each head.
        head_of: [M] which head an objective reads; H for one that reads none.
        ranges: [M] population range of each objective, above 0.
        forest: trees that are added to the average of the networks.
        is_rectified: whether hidden layers end in ReLU and not in SiLU.
    """

    mean: FloatArray
    factor: FloatArray
    layers: tuple[tuple[FloatArray, FloatArray], ...]
    last: tuple[FloatArray, FloatArray]
    knots_x: FloatArray
    knots_y: FloatArray
    head_of: NDArray[np.int64]
    ranges: FloatArray
    forest: Forest | None = None
    is_rectified: bool = False

    def gains(self, features: FloatArray, values: FloatArray) -> FloatArray:
        """[n, F] features and [n, M] values of the items -> [n, M] gains."""
        n, n_heads = len(features), len(self.knots_x)
        gains = np.empty((n, len(self.head_of)), dtype=np.float32)
        if n == 0:
            return gains
        n_blocks = -(-n // BLOCK)
        n_members, n_rows = len(self.last[1]), n_blocks * BLOCK
        features = np.ascontiguousarray(features)
        standardised = np.empty((len(self.mean), n_rows, features.shape[1]), dtype=np.float32)
        _standardise(features, self.mean, self.factor, standardised)
        inputs = standardised.reshape(len(self.mean), n_blocks, BLOCK, -1)
        linear = np.empty(0, dtype=np.float32)
        for number, (weights, biases) in enumerate(self.layers):
            outputs = np.matmul(inputs, weights)
            n_units = biases.shape[1]
            if number == 0:
                linear = outputs[..., n_units:]
            activate = _rectify if self.is_rectified else _activate
            activate(outputs.reshape(n_members, n_rows, -1), biases)
            inputs = outputs[..., :n_units]
        raw = np.matmul(inputs, self.last[0])
        if self.layers:
            raw += linear
        raw = raw.reshape(n_members, n_rows, n_heads)
        values = np.ascontiguousarray(values, dtype=np.float32)
        added = np.zeros((n, n_heads), dtype=np.float32) if self.forest is None else self.forest.sums(features)
        _calibrate(raw, self.last[1], added, self.knots_x, self.knots_y, self.head_of, values, gains)
        return gains

    def utilities(self, gains: FloatArray, weights: NDArray[np.floating]) -> FloatArray:
        """[n, M] gains and [B, M] weights -> [B, n] scalarised utilities."""
        utilities = np.empty((len(weights), len(gains)), dtype=np.float32)
        scaled = np.ascontiguousarray(weights.astype(np.float32) / self.ranges)
        _weigh(np.ascontiguousarray(gains), scaled, utilities)
        return utilities

    def to_bytes(self) -> bytes:
        """What `from_bytes` reads."""
        arrays = {name: getattr(self, name) for name in _PLAIN}
        if self.is_rectified:
            arrays[IS_RECTIFIED] = np.array(True)  # a value, not an option
        for number, (weights, biases) in enumerate((*self.layers, self.last)):
            arrays |= {f"weights_{number}": weights, f"biases_{number}": biases}
        if self.forest is not None:
            arrays |= self.forest.as_arrays()
        buffer = io.BytesIO()
        np.savez(buffer, **{N_LAYERS: np.array(len(self.layers))}, **arrays)  # type: ignore[arg-type]  # numpy's stubs
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Networks:
        """
        Raises:
            OSError, ValueError, KeyError: it was not written by `to_bytes`.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            plain = {name: arrays[name] for name in _PLAIN}
            *layers, last = (
                (arrays[f"weights_{number}"], arrays[f"biases_{number}"]) for number in range(int(arrays[N_LAYERS]) + 1)
            )
            forest = Forest.from_arrays(arrays) if Forest.is_in(arrays) else None
            is_rectified = IS_RECTIFIED in arrays
        return cls(**plain, layers=tuple(layers), last=last, forest=forest, is_rectified=is_rectified)


_PLAIN = ("mean", "factor", "knots_x", "knots_y", "head_of", "ranges")


@kernel("f4[:,:]", "f4[:,:]", "f4[:,:]", "out f4[:,:,:]")
def _standardise(features: FloatArray, mean: FloatArray, factor: FloatArray, standardised: FloatArray) -> None:
    n, n_features = features.shape
    for member in range(len(mean)):
        for item in range(n):
            for place in range(n_features):
                value = (features[item, place] - mean[member, place]) * factor[member, place]
                value = LIMIT if value > LIMIT else value
                standardised[member, item, place] = -LIMIT if value < -LIMIT else value
        standardised[member, n:] = 0.0


@KernelPart
def _tanh(x: np.float32) -> np.float32:
    x = x if x < FARTHEST else FARTHEST
    x = x if x > -FARTHEST else -FARTHEST
    square = x * x
    over, under = OVER[0], UNDER[0]
    over = over * square + OVER[1]
    over = over * square + OVER[2]
    over = over * square + OVER[3]
    over = over * square + OVER[4]
    over = over * square + OVER[5]
    over = over * square + OVER[6]
    under = under * square + UNDER[1]
    under = under * square + UNDER[2]
    under = under * square + UNDER[3]
    return x * over / under


@kernel("out f4[:,:,:]", "f4[:,:]", adds_in_any_order=True)
def _activate(outputs: FloatArray, biases: FloatArray) -> None:
    """Add biases [S, n_units] to the first units of a layer [S, n, n_units or more] and apply SiLU."""
    for member in range(outputs.shape[0]):
        bias = biases[member]
        for item in range(outputs.shape[1]):
            row = outputs[member, item, : len(bias)]
            for unit in range(len(bias)):
                half = HALF * (row[unit] + bias[unit])
                row[unit] = half + half * _tanh(half)


@kernel("out f4[:,:,:]", "f4[:,:]")
def _rectify(outputs: FloatArray, biases: FloatArray) -> None:
    """Add biases [S, n_units] to the first units of a layer [S, n, n_units or more] and apply ReLU."""
    for member in range(outputs.shape[0]):
        bias = biases[member]
        for item in range(outputs.shape[1]):
            row = outputs[member, item, : len(bias)]
            for unit in range(len(bias)):
                value = row[unit] + bias[unit]
                row[unit] = np.float32(0) if value < 0 else value


@KernelPart
def _expected(score: np.float32, x: FloatArray, y: FloatArray) -> np.float32:
    """A raw score by a calibration, extrapolated beyond the outer knots and never below 0; NaN stays NaN."""
    low, high = 0, len(x) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if x[middle] < score:
            low = middle
        else:
            high = middle
    value: np.float32 = y[low] + (score - x[low]) * (y[high] - y[low]) / (x[high] - x[low])
    return np.float32(0) if value < 0 else value


@kernel("f4[:,:,:]", "f4[:,:]", "f4[:,:]", "f4[:,:]", "f4[:,:]", "i8[:]", "f4[:,:]", "out f4[:,:]")
def _calibrate(
    raw: FloatArray,
    biases: FloatArray,
    added: FloatArray,
    knots_x: FloatArray,
    knots_y: FloatArray,
    head_of: NDArray[np.int64],
    values: FloatArray,
    gains: FloatArray,
) -> None:
    n_members, _, n_heads = raw.shape
    expected = np.empty(n_heads + 1, dtype=np.float32)
    expected[n_heads] = 1.0
    for item in range(len(gains)):
        for head in range(n_heads):
            score = np.float32(0)
            for member in range(n_members):
                score += raw[member, item, head] + biases[member, head]
            score = score / np.float32(n_members) + added[item, head]
            expected[head] = _expected(score, knots_x[head], knots_y[head])
        for objective in range(len(head_of)):
            gains[item, objective] = expected[head_of[objective]] * values[item, objective]


@kernel("f4[:,:]", "f4[:,:]", "out f4[:,:]")
def _weigh(gains: FloatArray, weights: FloatArray, utilities: FloatArray) -> None:
    for number in range(len(weights)):
        for item in range(len(gains)):
            utility = np.float32(0)
            for objective in range(weights.shape[1]):
                utility += weights[number, objective] * gains[item, objective]
            utilities[number, item] = utility
