"""What functions said of texts is kept for as long as there is room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trimtab.text.kept import EACH, USUAL_ROOM, Kept, kept, limit_kept


@pytest.fixture
def room() -> Iterator[int]:
    """Little room, for as long as a test lasts."""
    limit_kept(1000)
    yield 1000
    limit_kept(USUAL_ROOM)


def test_what_was_asked_is_not_asked_again() -> None:
    asked = list[tuple[str, int]]()

    @kept
    def times(text: str, n: int) -> str:
        """A text several times."""
        asked.append((text, n))
        return text * n

    assert [times("ab", 2), times("ab", 2), times("ab", 3)] == ["abab", "abab", "ababab"]
    assert asked == [("ab", 2), ("ab", 3)]
    assert times.__doc__ == "A text several times."


def test_all_of_them_have_one_room_whatever_is_asked_and_however_long_it_is(room: int) -> None:
    lengths = Kept[str, int](len)
    pairs = Kept[tuple[str, str], int](len)
    for n in range(5000):
        assert lengths[f"{n}"] == len(f"{n}")
        assert pairs[f"{n}", 30 * "x"] == 2
        assert lengths[(n % 7) * 300 * "y"] == (n % 7) * 300
        texts = [*lengths, *(text for pair in pairs for text in pair)]
        assert sum(map(len, texts)) + EACH * (len(lengths) + len(pairs)) <= room + 1800 + EACH
