"""What a function said of what it was asked, for as long as there is room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

ROOM: Final = 1 << 18
"""Texts without spaces whose analysis is kept: a catalogue's words come again and again."""

K = TypeVar("K")
V = TypeVar("V")


class Kept(dict[K, V]):
    """The answers of a function, asked by `[]`; quicker than `lru_cache`."""

    def __init__(self, function: Callable[[K], V]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, asked: K) -> V:
        if len(self) >= ROOM:
            self.clear()
        self[asked] = self._function(asked)
        return self[asked]
