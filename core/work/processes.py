"""Tasks in processes of this machine, one a core, where there is enough to do for them.

A process takes a second to start, so the first tasks run here, and all of them where they are few or one core is there.
A process gets its tasks through a pipe and ends when that is closed: none outlives the one that started it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from multiprocessing import Pipe
from queue import SimpleQueue
from time import monotonic
from typing import Any, Self

from trimtab.core.errors import TrimtabError
from trimtab.core.work.children import start_module
from trimtab.core.work.tasks import Failure, Item, Result, Shared, in_order

WORKER = "trimtab.core.work.process_worker"
FIRST_HERE = 6
"""Tasks that run in this process before others are started."""
UNDER_WAY = 2
"""Tasks under way for each process, so that none waits for the next one to be made."""
IDLE_SECONDS = 60.0
"""How long a process that is kept for one task has nothing to do before it ends."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


class Processes:
    """Tasks here and in processes that are started when they are needed, and end with the block."""

    def __init__(self, n: int | None = None) -> None:
        """
        Args:
            n: how many processes; one for each core where not given.
        """
        self._n = (os.cpu_count() or 1) if n is None else n
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._workers:
            self._workers.pop().stop()

    @property
    def is_here(self) -> bool:
        """Whether all run in this process."""
        return self._n < 2

    def map(self, task: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item]) -> Iterator[Result]:
        """The results of a module's function, in the order of the items.

        Raises:
            TrimtabError: the one that a task raised, or a process ended.
        """
        left = iter(items)
        yield from (task(shared, item) for item in (left if self.is_here else islice(left, FIRST_HERE)))
        if more := list(islice(left, 1)):
            yield from self._elsewhere(task, shared, chain(more, left))

    def _elsewhere(
        self, task: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item]
    ) -> Iterator[Result]:
        while len(self._workers) < self._n:
            self._workers.append(Worker())
        free = SimpleQueue[Worker]()
        for worker in self._workers:
            worker.begin((task, shared))
            free.put(worker)

        def computed(item: Item) -> Any:
            worker = free.get()
            try:
                return worker.computed(item)
            finally:
                free.put(worker)

        with ThreadPoolExecutor(self._n) as pool:
            for found in in_order(pool, computed, items, n_under_way=UNDER_WAY * self._n):
                if isinstance(found, Failure):
                    raise found.error()
                yield found


class Worker:
    """A process that computes one task at a time."""

    def __init__(self) -> None:
        self._pipe, its = Pipe()
        with its:
            self._process = start_module(
                WORKER,
                its.fileno(),
                variables={**os.environ, **ONE_THREAD},
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._job: tuple[Any, Any] | None = None

    def begin(self, job: tuple[Any, Any]) -> None:
        """Compute another task from now on, with what all of its items share."""
        self._job = job

    def computed(self, item: object) -> Any:
        """The task's result for an item."""
        job, self._job = self._job, None
        try:
            self._pipe.send((job, item))
            return self._pipe.recv()
        except (EOFError, OSError):
            raise TrimtabError(
                "a process that computed a part of the work was ended; if memory is short, there was not enough of it"
            ) from None

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.terminate()
        self._process.wait()


class KeptWorker:
    """A process for one task, from when it is first needed until it has had nothing to do for a while."""

    def __init__(self, task: Callable[[Any, Any], Any], shared: object) -> None:
        """
        Args:
            task: a module's function.
            shared: its first argument.
        """
        self._job = (task, shared)
        self._worker: Worker | None = None
        self._used_at = 0.0

    def computed(self, item: object) -> Any:
        """The task's result for an item, one at a time.

        Raises:
            TrimtabError: the one that the task raised, or the process was ended; the next item gets another one.
        """
        if self._worker is None:
            self._worker = Worker()
            self._worker.begin(self._job)
        try:
            found = self._worker.computed(item)
        except TrimtabError:
            self.stop()
            raise
        self._used_at = monotonic()
        if isinstance(found, Failure):
            raise found.error()
        return found

    def rest(self) -> None:
        """End the process where it has had nothing to do for a while."""
        if self._worker is not None and monotonic() - self._used_at > IDLE_SECONDS:
            self.stop()

    def stop(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()
