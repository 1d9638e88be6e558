"""The dense index against exact search by numpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from trimtab.catalog.groups import Alternatives
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray, IntArray
from trimtab.retrieval.dense import kinds as dense_kinds
from trimtab.retrieval.dense.index import FIRST_NEAR, VECTORS, DenseIndex
from trimtab.retrieval.dense.kinds import EXACT_UP_TO, kind_for, reason_for
from trimtab.retrieval.dense.lists import HALVINGS, MOST_VECTORS, MOST_VISITED, REACHES, SHAPES, TENTHS, WIDER, Lists
from trimtab.retrieval.dense.recall import LITTLE, SHARES, WANTED, WANTED_SELECTED, K, tuned
from trimtab.retrieval.encoders.registry import load_encoder

N_VECTORS, DIM, DEPTH = 3_000, 64, 50
KINDS = ("exact", "hnsw", "ivf", "ivf in lists")


def unit(vectors: FloatArray) -> FloatArray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> FloatArray:
    """Vectors in clusters, as texts are."""
    rng = np.random.default_rng(0)
    return unit(rng.normal(size=(60, DIM)).repeat(N_VECTORS // 60, axis=0) + 0.5 * rng.normal(size=(N_VECTORS, DIM)))


@pytest.fixture(scope="module")
def queries(vectors: FloatArray) -> FloatArray:
    rng = np.random.default_rng(1)
    return unit(vectors[rng.integers(0, N_VECTORS, 40)] + 0.3 * rng.normal(size=(40, DIM)))


@pytest.fixture(scope="module")
def vector_of() -> IntArray:
    """Two items with each of the first half of the vectors, one with the others."""
    return np.concatenate([np.arange(N_VECTORS), np.arange(N_VECTORS // 2)]).astype(np.int64)


def built_of(kind: str, vectors: FloatArray, vector_of: IntArray) -> DenseIndex:
    kind, _, in_lists = kind.partition(" ")
    with pytest.MonkeyPatch.context() as monkeypatch:
        if in_lists:
            monkeypatch.setattr(dense_kinds, "ONE_LIST_UP_TO", 0)
        return DenseIndex.build(vectors, vector_of, np.arange(len(vector_of)), kind=kind)


@pytest.fixture(scope="module", params=KINDS)
def index(request: pytest.FixtureRequest, vectors: FloatArray, queries: FloatArray, vector_of: IntArray) -> DenseIndex:
    built = built_of(request.param, vectors, vector_of)
    return tuned(built, vectors, [queries[:20], queries[20:]])[0]


def recall(found: IntArray, cosines: FloatArray, k: int) -> float:
    nearest = np.sort(cosines)[::-1][:k]
    return float(np.mean(np.sort(cosines[found])[::-1][: len(nearest)] >= nearest[-1] - 1e-5))


def test_the_kind_goes_by_size() -> None:
    assert [kind_for(n) for n in (0, EXACT_UP_TO, EXACT_UP_TO + 1)] == ["exact", "exact", "ivf"]


def test_it_finds_what_exact_search_finds(
    index: DenseIndex, vectors: FloatArray, queries: FloatArray, vector_of: IntArray
) -> None:
    shares = []
    for query in queries:
        rows, _ = index.search(query, DEPTH)
        assert len(np.unique(rows)) == len(rows) == DEPTH
        shares.append(recall(rows, (vectors @ query)[vector_of], DEPTH))
    assert np.mean(shares) >= (1.0 if index.kind == "exact" else 0.9)


@pytest.mark.parametrize("scan_up_to", [0, N_VECTORS])
@pytest.mark.parametrize("share", [0.5, 0.2, 0.02, 0.001])
def test_a_mask_applies_before_the_choice(
    *, index: DenseIndex, vectors: FloatArray, queries: FloatArray, vector_of: IntArray, share: float, scan_up_to: int
) -> None:
    mask = np.random.default_rng(2).random(len(vector_of)) < share
    assert mask.any()
    index = replace(index, scan_up_to=scan_up_to)
    selection = index.select(mask)
    shares = []
    for query in queries:
        rows, _ = index.search(query, DEPTH, selection)
        assert mask[rows].all()
        assert len(np.unique(rows)) == len(rows) == min(DEPTH, mask.sum())
        shares.append(recall(rows, np.where(mask, (vectors @ query)[vector_of], -1), min(DEPTH, int(mask.sum()))))
    assert np.mean(shares) >= (1.0 if index.kind == "exact" else 0.9)


@pytest.mark.parametrize("share", [0.9, 0.2, 0.02])
def test_what_reaches_a_floor_is_found_with_and_without_a_mask(
    index: DenseIndex, vectors: FloatArray, queries: FloatArray, vector_of: IntArray, share: float
) -> None:
    mask = np.random.default_rng(3).random(len(vector_of)) < share
    selection = index.select(mask)
    n_missed, n_near = 0, 0
    for query in queries:
        cosines = (vectors @ query)[vector_of]
        floor = float(np.sort(cosines)[-120])
        within = index.within(query, floor - 1e-6)
        assert within is not None
        rows = within[0]
        assert np.abs(within[1] - cosines[rows]).max() <= index.rounded
        near = set(np.flatnonzero(cosines >= floor).tolist())
        found, _ = index.search(query, N_VECTORS, selection, floor - 1e-6)
        assert mask[found].all()
        n_near += len(near) + sum(mask[list(near)])
        n_missed += len(near - set(rows.tolist())) + len({row for row in near if mask[row]} - set(found.tolist()))
    assert n_missed <= (0 if index.kind == "exact" else 0.1 * n_near)


def test_in_lists_what_reaches_a_floor_is_found_exactly_where_it_is_more_than_is_looked_for_at_first(
    vectors: FloatArray, queries: FloatArray
) -> None:
    index = built_of("ivf in lists", vectors, np.arange(N_VECTORS))
    for query, n in zip(queries, range(FIRST_NEAR, N_VECTORS, 70), strict=False):
        floor = float(np.sort(vectors @ query)[-n - 1]) + 1e-6
        within = index.within(query, floor)
        assert within is not None
        found = within[0][vectors[within[0]] @ query >= floor]
        assert np.array_equal(np.sort(found), np.flatnonzero(vectors @ query >= floor))


TIMES = 3 * MOST_VECTORS // N_VECTORS
"""How many times as many vectors there are in a catalogue of which a third is looked at."""


def test_lists_are_visited_that_lie_near_enough_to_what_is_expected(vectors: FloatArray, queries: FloatArray) -> None:
    index = built_of("ivf in lists", vectors, np.arange(N_VECTORS))
    lists = index.lists
    assert lists is not None
    list_of = np.argmax(vectors @ lists.centres.T, axis=1)
    to_centre = np.vecdot(vectors, lists.centres[list_of])
    along, across, sizes = lists.shapes
    for number in range(len(lists.centres)):
        some = to_centre[list_of == number]
        assert sizes[number] == len(some)
        assert along[number] == pytest.approx(some.mean(), abs=index.rounded)
        assert across[number] == pytest.approx(np.sqrt((1 - (some**2).mean()) / DIM), abs=index.rounded)
    for query in queries[:5]:
        cosines = lists.centres @ query * along
        for n, reach in ((20, 2.0), (200, 8.0), (N_VECTORS + 1, 2.0)):
            floors = np.linspace(-1, 1, 2**HALVINGS + 1)
            spreads = (cosines - floors[:, None]) / (WIDER * across)
            expected = [sum(sizes * [NormalDist().cdf(one) for one in row]) for row in spreads.tolist()]
            floor = floors[max(np.count_nonzero(np.array(expected) > n) - 1, 0)]
            below = (floor - cosines) / across
            visited = np.count_nonzero(below <= reach)
            most = np.count_nonzero(np.cumsum(sizes[np.argsort(below)]) <= MOST_VISITED * N_VECTORS)
            assert lists.with_nearest(query, n, reach).n == min(visited, most)
            assert lists.with_nearest(query, n, REACHES[-1] / TENTHS).n == len(sizes)
            large = Lists(lists.centres, np.stack([along, across, sizes * TIMES]))
            a_third = np.count_nonzero(np.cumsum(sizes[np.argsort(below)]) <= MOST_VECTORS / TIMES)
            assert large.with_nearest(query, n * TIMES, REACHES[-1] / TENTHS).n == a_third


def test_where_no_search_finds_enough_the_narrowest_is_taken_that_finds_nearly_as_much(
    vectors: FloatArray, queries: FloatArray
) -> None:
    index = built_of("ivf in lists", vectors, np.arange(N_VECTORS))
    others = vectors.copy()
    others[::10] = -others[::10]  # a tenth of what is near is not in the index
    way, found = tuned(index, others, [queries])
    assert found.at_200 < WANTED
    widest = replace(way, breadth=REACHES[-1])
    at_most = np.mean([recall(widest.nearest(query, K)[0], others @ query, K) for query in queries])
    assert found.at_200 >= at_most - LITTLE
    assert way.breadth < REACHES[-1]


def test_lists_of_a_bundle_that_does_not_say_how_they_lie_are_visited_by_number(
    vectors: FloatArray, queries: FloatArray, tmp_path: Path
) -> None:
    index = built_of("ivf in lists", vectors, np.arange(N_VECTORS))
    index.save(tmp_path)
    np.save(tmp_path / SHAPES, np.zeros((3, 1), dtype=np.float32))
    with pytest.raises(BundleDamaged, match=r"dense_lists\.npy"):
        DenseIndex.load(tmp_path, kind="ivf", breadth=1)
    (tmp_path / SHAPES).write_bytes(b"no array")
    with pytest.raises(BundleDamaged, match=r"dense_lists\.npy"):
        DenseIndex.load(tmp_path, kind="ivf", breadth=1)
    (tmp_path / SHAPES).unlink()
    few, all_lists = (DenseIndex.load(tmp_path, kind="ivf", breadth=n) for n in (1, index.index.nlist))
    nearest = np.argsort(-(vectors @ queries[0]))[:DEPTH]
    assert np.isin(nearest, all_lists.nearest(queries[0], K)[0]).mean() > 0.95
    assert len(few.nearest(queries[0], 20)[0]) == 20


def test_where_all_reach_a_floor_all_are_found_or_nothing_is_said(index: DenseIndex, queries: FloatArray) -> None:
    found = index.within(queries[0], -1.0)
    assert found is None or np.array_equal(np.sort(found[0]), np.arange(len(index.vector_of)))


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize("n_groups", [2_000, 40])
def test_of_each_group_the_nearest_item_is_found(
    index: DenseIndex, vectors: FloatArray, queries: FloatArray, vector_of: IntArray, n_groups: int, share: float
) -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(-1, n_groups, len(vector_of))
    mask = rng.random(len(vector_of)) < share
    selection = None if share == 1.0 else index.select(mask)
    n_missed, n_near = 0, 0
    for query in queries:
        cosines = np.where(mask, (vectors @ query)[vector_of], -1.0)
        floor = float(np.sort(cosines)[-500])
        nearest = np.full(n_groups, -1.0)
        np.maximum.at(nearest, codes[codes >= 0], cosines[codes >= 0])
        expected = np.sort(nearest[nearest >= floor])[::-1][:DEPTH]
        rows, of_vectors = index.search(query, DEPTH, selection, floor - 1e-6, Alternatives(codes, n_groups))
        assert mask[rows].all()
        assert len(np.unique(codes[rows])) == len(rows) <= DEPTH
        assert (codes[rows] >= 0).all()
        assert (np.diff(of_vectors) <= 0).all()
        n_near += len(expected)
        n_missed += len(expected) - np.count_nonzero(nearest[codes[rows]] <= cosines[rows] + index.rounded)
    assert n_missed <= (0 if index.kind == "exact" else 0.1 * n_near)


def test_a_mask_of_nothing_finds_nothing(index: DenseIndex, queries: FloatArray, vector_of: IntArray) -> None:
    rows, cosines = index.search(queries[0], DEPTH, index.select(np.zeros(len(vector_of), dtype=bool)))
    assert len(rows) == len(cosines) == 0


def test_a_vector_is_found_where_one_of_its_items_is_selected(
    index: DenseIndex, queries: FloatArray, vector_of: IntArray
) -> None:
    """So selecting one item a vector leaves every vector, and of its items that one."""
    first = np.zeros(len(vector_of), dtype=bool)
    first[np.unique(vector_of, return_index=True)[1]] = True
    selection = index.select(first)
    assert selection.n_vectors == vector_of.max() + 1
    for query in queries:
        rows, cosines = index.search(query, DEPTH, selection)
        nearest, nearest_cosines = index.search(query, DEPTH)
        among_them = nearest[first[nearest]]
        assert rows[: len(among_them)].tolist() == among_them.tolist()
        np.testing.assert_array_equal(cosines, nearest_cosines)


def test_items_with_one_vector_come_in_the_order_of_priority(vectors: FloatArray) -> None:
    vector_of = np.zeros(5, dtype=np.int64)
    index = DenseIndex.build(vectors[:1], vector_of, np.array([3, 1, 4, 0, 2]))

    rows, cosines = index.search(vectors[0], 4)

    assert rows.tolist() == [3, 1, 4, 0]
    assert len(cosines) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_measured_recall_is_the_recall(vectors: FloatArray, queries: FloatArray, kind: str) -> None:
    """The last of the filters leaves three vectors."""
    vector_of = np.arange(N_VECTORS)
    index, measured = tuned(built_of(kind, vectors, vector_of), vectors, [queries[:10], queries[10:]])
    by_hand = [recall(index.search(query, K)[0], vectors @ query, K) for query in queries]

    assert measured.at_200 == pytest.approx(min(np.mean(by_hand[:10]), np.mean(by_hand[10:])), abs=1e-6)
    assert measured.at_200 >= WANTED
    assert measured.selected.keys() == set(SHARES)
    assert min(measured.selected.values()) >= WANTED_SELECTED
    assert measured.as_dict()["recall@200_under_filters"]["0.01"] == measured.selected[0.01]
    assert reason_for(index.kind)


def test_saved_and_loaded_it_finds_the_same(
    index: DenseIndex, vectors: FloatArray, queries: FloatArray, vector_of: IntArray, tmp_path: Path
) -> None:
    index.save(tmp_path)
    np.save(tmp_path / VECTORS, vectors[vector_of])
    loaded = DenseIndex.load(tmp_path, kind=index.kind, breadth=index.breadth)

    for query in queries:
        np.testing.assert_array_equal(loaded.search(query, DEPTH)[0], index.search(query, DEPTH)[0])


def test_a_damaged_file_is_named(index: DenseIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    (tmp_path / "dense.faiss").write_bytes(b"no index")

    with pytest.raises(BundleDamaged, match=r"dense\.faiss"):
        DenseIndex.load(tmp_path, kind=index.kind, breadth=index.breadth)


def test_it_works_on_real_vectors_with_a_zero_row() -> None:
    vectors = load_encoder("wordllama").encode(["milk", "cheese", ""])
    index = DenseIndex.build(vectors, np.arange(3), np.arange(3))

    assert index.search(vectors[1], 3)[0][0] == 1
