from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trimtab.catalog.feeds.reading import Feed, read_feed


@pytest.fixture
def feed(tmp_path: Path) -> Any:
    def read(data: str | bytes) -> Feed:
        path = tmp_path / "feed"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_feed(path)

    return read
