"""What the in-process retriever is held to, retrieval in a collection is held to."""

from __future__ import annotations

import pytest

from tests.retrieval.test_story import *  # noqa: F403  # all of its tests

pytestmark = pytest.mark.slow
