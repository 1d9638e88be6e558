"""Tasks in processes have the results that they have here, in order, and processes end with those who started them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from operator import call, mul

import pytest

from trimtab.core.errors import BadInput, TrimtabError
from trimtab.core.weights import normalise
from trimtab.core.work import processes
from trimtab.core.work.processes import FIRST_HERE, Processes

N = 40


@pytest.fixture(scope="module")
def tasks() -> Iterator[Processes]:
    with Processes(2) as some:
        yield some


def test_results_come_in_order_from_here_first_and_then_from_other_processes(tasks: Processes) -> None:
    for factor in (3, 5):
        assert list(tasks.map(mul, factor, range(N))) == [factor * number for number in range(N)]
    where = list(map(int, tasks.map(call, os.readlink, ["/proc/self"] * N)))
    assert set(where[:FIRST_HERE]) == {os.getpid()}
    assert os.getpid() not in where[FIRST_HERE:]


def test_few_tasks_and_those_of_one_core_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "WORKER", "nothing_that_could_be_run")
    with Processes(2) as some:
        assert list(some.map(mul, 1, range(FIRST_HERE))) == list(range(FIRST_HERE))
    with Processes(1) as one:
        assert list(one.map(mul, 1, range(N))) == list(range(N))


def test_an_error_for_a_reader_comes_as_it_was_raised_and_the_next_tasks_run(tasks: Processes) -> None:
    with pytest.raises(BadInput, match=r"^margin: .*allowed: .*revenue"):
        list(tasks.map(normalise, {"margin": 1.0}, [("margin",)] * FIRST_HERE + [("revenue",)] * N))
    assert list(tasks.map(mul, 1, range(N))) == list(range(N))


def test_a_process_that_is_killed_is_said_in_one_sentence() -> None:
    signals = [signal.SIGCHLD] * FIRST_HERE + [signal.SIGKILL]
    with Processes(2) as some, pytest.raises(TrimtabError, match="was ended"):
        list(some.map(call, signal.raise_signal, signals))
