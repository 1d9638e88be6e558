"""Work of other threads that stands back while somebody is being answered.

One thread of a process runs Python at a time. Whoever answers lets go of it for a moment again and again (to look into
an index, to read a socket), and gets it back from a thread that computes only after `sys.getswitchinterval`: an answer
of some milliseconds takes several times as long. A thread that goes over its items `politely` does nothing meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final, TypeVar

WORKED_SECONDS: Final = 0.001
"""How long a thread works before it stands back again, so that it comes to its end under any load."""
WAITED_SECONDS: Final = 0.02
"""How long it stands back at most."""

T = TypeVar("T")


class _Answering:
    """Who is being answered.

    Attributes:
        is_nobody: set while that is so.
        thread: the one that answers; it never stands back.
    """

    def __init__(self) -> None:
        self.is_nobody = threading.Event()
        self.is_nobody.set()
        self.thread = 0


_answering = _Answering()
_mine = threading.local()


@contextmanager
def answering() -> Iterator[None]:
    """Have other threads stand back; one thread of a process answers."""
    _answering.thread = threading.get_ident()
    _answering.is_nobody.clear()
    try:
        yield
    finally:
        _answering.is_nobody.set()


def politely(items: Iterable[T]) -> Iterator[T]:
    """The items, before each of which this thread stands back where another one is answering somebody."""
    for item in items:
        if not _answering.is_nobody.is_set():
            _stand_back()
        yield item


def _stand_back() -> None:
    if threading.get_ident() == _answering.thread:
        return
    if perf_counter() - getattr(_mine, "since", 0.0) >= WORKED_SECONDS:
        _answering.is_nobody.wait(WAITED_SECONDS)
        _mine.since = perf_counter()
