"""A catalogue of any size out of two public ones: titles of icecat and Best Buy, recombined.

An item takes its kind, brand and price from one product, and the words of its title from that one and another of the
same kind where there is one. So words, brands and prices occur as often as in real catalogues, and few titles are the
same. The first items of a large catalogue are not those of a small one, but each size is always the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.catalog.datasets.folders import DATA_SETS

CHUNK = 100_000
COLOURS = ("Black", "White", "Grey", "Silver", "Blue", "Red", "Green", "Yellow", "Pink", "Beige", "Gold", "Purple")
EPOCH = np.datetime64("2010-01-01")
N_DAYS = 5_000
SCREENS = (0, 5.5, 6.1, 10.1, 11.6, 13.3, 14, 15.6, 17.3, 21.5, 24, 27, 32, 43, 55, 65)


def write_catalogue(products: pl.DataFrame, path: Path, n_items: int, *, seed: int = 0) -> None:
    """Write a catalogue as Parquet, a part at a time; it is there whole or not at all.

    Args:
        products: what is recombined, as `products_of` has it.
    """
    partial = path.with_suffix(".partial")
    writer: pq.ParquetWriter | None = None
    for frame in _chunks(products, n_items, np.random.Generator(np.random.PCG64(seed))):
        table: pa.Table = frame.to_arrow()
        writer = writer or pq.ParquetWriter(partial, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    partial.replace(path)


def queries_of(titles: list[str], n: int, *, seed: int = 1) -> list[str]:
    """Queries that look for something: two words out of a title."""
    rng = np.random.Generator(np.random.PCG64(seed))
    found: dict[str, None] = {}
    while len(found) < n:
        words = titles[int(rng.integers(len(titles)))].split()
        if len(words) >= 2:
            first, second = sorted(rng.choice(len(words), size=2, replace=False).tolist())
            found[f"{words[first]} {words[second]}"] = None
    return list(found)


def products_of(data: Path) -> pl.DataFrame:
    """The products of both catalogues in a folder of data sets, those of one kind together."""
    columns = ("title", "brand", "category", "product_type", "price", "popularity")
    frames = [
        DATA_SETS[name].read(data / name)[0].select(*columns, kind=pl.lit(name)) for name in ("icecat", "bestbuy")
    ]
    products = pl.concat(frames).filter(pl.col("title").str.count_matches(" ") >= 1)
    kind = pl.concat_str("kind", pl.when(pl.col("product_type") != "").then("product_type").otherwise("brand"))
    return products.with_columns(kind=kind).sort("kind", maintain_order=True)


def _chunks(products: pl.DataFrame, n_items: int, rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    titles = [title.split() for title in products["title"]]
    kinds = products["kind"].rle_id().to_numpy()
    first, last = np.searchsorted(kinds, kinds), np.searchsorted(kinds, kinds, side="right")
    kept = products.select("brand", "category", "product_type")
    prices = products["price"].fill_nan(None).fill_null(products["price"].fill_nan(None).median()).to_numpy()
    for start in range(0, n_items, CHUNK):
        n = min(CHUNK, n_items - start)
        one = rng.integers(0, len(products), size=n)
        other = first[one] + (rng.random(n) * (last - first)[one]).astype(np.int64)
        shares = rng.random((n, 2))
        recombined = [
            _recombined(titles[a], titles[b], cut, ending)
            for a, b, (cut, ending) in zip(one.tolist(), other.tolist(), shares.tolist(), strict=True)
        ]
        n_colours = rng.integers(0, 3, size=n)
        colours = rng.integers(0, len(COLOURS), size=(n, 2)).tolist()
        screens = np.array(SCREENS)[rng.integers(0, len(SCREENS), size=n)]
        yield pl.DataFrame(
            {
                "item_id": [f"i{row}" for row in range(start, start + n)],
                "title": recombined,
                **kept[one].to_dict(),
                "price": np.round(prices[one] * np.exp(rng.normal(0, 0.5, n)), 2).clip(0.01),
                "popularity": np.floor(rng.pareto(1.2, n)).clip(0, 1e6).astype(np.float32),
                "in_stock": rng.random(n) < 0.85,
                "colour": [[COLOURS[c] for c in pair[:k]] for pair, k in zip(colours, n_colours.tolist(), strict=True)],
                "screen_size": pl.Series(screens).replace(0.0, None),
                "released": EPOCH + rng.integers(0, N_DAYS, size=n).astype("timedelta64[D]"),
                "stock": rng.integers(0, 200, size=n),
                "refurbished": rng.random(n) < 0.05,
            }
        )


def _recombined(one: list[str], other: list[str], cut: float, ending: float) -> str:
    """The beginning of one title and the end of another."""
    start = one[: 1 + round(cut * (len(one) - 1))]
    return " ".join([*start, *other[len(other) - 1 - round(ending * (len(other) - 2)) :]])
