"""Baskets from an impression log: what one shopper bought, put in the cart or looked at in one visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from trimtab.catalog.store import ItemStore
from trimtab.ranker.companions import Companions

ACTIONS = {"purchases": "purchases", "carts": "carts", "clicks": "clicks"}
"""Columns of a log, the best evidence first, and what their baskets are of."""
FEWEST_BASKETS = 10
"""Baskets of several items without which the next kind of evidence is taken."""


class Baskets:
    """Gathers the baskets of a log while something else reads its rows."""

    def __init__(self) -> None:
        self._by_action: dict[str, dict[str, dict[str, None]]] = {action: {} for action in ACTIONS}

    def watched(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The rows, each gathered as it passes."""
        for row in rows:
            visit = row.get("session_id") or row.get("user_id")
            if visit is not None:
                self._add(visit, row)
            yield row

    def _add(self, visit: str, row: Mapping[str, Any]) -> None:
        for action, visits in self._by_action.items():
            happened = row.get(action) or ()
            items = [item for item, n in zip(row["item_ids"], happened, strict=False) if n]
            if items:
                visits.setdefault(visit, {}).update(dict.fromkeys(items))

    def companions(self, store: ItemStore) -> Companions | None:
        """What the best evidence says that there is enough of; None where no visit had two items."""
        several = {
            action: [list(items) for items in visits.values() if len(items) > 1]
            for action, visits in self._by_action.items()
        }
        enough = [action for action in ACTIONS if len(several[action]) >= FEWEST_BASKETS]
        chosen = next(iter(enough or [action for action in ACTIONS if several[action]]), None)
        return None if chosen is None else companions_of(several[chosen], store, of=ACTIONS[chosen])


def companions_of(baskets: Iterable[Iterable[str]], store: ItemStore, *, of: str) -> Companions:
    """The companions in baskets of item ids; those that the catalogue does not have are left out."""
    numbers, item_ids = [], []
    for number, basket in enumerate(baskets):
        for item_id in basket:
            numbers.append(number)
            item_ids.append(item_id)
    rows = store.rows_of(item_ids)
    return Companions.from_baskets(np.array(numbers, dtype=np.int64)[rows >= 0], rows[rows >= 0], len(store), of=of)
