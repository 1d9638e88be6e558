"""Facets that count groups, of few items and of as many as are marked among all of the catalogue."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trimtab.catalog.attributes.values import Attribute
from trimtab.catalog.groups import FEW, Groups
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.facets import facet_of

N_ITEMS = 20_000


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "item_id": [str(number) for number in range(N_ITEMS)],
            "title": ["shirt"] * N_ITEMS,
            "price": rng.integers(1, 6, N_ITEMS).astype(float),
            "attr_style": [f"style {number}" for number in rng.integers(0, N_ITEMS // 4, N_ITEMS)],
            "attr_colour": rng.choice(["red", "blue", "green"], N_ITEMS).tolist(),
        }
    )


@pytest.mark.parametrize("are_beside", [False, True])
@pytest.mark.parametrize("n", [N_ITEMS // FEW // 2, N_ITEMS])
def test_each_group_counts_once_for_a_value(frame: pl.DataFrame, n: int, are_beside: bool) -> None:
    frame = frame.sort("attr_style") if are_beside else frame
    store = ItemStore.from_frame(frame, [Attribute("style", "text"), Attribute("colour", "text")])
    groups = Groups(store, "style")
    assert groups.are_beside == are_beside
    rows = np.sort(np.random.default_rng(1).permutation(N_ITEMS)[:n])
    beside = groups.together(rows)
    asked = frame[rows.tolist()]

    assert sorted(beside.tolist()) == rows.tolist()
    assert groups.n_of(rows) == asked["attr_style"].n_unique()
    for field, name in (("colour", "attr_colour"), ("price", "price")):
        facet = facet_of(store.attributes[field], beside, 10, groups=groups.codes)
        found = {str(value).removesuffix(".0"): n for value, n in facet.counts.items()}
        counted = asked.group_by(name).agg(pl.col("attr_style").n_unique()).rows()
        assert found == {str(value).removesuffix(".0"): n for value, n in counted}
        assert facet.missing == 0
