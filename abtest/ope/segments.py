"""Parts of the traffic that a report looks at one by one: by how often a query is asked, by shopper, by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.abtest.ope.contexts import with_history
from trimtab.abtest.ope.log.logged_slates import LoggedSlates
from trimtab.abtest.ope.sums import Ints
from trimtab.catalog.datasets.grocery import household_types
from trimtab.core.records import Shopper
from trimtab.engine import Engine

N_CATEGORIES = 4
"""The categories with most searches are segments."""

THIRDS = ("frequent queries", "middling queries", "rare queries")
OTHER = ""
"""Name of the segment of everything in a family that has no name of its own: in no report."""

N_FAMILIES = 3
"""Every impression is in one segment by query, in one by shopper and in one by category."""


@dataclass(frozen=True)
class Segments:
    """Segments in families that each hold every impression once.

    - queries: the most frequent that make up a third of the searches, the next third, the rest.
    - shoppers: by type where the shop knows one, else with a history in the bundle or without.
    - category: what most of a query's shown items are of.

    Attributes:
        names: of all segments, the thirds first.
        thirds: [n_queries] segment of each query: 0 for the most frequent, 2 for the rarest; a query is in one whole.
        shoppers: [n_users] segment of each user.
        categories: [n_queries] segment of each query.
    """

    names: tuple[str, ...]
    thirds: Ints
    shoppers: Ints
    categories: Ints

    @classmethod
    def of(cls, frequencies: Ints, categories: Ints, users: Sequence[Shopper], engine: Engine) -> Segments:
        """
        Args:
            frequencies: [n_queries] searches of each query.
            categories: [n_queries] code of the category most shown for it, -1 unknown.
            users: who asked, by code.
        """
        shopper_names, shoppers = _shoppers(users, engine)
        known = categories >= 0
        searches = np.bincount(categories[known], weights=frequencies[known])
        busiest = np.argsort(-searches, kind="stable")[: min(N_CATEGORIES, int((searches > 0).sum()))]
        place = np.full(len(engine.store.categories) + 1, len(busiest))
        place[busiest] = np.arange(len(busiest))
        category_names = (*(f"category {engine.store.categories[code]}" for code in busiest.tolist()), OTHER)
        names = (*THIRDS, *shopper_names, *category_names)
        return cls(
            names,
            thirds=_thirds(frequencies),
            shoppers=shoppers + len(THIRDS),
            categories=place[categories] + len(THIRDS) + len(shopper_names),
        )

    def of_slates(self, slates: LoggedSlates) -> Ints:
        """[N_FAMILIES, n] the segments of each impression."""
        queries = slates.queries
        return np.stack([self.thirds[queries], self.shoppers[slates.users], self.categories[queries]])


def _shoppers(users: Sequence[Shopper], engine: Engine) -> tuple[tuple[str, ...], Ints]:
    if engine.manifest["source"] == "grocery":
        types = household_types()
        names = ("households of unknown type", *(f"households {name}" for name in sorted(set(types.values()))))
        code_of = {user: names.index(f"households {name}") for user, name in types.items()}
        return names, np.array([code_of.get(user.user_id or "", 0) for user in users], dtype=np.int64)
    names = ("shoppers with a history", "shoppers without")
    return names, (with_history(engine, users) < 0).astype(np.int64)


def _thirds(frequencies: Ints) -> Ints:
    order = np.argsort(-frequencies, kind="stable")
    above = np.cumsum(frequencies[order]) - frequencies[order]
    thirds = np.empty(len(frequencies), dtype=np.int64)
    thirds[order] = np.minimum(3 * above // max(int(frequencies.sum()), 1), 2)
    return thirds
