"""The frames of a log as arrays, its files read one after the other, or as tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trimtab.abtest.ope.log.logged_slates import FrameArrays, FrameSlates
from trimtab.core.work.tasks import Tasks
from trimtab.engine import Engine
from trimtab.engine.cluster.reference import EngineReference
from trimtab.engine.log.distinct import Hashes
from trimtab.engine.log.impressions import ImpressionReader, PartOfLog

NOTHING_MET: Hashes = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True)
class LogReading:
    """How the files of a log are read."""

    reader: ImpressionReader
    engine: EngineReference
    drawn_alone: bool = True


@dataclass(frozen=True)
class ReadFile:
    """A file as arrays.

    Attributes:
        frames: of its rows.
        part: what its reader counts, without rows.
    """

    frames: list[FrameSlates]
    part: PartOfLog


def frames_of(
    reader: ImpressionReader, engine: Engine, tasks: Tasks | None = None, *, drawn_alone: bool = True
) -> Iterator[FrameSlates]:
    """The frames of a log, in order.

    Read as tasks, a file knows nothing of those before it. Where it has decisions that were met before, which is rare,
    it is read once more without them.

    Args:
        tasks: where files are read, each as a whole; here, frame by frame, by default.
        drawn_alone: see `FrameArrays`.

    Raises:
        BadLog: see `ImpressionReader.__iter__`.
    """
    if tasks is None or tasks.is_here:
        arrays = FrameArrays(engine, drawn_alone=drawn_alone)
        yield from map(arrays.slates_of, reader)
        return
    how = LogReading(reader, EngineReference(engine), drawn_alone)
    alone = ((part, NOTHING_MET) for part in reader.parts)
    for part, found in zip(reader.parts, tasks.map(read_file, how, alone), strict=True):
        met = reader.met_before(found.part)
        file = read_file(how, (part, met)) if len(met) else found
        reader.add(file.part)
        yield from file.frames


def read_file(how: LogReading, item: tuple[Path, Hashes]) -> ReadFile:
    """Read one file, without decisions that were met before."""
    part = how.reader.read_part(*item)
    arrays = FrameArrays(how.engine.engine, drawn_alone=how.drawn_alone)
    return ReadFile([arrays.slates_of(frame) for frame in part.frames], replace(part, frames=()))
