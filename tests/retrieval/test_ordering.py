"""A page of an order is that of the whole order, which is sorted by hand here."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.groups import NEVER, Alternatives
from trimtab.retrieval.ordering import NO_KEYS, page_of

N_GROUPS = 5

items = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, 2.5, np.inf]), st.sampled_from([-0.0, 0.0, 3.0]), st.integers(NEVER, N_GROUPS - 1)
    ),
    max_size=30,
)


@given(items, st.integers(0, 35), st.integers(0, 35), st.booleans(), st.booleans())
def test_a_page_is_that_of_the_whole_order(
    given_items: list[tuple[float, float, int]], start: int, stop: int, has_keys: bool, has_groups: bool
) -> None:
    columns = np.array(given_items, dtype=np.float64).reshape(-1, 3).T
    keys, popularity, codes = columns[0], columns[1].astype(np.float32), columns[2].astype(np.int64)
    rows = np.flatnonzero(np.arange(len(codes)) % 3)

    order = sorted(rows.tolist(), key=lambda row: (keys[row] if has_keys else 0.0, -popularity[row], row))
    if has_groups:
        groups = Alternatives(codes, N_GROUPS)
        order = np.array(order, dtype=np.int64)[groups.first_of_each(np.array(order, dtype=np.int64))].tolist()
    found = page_of(
        rows, keys[rows] if has_keys else NO_KEYS, popularity, slice(start, stop), groups if has_groups else None
    )
    assert found.tolist() == order[start:stop]


def test_so_it_is_of_many() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    for n_levels in (3, 50, 10_000):
        keys, popularity = rng.integers(0, n_levels, 5_000) / 1.0, rng.integers(0, 9, 5_000).astype(np.float32)
        keys[: 3_000 if n_levels == 3 else 0] = 0
        rows = np.arange(len(keys))
        for some_keys in (keys, NO_KEYS):
            order = np.lexsort((rows, -popularity, *([some_keys] if len(some_keys) else [])))
            for page in (slice(20), slice(1_000, 1_200), slice(4_990, 5_010)):
                assert page_of(rows, some_keys, popularity, page).tolist() == order[page].tolist()
