"""The ranker as a file: save and load of a TorchScript module. The only place that knows torch.jit.

TorchScript is deprecated upstream and works up to Python 3.13; torch.export can take its place behind these functions.
"""

import io
import warnings
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from trimtab.core.errors import BundleDamaged
from trimtab.ranker.features import FEATURES
from trimtab.ranker.model import ServedRanker

FILE = "ranker.ts"
N_WARM_UP = 5
METHODS = ("predictions", "gains", "utilities", "sorted_slate", "novelty_slate")
"""What the compiled module must have; files of earlier versions may have more."""


def save_ranker(ranker: ServedRanker, folder: Path) -> None:
    """Compile the ranker (one that was loaded is already compiled) and write `folder/ranker.ts`."""
    if isinstance(ranker, torch.jit.ScriptModule):
        with warnings.catch_warnings():
            _expect_deprecation()
            torch.jit.save(ranker, str(folder / FILE))
        return
    for name in METHODS:
        torch.jit.export(getattr(type(ranker), name))
    with warnings.catch_warnings():
        _expect_deprecation()
        scripted = torch.jit.freeze(torch.jit.script(ranker.eval()), preserved_attrs=list(METHODS))
        torch.jit.save(scripted, str(folder / FILE))


def load_ranker(folder: Path) -> ServedRanker:
    """Load `folder/ranker.ts`; the compiled module has the methods of `ServedRanker`.

    Raises:
        BundleDamaged: the file is not there or is not a TorchScript module with these methods.
    """
    try:
        data = io.BytesIO((folder / FILE).read_bytes())
        with warnings.catch_warnings():
            _expect_deprecation()
            loaded = torch.jit.load(data, map_location="cpu")  # type: ignore[no-untyped-call]  # torch ships it untyped
    except (OSError, RuntimeError) as error:
        raise BundleDamaged(FILE, f"cannot be loaded ({type(error).__name__})") from error
    missing = [name for name in METHODS if not hasattr(loaded, name)]
    if missing:
        raise BundleDamaged(FILE, f"has no method {missing[0]}")
    return cast(ServedRanker, loaded)


def warm_up(ranker: ServedRanker, *, n_objectives: int, k: int = 20, n: int = 200) -> None:
    """Call the methods that requests wait for until TorchScript has specialised them; the first calls take 5-90 ms."""
    eligible, pins = torch.ones(1, n, dtype=torch.bool), torch.full((1, k), -1)
    aspects: Tensor = torch.zeros(1, n, 2, dtype=torch.long)
    w_diversity = torch.full((1,), 0.5)
    for _ in range(N_WARM_UP):
        gains = ranker.gains(torch.zeros(n, len(FEATURES)), torch.ones(n, n_objectives))
        utilities = ranker.utilities(gains, torch.ones(1, n_objectives))
        ranker.sorted_slate(utilities, eligible, pins)
        ranker.novelty_slate(utilities, eligible, aspects, w_diversity, pins)


def _expect_deprecation() -> None:
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
