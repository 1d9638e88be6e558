from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trimtab.catalog.feeds.reading import Feed, read_feed


@pytest.fixture
def feed(tmp_path: Path) -> Any:
    def read(data: str | bytes, *, max_rejected_share: float = 0.05) -> Feed:
        path = tmp_path / "feed"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_feed(path, max_rejected_share=max_rejected_share)

    return read
