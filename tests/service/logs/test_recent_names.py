"""Names that were met lately: the last ones are known, however many come."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from trimtab.service.logs.recent_names import N_PLACES, RecentNames


def digest(number: int) -> bytes:
    return hashlib.blake2b(str(number).encode(), digest_size=16).digest()


@given(st.lists(st.integers(0, 60), max_size=200), st.integers(1, 4))
def test_a_line_knows_its_last_names_each_once(numbers: list[int], n_lines: int) -> None:
    names = RecentNames(n_lines)
    for number in numbers:
        names.add(digest(number))
        assert digest(number) in names
    distinct = list(dict.fromkeys(numbers))
    if len(distinct) <= N_PLACES:
        assert all(digest(number) in names for number in distinct)
    assert not any(digest(number) in names for number in range(100, 140))


def test_many_names_are_known_and_hardly_any_of_the_last_is_lost() -> None:
    names = RecentNames()
    for number in range(300_000):
        names.add(digest(number))
    lost = sum(digest(number) not in names for number in range(200_000, 300_000))
    assert lost < 100
    assert sum(digest(number) in names for number in range(300_000, 310_000)) == 0
