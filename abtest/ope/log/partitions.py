"""A log partitioned by query on the disk, so that it need not fit into memory.

Candidates are retrieved once a query and scored once a user of it, so a replay goes query by query, and a log lies in
order of time. Its impressions are therefore written once more, to a temporary folder: all impressions of a query in
one partition, which fits into memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.log.log_files import frames_of
from trimtab.abtest.ope.log.logged_slates import (
    BEYOND_THE_END,
    DUPLICATE,
    REPLAYED,
    SORTED,
    LoggedSlates,
    NamedWeights,
    ReplayLog,
    SlateArrays,
    concatenated,
    widened,
)
from trimtab.abtest.ope.segments import Segments
from trimtab.abtest.ope.sums import Ints
from trimtab.core.errors import BadLog
from trimtab.core.work.tasks import Tasks
from trimtab.engine import Engine
from trimtab.engine.log.impressions import ImpressionReader
from trimtab.engine.log.usable import RejectedRows

IMPRESSIONS_PER_PARTITION = 25_000
"""Approximately; some 6 MB on disk, ten times that while it is replayed. So few that workers end at about one time:
450,000 impressions in five partitions kept one of two workers busy with three of them."""

MOST_PARTITIONS = 4096

EXPLORE = "A service explores, and its log can be replayed, when it is started with `trimtab serve --explore 1%`"


@dataclass(frozen=True)
class PartitionedLog:
    """What can be replayed of a log, by query.

    Attributes:
        n_read: rows in the files.
        n_distinct: decisions in the files; the other rows delivered one of them again, or are rejected.
        n: those that can be replayed.
        k: positions of the longest slate.
        left_out: reason -> rows that are not replayed.
        rejected: those of them that break the log's schema.
        n_out_of_order: rows stamped before the one above them in their session; they count as the others do.
        labels: an empty log with what the codes stand for.
        frequencies: [n_queries] impressions of each query.
        requested: weights as asked for -> impressions.
        n_partitions: how many there are.
        events: how many are matched, late and unknown; see `ImpressionReader.event_counts`.
    """

    n_read: int
    n_distinct: int
    n: int
    k: int
    left_out: Counter[str]
    rejected: RejectedRows
    n_out_of_order: int
    labels: ReplayLog
    segments: Segments
    frequencies: Ints
    requested: Counter[NamedWeights]
    n_partitions: int
    events: dict[str, int]
    _parts: tuple[_Part, ...]

    def left_out_warning(self, left_out: Counter[str]) -> Iterator[str]:
        """What is said of rows that were left out.

        Args:
            left_out: reason -> how many, those of the log among them.
        """
        if left_out.total():
            reasons = left_out_in_words(left_out, self.rejected)
            yield f"{left_out.total():,} of {self.n_read:,} impressions were left out: {reasons}"

    def partition(self, number: int) -> ReplayLog:
        """All impressions of some queries, in order of the log."""
        return ReplayLog(self.slates(number), self.labels.queries, self.labels.users, self.labels.weights)

    def slates(self, number: int) -> LoggedSlates:
        """The impressions of a partition, in order of the log."""
        return self._in_order([part.read(number) for part in self._parts])

    def sample_by_seed(self, n: int) -> ReplayLog:
        """About n impressions, the same whatever the order of the log, by seed; where none is known, by place."""
        every = max(-(-self.n // n), 1)
        found = []
        for part in self._parts:
            for partition in range(self.n_partitions):
                records = part.read(partition)
                drawn_by = np.where(records["seeds"] >= 0, records["seeds"], records["numbers"])
                found.append(records[drawn_by % every == 0])
        return self._log(found)

    def sample(self, n: int) -> ReplayLog:
        """About n impressions, evenly spread over the log, which must not be many."""
        every = max(-(-self.n_distinct // n), 1)
        found = []
        for part in self._parts:
            for partition in range(self.n_partitions):
                records = part.read(partition)
                found.append(records[records["numbers"] % every == 0])
        return self._log(found)

    def _log(self, records: list[NDArray[Any]]) -> ReplayLog:
        return ReplayLog(self._in_order(records), self.labels.queries, self.labels.users, self.labels.weights)

    def _in_order(self, records: list[NDArray[Any]]) -> LoggedSlates:
        slates = widened(concatenated([_slates_of(some) for some in records]), self.k)
        return slates.take(np.argsort(slates.numbers, kind="stable"))


class OnlySorted(BadLog):
    """Nothing in a log can be replayed, and some of it only because it was sorted."""


@contextmanager
def partitioned(
    path: Path,
    engine: Engine,
    channel: str | None = None,
    *,
    tasks: Tasks | None = None,
    or_sorted: bool = False,
) -> Iterator[PartitionedLog]:
    """Read a log for replay against the bundle that served it; the partitions are deleted when the block ends.

    Args:
        channel: whose searches; None for shoppers'.
        tasks: where the files are read; here, one after the other, by default.
        or_sorted: read the sorted pages of a log that never explored.

    Raises:
        BadLog: see `ImpressionReader.__iter__`; or the log is empty, or nothing in it can be replayed.
    """
    with TemporaryDirectory(prefix="trimtab-replay-") as folder:
        try:
            found = _written(path, engine, channel, tasks, Path(folder), drawn_alone=True)
        except OnlySorted:
            if not or_sorted:
                raise
            found = _written(path, engine, channel, tasks, Path(folder), drawn_alone=False)
        yield found


def _written(
    path: Path, engine: Engine, channel: str | None, tasks: Tasks | None, folder: Path, *, drawn_alone: bool
) -> PartitionedLog:
    """The log in partitions in a folder."""
    reader = ImpressionReader(path, REPLAYED, channel=channel)
    n_partitions = int(np.clip(-(-reader.n_rows // IMPRESSIONS_PER_PARTITION), 1, MOST_PARTITIONS))
    arrays = SlateArrays()
    categories = engine.store.category_codes
    parts, shown = [], []
    frequencies = np.zeros(0, dtype=np.int64)
    for number, frame in enumerate(frames_of(reader, engine, tasks, drawn_alone=drawn_alone)):
        slates = arrays.add(frame)
        parts.append(_Part.written(folder / str(number), slates, n_partitions))
        frequencies = _grown(frequencies, slates.queries, len(arrays.queries.values))
        shown.append(_categories_shown(slates, categories))
    n = int(frequencies.sum())
    left_out = arrays.left_out + reader.rejected.reasons + Counter({DUPLICATE: reader.n_duplicates})
    n_read = arrays.n_read + reader.n_duplicates + len(reader.rejected)
    if n_read == 0:
        raise BadLog(f"{path}: the log is empty")
    if n == 0:
        reasons = left_out_in_words(left_out, reader.rejected)
        what = f"{path}: none of {n_read:,} impressions can be replayed on bundle {engine.bundle_id}: {reasons}"
        raise OnlySorted(f"{what}. {EXPLORE}") if left_out[SORTED] else BadLog(what)
    labels = ReplayLog(
        _slates_of(parts[0].read(0)[:0]),
        queries=tuple(arrays.queries.values),
        users=arrays.shoppers(),
        weights=tuple(map(dict, arrays.weights.values)),
    )
    return PartitionedLog(
        n_read=n_read,
        n_distinct=arrays.n_read,
        n=n,
        k=max(part.k for part in parts),
        left_out=left_out,
        rejected=reader.rejected,
        n_out_of_order=arrays.n_out_of_order,
        labels=labels,
        segments=Segments.of(frequencies, _most_shown(shown, len(frequencies)), labels.users, engine),
        frequencies=frequencies,
        requested=arrays.requested,
        n_partitions=n_partitions,
        events=reader.event_counts(),
        _parts=tuple(parts),
    )


def left_out_in_words(left_out: Counter[str], rejected: RejectedRows) -> str:
    """Why rows were left out, and where a fault of a row was met first."""
    places = {reason: f" ({place})" for reason, place in rejected.first.items()}
    return "; ".join(f"{n:,} {reason}{places.get(reason, '')}" for reason, n in left_out.most_common())


@dataclass(frozen=True)
class _Part:
    """One frame's impressions in a file, in order of the partition.

    Attributes:
        starts: [n_partitions + 1] where each partition begins.
    """

    path: Path
    dtype: np.dtype[Any]
    starts: Ints
    k: int

    @classmethod
    def written(cls, path: Path, slates: LoggedSlates, n_partitions: int) -> _Part:
        partitions = slates.queries % n_partitions
        order = np.argsort(partitions, kind="stable")
        k = slates.rows.shape[1]
        dtype = np.dtype([(name, column.dtype, column.shape[1:]) for name, column in _columns(slates)])
        records = np.empty(len(slates), dtype=dtype)
        for name, column in _columns(slates):
            records[name] = column[order]
        records.tofile(path)
        starts = np.concatenate([[0], np.cumsum(np.bincount(partitions, minlength=n_partitions))])
        return cls(path, dtype, starts, k)

    def read(self, partition: int) -> NDArray[Any]:
        start, stop = self.starts[partition : partition + 2].tolist()
        return np.fromfile(self.path, self.dtype, count=stop - start, offset=start * self.dtype.itemsize)


def _columns(slates: LoggedSlates) -> list[tuple[str, NDArray[Any]]]:
    return [(column.name, getattr(slates, column.name)) for column in fields(LoggedSlates)]


def _slates_of(records: NDArray[Any]) -> LoggedSlates:
    return LoggedSlates(*(np.ascontiguousarray(records[column.name]) for column in fields(LoggedSlates)))


def _grown(counts: Ints, codes: Ints, n: int) -> Ints:
    """Counts of codes so far, with some more."""
    more = np.bincount(codes, minlength=n)
    more[: len(counts)] += counts
    return more


def _categories_shown(slates: LoggedSlates, categories: NDArray[np.int32]) -> tuple[Ints, Ints, Ints]:
    """Queries, categories and how often items of the one were shown for the other."""
    there = slates.rows >= BEYOND_THE_END["rows"] + 1
    width = int(categories.max(initial=-1)) + 2
    keys = np.repeat(slates.queries, there.sum(axis=1)) * width + categories[slates.rows[there]] + 1
    keys, counts = np.unique(keys, return_counts=True)
    return keys // width, keys % width - 1, counts


def _most_shown(shown: list[tuple[Ints, Ints, Ints]], n_queries: int) -> Ints:
    """[n_queries] the category most shown for each query; -1 where none is known."""
    queries, categories, counts = (np.concatenate(columns) for columns in zip(*shown, strict=True))
    width = int(categories.max(initial=-1)) + 2
    keys, place = np.unique(queries * width + categories + 1, return_inverse=True)
    totals = np.bincount(place, weights=counts)
    queries, categories = keys // width, keys % width - 1
    # The last to be written stays: by rising number, of equals the first category.
    order = np.lexsort((-categories, totals))
    order = order[categories[order] >= 0]
    most = np.full(n_queries, -1, dtype=np.int64)
    most[queries[order]] = categories[order]
    return most
