"""The public catalogues that are read from a folder of files, by the name that `trimtab build` knows them by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from trimtab.catalog.datasets import bestbuy, esci, icecat

LOADERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "icecat": icecat.load_icecat,
    "bestbuy": bestbuy.load_bestbuy,
    "esci": esci.load_esci,
}
FILES = {"icecat": icecat.FILE, "bestbuy": bestbuy.FILE, "esci": esci.FILE}
