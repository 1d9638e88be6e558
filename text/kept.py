"""What functions said of what they were asked, for as long as there is room: one for all of a process."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Any, Final, TypeVar, TypeVarTuple

USUAL_ROOM: Final = 1 << 25
"""Characters of what is asked: a catalogue's words come again and again while it is built."""
EACH: Final = 16
"""Characters that an answer counts for besides those of what was asked. In memory a character is some 8 bytes."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Ts = TypeVarTuple("Ts")


class Kept(dict[K, V]):
    """The answers of a function, asked by `[]`; quicker than `lru_cache`, and bounded by what the texts take.

    Where there is no more room, whoever asks, all answers of all functions are forgotten: what comes again and again
    is soon there again.
    """

    def __init__(self, function: Callable[[K], V]) -> None:
        super().__init__()
        self._function = function
        _room.keep(self)

    def __missing__(self, asked: K) -> V:
        answer = self._function(asked)
        _room.take(EACH + _characters(asked))
        self[asked] = answer
        return answer


def kept(function: Callable[[*Ts], V]) -> Callable[[*Ts], V]:
    """A function whose answers are kept."""
    answers = Kept[tuple[*Ts], V](lambda given: function(*given))

    @wraps(function)
    def ask(*given: *Ts) -> V:
        return answers[given]

    return ask


def _characters(asked: object) -> int:
    if isinstance(asked, str):
        return len(asked)
    return sum(map(_characters, asked)) if isinstance(asked, tuple) else 0


class _Room:
    """How much is kept by all together."""

    def __init__(self) -> None:
        self.size = USUAL_ROOM
        self._taken = 0
        self._all: list[weakref.ref[Kept[Any, Any]]] = []
        self._lock = Lock()

    def keep(self, one: Kept[Any, Any]) -> None:
        with self._lock:
            self._all.append(weakref.ref(one))

    def take(self, characters: int) -> None:
        self._taken += characters
        if self._taken > self.size:
            self.clear()

    def clear(self) -> None:
        with self._lock:
            self._taken = 0
            all_of_them = [one for ref in self._all if (one := ref()) is not None]
            self._all = [weakref.ref(one) for one in all_of_them]
        for one in all_of_them:
            one.clear()


_room = _Room()


def limit_kept(characters: int) -> None:
    """Keep no more than that from now on: for a process whose texts anybody may choose."""
    _room.size = characters
    _room.clear()
