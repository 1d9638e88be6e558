"""The grocery data, read once a session."""

from __future__ import annotations

import pytest

from trimtab.catalog.datasets.grocery import Grocery, load_grocery


@pytest.fixture(scope="session")
def grocery() -> Grocery:
    return load_grocery()
