"""The ranker as files: a TorchScript module, and its arrays where it is an average of networks.

The only place that knows torch.jit. TorchScript is deprecated upstream and works up to Python 3.13; torch.export can
take its place behind these functions. Rankers that are networks are served from their arrays, without torch
(`trimtab.ranker.networks`): it would take a second of a worker's start and 120 MiB of its memory.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray
from trimtab.ranker.features import FEATURES
from trimtab.ranker.forests import Forest
from trimtab.ranker.networks import Networks

if TYPE_CHECKING:
    from trimtab.ranker.model import ServedRanker

FILE = "ranker.ts"
NETWORKS = "networks.npz"
WITH_TREES = "networks_and_trees.npz"
"""The arrays of networks and of trees beside them. Versions that know no trees do not look for it, and serve the
module."""
RECTIFIED = "rectified_networks.npz"
"""The arrays of networks with ReLU, which versions that know SiLU alone do not look for either."""
ARRAYS = (NETWORKS, WITH_TREES, RECTIFIED)
N_WARM_UP = 5
METHODS = ("predictions", "gains", "utilities")
"""What the compiled module must have; files of earlier versions may have more."""
OF_THE_SOURCES = (".debug_pkl", "serialization_id")
"""Endings of records of a TorchScript file that say where and on which line of which file its code was written, or are
a digest of that."""


class Scorer(Protocol):
    """What a search asks of a ranker."""

    def gains(self, features: FloatArray, values: FloatArray) -> FloatArray:
        """[n, F] features and [n, M] values of the items -> [n, M or more] gains, those of the objectives first."""

    def utilities(self, gains: FloatArray, weights: NDArray[np.floating]) -> FloatArray:
        """[n, M or more] gains and [B, M] weights -> [B, n] utilities."""


@dataclass(frozen=True)
class SavedRanker:
    """A ranker as it was loaded.

    Attributes:
        scorer: computes.
        files: what it was loaded from, by name.
    """

    scorer: Scorer
    files: Mapping[str, bytes]


def save_ranker(ranker: ServedRanker | SavedRanker, folder: Path) -> None:
    """Write the files of a ranker; those of one that was loaded as they were."""
    files = ranker.files if isinstance(ranker, SavedRanker) else _files_of(ranker)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def load_ranker(folder: Path) -> SavedRanker:
    """Load what `save_ranker` wrote.

    Raises:
        BundleDamaged: a file is not there or is not a ranker.
    """
    files = {name: (folder / name).read_bytes() for name in (FILE, *ARRAYS) if (folder / name).exists()}
    if FILE not in files:
        raise BundleDamaged(FILE, "cannot be loaded (FileNotFoundError)")
    arrays = next((name for name in ARRAYS if name in files), None)
    if arrays is None:
        return SavedRanker(ScriptedRanker(files[FILE]), files)
    try:
        return SavedRanker(Networks.from_bytes(files[arrays]), files)
    except (OSError, ValueError, KeyError) as error:
        raise BundleDamaged(arrays, f"cannot be loaded ({type(error).__name__})") from error


class ScriptedRanker:
    """A TorchScript module."""

    def __init__(self, data: bytes) -> None:
        """
        Raises:
            BundleDamaged: the data are not a TorchScript module with the methods of `ServedRanker`.
        """
        import torch  # noqa: PLC0415  # what is served from arrays does without

        torch.set_num_threads(1)
        try:
            with warnings.catch_warnings():
                _expect_deprecation()
                module = torch.jit.load(io.BytesIO(data), map_location="cpu")  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise BundleDamaged(FILE, f"cannot be loaded ({type(error).__name__})") from error
        missing = [name for name in METHODS if not hasattr(module, name)]
        if missing:
            raise BundleDamaged(FILE, f"has no method {missing[0]}")
        self._torch, self._module = torch, module

    def gains(self, features: FloatArray, values: FloatArray) -> FloatArray:
        """See `Scorer`."""
        return self._called("gains", features, values)

    def utilities(self, gains: FloatArray, weights: NDArray[np.floating]) -> FloatArray:
        """See `Scorer`."""
        return self._called("utilities", gains, weights.astype(np.float32))

    def _called(self, name: str, *arrays: NDArray[Any]) -> FloatArray:
        with self._torch.inference_mode():
            result: FloatArray = getattr(self._module, name)(*map(self._torch.from_numpy, arrays)).numpy()
        return result


def warm_up(scorer: Scorer, *, n_objectives: int, n: int = 200) -> None:
    """Call what requests wait for until TorchScript has specialised it; the first calls take 5-90 ms."""
    for _ in range(N_WARM_UP):
        gains = scorer.gains(np.zeros((n, len(FEATURES)), np.float32), np.ones((n, n_objectives), np.float32))
        scorer.utilities(gains, np.ones((1, n_objectives)))


def _files_of(ranker: ServedRanker) -> dict[str, bytes]:
    import torch  # noqa: PLC0415  # building needs it, searching does not

    for name in METHODS:
        torch.jit.export(getattr(type(ranker), name))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        _expect_deprecation()
        scripted = torch.jit.freeze(torch.jit.script(ranker.eval()), preserved_attrs=list(METHODS))
        torch.jit.save(scripted, buffer)
    module, networks = _without_sources(buffer), networks_of(ranker)
    if networks is None:
        return {FILE: module}
    name = RECTIFIED if networks.is_rectified else NETWORKS if networks.forest is None else WITH_TREES
    return {FILE: module, name: networks.to_bytes()}


def _without_sources(module: io.BytesIO) -> bytes:
    """A TorchScript file that is the same from whichever folder it was made, and with a comment more or less."""
    kept = io.BytesIO()
    with zipfile.ZipFile(module) as records, zipfile.ZipFile(kept, "w") as file:
        for name in records.namelist():
            if not name.endswith(OF_THE_SOURCES):
                file.writestr(zipfile.ZipInfo(name), records.read(name))
    return kept.getvalue()


def networks_of(ranker: ServedRanker) -> Networks | None:
    """The arrays of a ranker; None where its heads are neither networks of one shape nor trees, or weights steer it."""
    from trimtab.ranker.model import Average, Heads, ServedRanker  # noqa: PLC0415  # torch

    networks, forest, factors = _parts(ranker)
    members: list[Any] = list(networks.members) if isinstance(networks, Average) else [networks]
    if type(ranker) is not ServedRanker or not all(isinstance(one, Heads) for one in members):
        return None
    is_rectified = members[0].is_rectified
    if any(one.is_rectified != is_rectified for one in members) or (is_rectified and forest is not None):
        return None
    layers = [_layers(one) for one in members]
    if len({tuple(weights.shape for weights, _ in one) for one in layers}) > 1:
        return None
    linear, *hidden = (
        (np.stack([weights for weights, _ in one])[:, None], np.stack([biases for _, biases in one]))
        for one in zip(*layers, strict=True)
    )
    last = linear = linear[0] * factors, linear[1] * factors
    if hidden:
        last = hidden[-1][0] * factors, hidden[-1][1] * factors + linear[1]
        hidden[0] = np.concatenate([hidden[0][0], linear[0]], axis=3), hidden[0][1]
    standards = np.stack([np.stack([one.mean.numpy(), 1 / one.scale.numpy()]) for one in members], axis=1)
    mean, factor = standards[:, :1] if (standards == standards[:, :1]).all() else standards
    plain = {name: getattr(ranker, name).numpy() for name in ("knots_x", "knots_y", "head_of", "ranges")}
    return Networks(
        mean=mean,
        factor=factor,
        layers=tuple(hidden[:-1]),
        last=last,
        **plain,
        forest=forest,
        is_rectified=is_rectified,
    )


def _parts(ranker: ServedRanker) -> tuple[Any, Forest | None, FloatArray]:
    """The networks of a ranker's heads, the trees that are added to them, and the factors of the networks [H]."""
    from trimtab.ranker.model import Blended, Heads, Trees  # noqa: PLC0415  # torch

    heads: Any = ranker.heads
    n_heads = len(ranker.knots_x)
    if isinstance(heads, Trees):
        nothing = Heads(heads.n_features, n_heads, ())
        for parameter in nothing.parameters():
            parameter.data.zero_()
        return nothing, heads.forest, np.ones(n_heads, dtype=np.float32)
    if isinstance(heads, Blended) and isinstance(heads.other, Trees):
        for_networks, for_trees = (0.5 / heads.spreads).numpy()
        return heads.one, heads.other.forest.scaled(for_trees), for_networks
    return heads, None, np.ones(n_heads, dtype=np.float32)


def _layers(heads: Any) -> list[tuple[FloatArray, FloatArray]]:
    """Weights [n_in, n_out] and biases of the linear path, then those of each layer."""
    linear = [heads.linear, *(one for one in heads.deep if hasattr(one, "weight"))]
    return [(one.weight.detach().numpy().T.copy(), one.bias.detach().numpy()) for one in linear]


def _expect_deprecation() -> None:
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
