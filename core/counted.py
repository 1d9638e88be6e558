"""Numbers of things in words: `1 row`, `1,300 rows`."""

from __future__ import annotations


def counted(n: int, one: str, many: str | None = None) -> str:
    """The number and what it counts.

    Args:
        one: what one of them is called; `many` is what several are, with an `s` where it is not given.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
