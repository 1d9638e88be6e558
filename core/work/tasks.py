"""Work that is split into tasks, wherever they run: here in threads, or in other processes on other machines.

A result must not depend on where its tasks ran, in what order they ended, or how often one was begun: a task is a
function of its arguments alone, what is split is split by the work and never by the number of workers, and results
come in the order of the items. Sums of floating point numbers are then added in one order too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from trimtab.core.errors import BadInput, TrimtabError

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Tasks(Protocol):
    """Where tasks run.

    Attributes:
        is_here: whether they run in this process, so that nothing has to be sent.
    """

    @property
    def is_here(self) -> bool: ...

    def map(self, task: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item]) -> Iterator[Result]:
        """The results of a module's function, in the order of the items, few of which are under way at a time.

        Args:
            shared: what all tasks are given.
        """


class Threads:
    """Tasks in threads of this process."""

    def __init__(self, n: int) -> None:
        self._n = n

    @property
    def is_here(self) -> bool:
        """They run in this process."""
        return True

    def map(self, task: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item]) -> Iterator[Result]:
        """The results, in the order of the items; those under way are waited for where one fails."""
        with ThreadPoolExecutor(self._n) as pool:
            yield from in_order(pool, lambda item: task(shared, item), items, n_under_way=self._n)


class Here:
    """Tasks one after the other, when their results are asked for."""

    @property
    def is_here(self) -> bool:
        """They run in this process."""
        return True

    def map(self, task: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item]) -> Iterator[Result]:
        """The results, in the order of the items."""
        return (task(shared, item) for item in items)


HERE = Here()


def blocks_of(items: Iterable[Item], n: int) -> Iterator[list[Item]]:
    """Items in lists of `n`, the last of which may be shorter."""
    left = iter(items)
    while block := list(islice(left, n)):
        yield block


def in_order(
    pool: ThreadPoolExecutor, task: Callable[[Item], Result], items: Iterable[Item], *, n_under_way: int
) -> Iterator[Result]:
    """The results of a task in threads, in the order of the items; those under way are waited for where one fails."""
    left = iter(items)
    waiting: deque[Future[Result]] = deque()
    try:
        while True:
            waiting.extend(pool.submit(task, item) for item in islice(left, n_under_way - len(waiting)))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        for one in waiting:
            one.cancel()


@dataclass(frozen=True, slots=True)
class Failure:
    """A task's error that is meant for a reader, as another process can be sent it."""

    message: str
    is_input: bool

    def error(self) -> TrimtabError:
        """The error as it is raised where the result was asked for."""
        return (BadInput if self.is_input else TrimtabError)(self.message)


def attempted(task: Callable[[Any, Any], Any], shared: Any, item: Any) -> Any:
    """The result of a task in a process of its own, or what a reader is to know of its error."""
    try:
        return task(shared, item)
    except TrimtabError as error:
        return Failure(str(error), isinstance(error, BadInput))
