"""A bundle with its changes built in answers as it did with the changes beside it, and follows later ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trimtab.core.errors import BadInput, NotFound
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.live.rebuild import compact


def test_it_answers_as_before_and_follows_what_came_later(small_bundle: Path, engine: Engine, tmp_path: Path) -> None:
    live = LiveEngine(engine, tmp_path / "changes")
    ids = engine.store.item_ids(range(0, 300, 10))
    user_id = engine.user_ids[0]
    live.change([{"item_id": item_id, "price": 2.0 + number} for number, item_id in enumerate(ids[:10])])
    live.change([{"item_id": item_id, "title": f"Quince jelly {item_id}"} for item_id in ids[10:20]], ids[20:])
    live.change([{"item_id": "new", "title": "Quince ice cream", "product_type": "Quince", "price": 3.0}])
    bundle_id = compact(small_bundle, tmp_path / "changes", tmp_path / "compacted")
    live.change([{"item_id": "late", "title": "Late quince"}, {"item_id": "new", "price": 4.0}])

    compacted = Engine.load(tmp_path / "compacted")
    assert compacted.bundle_id == bundle_id != engine.bundle_id
    assert compacted.store.gone is None
    before = LiveEngine(engine, tmp_path / "changes").at_version(3)
    assert len(compacted.store) == len(engine.store) + 1 - 10
    for text in ("quince jelly", "ice cream", "yogurt"):
        ours = compacted.slate(Query(text, user_id=user_id, k=10))
        theirs = before.slate(Query(text, user_id=user_id, k=10))
        assert len(set(ours.item_ids) & set(theirs.item_ids)) >= 8
    history = compacted.pipeline.histories.of(user_id)
    known = before.pipeline.histories.of(user_id)
    assert history is not None
    assert known is not None
    assert set(compacted.store.item_ids(history.rows)) == set(before.store.item_ids(known.rows)) - set(ids[20:])
    assert np.all(np.diff(history.rows) > 0)

    follower = LiveEngine(compacted, tmp_path / "changes")
    follower.follow()
    assert follower.item("late")["title"] == "Late quince"
    assert follower.item("new")["price"] == 4.0
    assert len(follower.newest.store) == len(compacted.store) + 1  # only what came later is beside it
    with pytest.raises(NotFound):
        follower.item(ids[20])


def test_nothing_to_compact_is_said(small_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing has changed since it was built"):
        compact(small_bundle, tmp_path / "changes", tmp_path / "compacted")
    assert not (tmp_path / "compacted").exists()
