"""What tests of replays and of tuning may ask for."""

from __future__ import annotations

import pytest


@pytest.fixture
def temperatures_of_few_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where policies are drawn at equal exploration, the temperature of each is found from few lists."""
    monkeypatch.setattr("trimtab.abtest.ope.like_with_like.N_LISTS", 10)
