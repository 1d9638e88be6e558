"""The evidence of a log in memory, its queries looked at as tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from trimtab.abtest.ope.contexts import by_code
from trimtab.abtest.ope.evidence import Deployment, Evidence, evidence_of
from trimtab.abtest.ope.log.logged_slates import LoggedSlates, ReplayLog, concatenated
from trimtab.abtest.ope.moves import Moves
from trimtab.abtest.ope.sums import Ints
from trimtab.core.work.progress import Progress
from trimtab.core.work.tasks import Tasks
from trimtab.engine import Engine
from trimtab.engine.cluster.reference import EngineReference

MOST_PIECES = 64


@dataclass(frozen=True)
class Looking:
    """What every task is given; `log` is without impressions."""

    engine: EngineReference
    log: ReplayLog
    policies: Mapping[str, Mapping[str, float]]
    deployment: Deployment


def evidence_by_query(
    engine: Engine,
    log: ReplayLog,
    policies: Mapping[str, Mapping[str, float]],
    progress: Progress,
    tasks: Tasks,
    *,
    deployment: Deployment,
) -> Evidence:
    """`evidence_of` with slates drawn for all impressions, to the last digit: a query knows nothing of others."""
    slates = log.slates
    how = Looking(EngineReference(engine), replace(log, slates=slates.take(np.arange(0))), policies, deployment)
    pieces = (slates.take(at) for at in pieces_by_code(slates.queries))
    found, done = list[Evidence](), 0
    for part in tasks.map(look, how, pieces):
        found.append(part)
        done += len(part.slates)
        progress("impressions", done, len(slates))
    return _together(found)


def look(how: Looking, slates: LoggedSlates) -> Evidence:
    """The evidence of some queries."""
    log = replace(how.log, slates=slates)
    return evidence_of(how.engine.engine, log, how.policies, draw_every=1, deployment=how.deployment)


def pieces_by_code(codes: Ints, n: int = MOST_PIECES) -> Iterator[Ints]:
    """Places of about equally many codes, all of a code in one piece; a matter of the codes alone."""
    size = max(len(codes) // n, 1)
    waiting = list[Ints]()
    for _, at in by_code(codes):
        waiting.append(at)
        if sum(map(len, waiting)) >= size:
            yield np.sort(np.concatenate(waiting))
            waiting = []
    if waiting:
        yield np.sort(np.concatenate(waiting))


def _moves(parts: list[Moves]) -> Moves:
    return Moves(np.concatenate([part.sources for part in parts]), np.concatenate([part.weights for part in parts]))


def _together(parts: list[Evidence]) -> Evidence:
    """The evidence of all, in order of the log."""
    slates = concatenated([part.slates for part in parts])
    order = np.argsort(slates.numbers, kind="stable")
    is_drawn = np.zeros(len(slates), dtype=bool)
    starts = np.cumsum([0, *(len(part.slates) for part in parts)])
    drawn = np.concatenate([start + part.drawn for start, part in zip(starts[:-1], parts, strict=True)])
    is_drawn[drawn] = True
    among_drawn = np.argsort(slates.numbers[drawn], kind="stable")
    names, own = parts[0].ratios, parts[0].own_rows
    return Evidence(
        slates.take(order),
        np.flatnonzero(is_drawn[order]),
        np.concatenate([part.ideals for part in parts])[among_drawn],
        {name: np.concatenate([part.ratios[name] for part in parts])[order] for name in names},
        {name: _moves([part.moves[name] for part in parts]).take(order) for name in parts[0].moves},
        parts[0].examination,
        {name: np.concatenate([part.expected[name] for part in parts])[order] for name in parts[0].expected},
        {name: np.concatenate([part.own_rows[name] for part in parts])[among_drawn] for name in own},
        np.concatenate([part.promised for part in parts])[among_drawn],
        np.concatenate([part.wrong_propensities for part in parts])[among_drawn],
        sum(part.n_impossible for part in parts),
    )
