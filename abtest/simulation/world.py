"""The simulator's world: who searches for what, and what they would buy.

A shopper comes with a wish: certain items of one kind, whose words are the query. A shown item that was wished for is
bought when it is examined; another may be taken as a substitute, by its affinity to the wish (the same kind, the same
brand, bought before), and less often the more expensive it is, as households respond to price
(`trimtab.abtest.simulation.price_response`). The ranker is not asked, so that the world does not simply agree with what
it evaluates.

Two sources of wishes:

- `grocery`: real baskets. A household that bought product type T at that time is a query for T's words by that
  household; what it wished for is what its basket really held.
- any other catalogue: nobody's baskets are known, so each wish is one item, as often as its popularity says (every item
  at least as often as a hundredth of the mean); the query is the words of its type, else category, else brand, else
  title. Shoppers are numbered and have no history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Ints
from trimtab.abtest.simulation.clicks import Flags
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.catalog.groups import Groups
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadInput
from trimtab.engine import Engine

APPEAL_OF_WISH = 0.9
APPEAL_OF_KIND = 0.15
APPEAL_OF_BRAND = 0.15
APPEAL_OF_HABIT = 0.3
"""What adds up to the appeal of a substitute: right kind; right brand, too; bought before, too."""

SUBSTITUTION = 0.5
"""A clicked substitute that costs no more is bought with this chance times its appeal's share of a wish's."""

PRICE_RESPONSE = 1.96
"""A substitute that costs 1 % more than what was wished for is bought this many % less often;
`abtest.simulation.price_response` fitted it on the grocery data, with a standard error of .08."""

FIRST_MOMENT = np.datetime64("2024-01-01T00:00:00", "us")
SECONDS_BETWEEN_SEARCHES = 10
SEARCHES_PER_SHOPPER = 10
MINIMAL_SHARE = 0.01


@dataclass(frozen=True)
class Intents:
    """Searches about to happen, in order of time.

    Attributes:
        queries: [n] code into `World.texts`.
        users: [n] code into `World.user_ids`.
        wishes: [n] row of the item wished for most (of several, the most expensive).
        baskets: [n] code of the set of items that are all wished for.
        timestamps: [n] datetime64[us], UTC, ascending.
    """

    queries: Ints
    users: Ints
    wishes: Ints
    baskets: Ints
    timestamps: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.queries)

    def take(self, which: Ints) -> Intents:
        return Intents(
            self.queries[which],
            self.users[which],
            self.wishes[which],
            self.baskets[which],
            self.timestamps[which],
        )


@dataclass(frozen=True)
class World:
    """Shoppers and their wishes over one catalogue.

    Attributes:
        texts: the queries there are.
        user_ids: who there is.
        pool: every intent there is.
        frequencies: [n] share of searches each intent of the pool makes up; None for equal shares.
        basket_keys: sorted `basket * n_items + product` of every item a basket holds.
        habit_keys: sorted `user * n_items + product` of every item a user has bought.
        habit_since: [n] datetime64[us], when first.
        products: [n_items] the product of each item, below n_items; None where each is one of its own: whoever wishes
            for a variant takes the hit that stands for it.
    """

    store: ItemStore
    texts: tuple[str, ...]
    user_ids: tuple[str, ...]
    pool: Intents
    frequencies: Floats | None
    basket_keys: Ints
    habit_keys: Ints
    habit_since: NDArray[np.datetime64]
    products: Ints | None = None

    def draw(self, n: int, rng: np.random.Generator) -> Intents:
        """n intents from the pool, with replacement, in order of time."""
        drawn = rng.choice(len(self.pool), size=n, p=self.frequencies)
        if self.frequencies is None:
            return self.pool.take(np.sort(drawn))
        intents = self.pool.take(drawn)
        n_shoppers = min(len(self.user_ids), max(n // SEARCHES_PER_SHOPPER, 1))
        users = rng.integers(0, n_shoppers, size=n)
        timestamps = FIRST_MOMENT + np.arange(n) * np.timedelta64(SECONDS_BETWEEN_SEARCHES, "s")
        return Intents(intents.queries, users, intents.wishes, intents.baskets, timestamps)

    def among(self, *, n_queries: int, n_users: int) -> World:
        """The busiest part of it: the shoppers who search most for what is searched for most."""
        often = _most_frequent(self.pool.queries, n_queries)
        users = _most_frequent(self.pool.users[often], n_users)
        kept = np.flatnonzero(often)[users]
        shares = None if self.frequencies is None else self.frequencies[kept] / self.frequencies[kept].sum()
        return replace(self, pool=self.pool.take(kept), frequencies=shares)

    def judge(self, intents: Intents, rows: Ints) -> tuple[Floats, Floats, Flags]:
        """What shown items are to the shoppers.

        Args:
            rows: [n, k] item rows shown to each of n intents, -1 for none.

        Returns:
            appeal [n, k] (0 where nothing is shown), closeness [n, k], wanted [n, k], as `abtest.simulation.clicks`
            takes them.
        """
        store, shown = self.store, rows >= 0
        at = np.where(shown, rows, 0)
        n_items, products = len(store), at if self.products is None else self.products[at]
        wanted = shown & _holds(self.basket_keys, intents.baskets[:, None] * n_items + products)
        asked = intents.users[:, None] * n_items + products
        place = np.minimum(np.searchsorted(self.habit_keys, asked), max(len(self.habit_keys) - 1, 0))
        habit = np.zeros_like(wanted)
        if len(self.habit_keys):
            known = self.habit_keys[place] == asked
            habit = known & (self.habit_since[place] < intents.timestamps[:, None])
        kinds = store.type_codes if store.types else store.category_codes
        of_kind = shown & (kinds[at] == kinds[intents.wishes][:, None]) & (kinds[at] >= 0)
        of_brand = (store.brand_codes[at] == store.brand_codes[intents.wishes][:, None]) & (store.brand_codes[at] >= 0)
        appeal = of_kind * (APPEAL_OF_KIND + APPEAL_OF_BRAND * of_brand + APPEAL_OF_HABIT * habit)
        appeal = np.where(wanted, APPEAL_OF_WISH, appeal)
        prices, wished = store.prices[at], store.prices[intents.wishes][:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            relative_price = np.maximum(prices / wished, 1.0)
        worth_it = np.nan_to_num(relative_price**-PRICE_RESPONSE, nan=1.0)
        closeness = SUBSTITUTION * worth_it * appeal / APPEAL_OF_WISH
        return appeal, closeness, wanted


def world_of(engine: Engine, *, group: bool = True) -> World:
    """The world of a bundle's catalogue.

    Args:
        group: whether shoppers see variants of one product as one hit, where the bundle has such.

    Raises:
        BadInput: there is nothing in it.
    """
    if len(engine.store) == 0:
        raise BadInput("the bundle has no items, so that nobody has anything to search for")
    products = _products(engine.pipeline.groups) if group else None
    if engine.manifest["source"] == "grocery":
        return grocery_world(engine.store, load_grocery().purchases, products=products)
    return catalogue_world(engine.store, products=products)


def _products(groups: Groups | None) -> Ints | None:
    return None if groups is None else np.unique(groups.codes, return_inverse=True)[1].astype(np.int64)


def grocery_world(store: ItemStore, purchases: pl.DataFrame, *, products: Ints | None = None) -> World:
    """Every (household, basket, product type) of the grocery data's purchases whose items the store has."""
    rows = store.rows_of(purchases["item_id"].to_list())
    lines = purchases.select(
        pl.col("household_id", "product_type").cast(pl.Categorical),
        pl.col("basket_id").rank("dense").cast(pl.Int64).alias("basket"),
        pl.col("timestamp"),
        pl.Series("row", rows),
        pl.Series("price", store.prices[rows]),
    ).filter(pl.col("row") >= 0)
    wishes = (
        lines.sort("timestamp", "basket", "product_type", "price", descending=[False, False, False, True])
        .group_by("timestamp", "basket", "household_id", "product_type", maintain_order=True)
        .agg(pl.col("row").first())
    )
    texts, queries = _codes(wishes["product_type"])
    user_ids, users = _codes(wishes["household_id"])
    n_items, bought = len(store), lines["row"].to_numpy()
    bought = bought if products is None else products[bought]
    code_of = {user: code for code, user in enumerate(user_ids)}
    owners = lines["household_id"].cast(pl.String).replace_strict(code_of, return_dtype=pl.Int64)
    habits = (
        pl.DataFrame({"key": owners * n_items + pl.Series(bought), "at": lines["timestamp"]})
        .group_by("key")
        .agg(pl.col("at").min())
        .sort("key")
    )
    return World(
        store=store,
        texts=texts,
        user_ids=user_ids,
        pool=Intents(
            queries,
            users,
            wishes["row"].to_numpy(),
            wishes["basket"].to_numpy(),
            wishes["timestamp"].to_numpy().astype("datetime64[us]"),
        ),
        frequencies=None,
        basket_keys=np.unique(lines["basket"].to_numpy() * n_items + bought),
        habit_keys=habits["key"].to_numpy(),
        habit_since=habits["at"].to_numpy().astype("datetime64[us]"),
        products=products,
    )


def catalogue_world(store: ItemStore, *, n_shoppers: int = 10_000, products: Ints | None = None) -> World:
    """One wish an item, as often as it is popular."""
    n = len(store)
    rows = np.arange(n)
    columns = [store.texts(name) for name in ("product_type", "category", "brand", "title")]
    words = [next(text for text in texts if text) for texts in zip(*columns, strict=True)]
    texts, queries = _codes(pl.Series(words).cast(pl.Categorical))
    popularity = store.popularity.astype(np.float64)
    floor = MINIMAL_SHARE * popularity.mean() or 1.0
    frequencies = np.maximum(popularity, floor)
    return World(
        store=store,
        texts=texts,
        user_ids=tuple(f"shopper-{number}" for number in range(n_shoppers)),
        pool=Intents(queries, np.zeros(n, dtype=np.int64), rows, rows, np.full(n, FIRST_MOMENT)),
        frequencies=frequencies / frequencies.sum(),
        basket_keys=rows * n + (rows if products is None else products),
        habit_keys=np.empty(0, dtype=np.int64),
        habit_since=np.empty(0, dtype="datetime64[us]"),
        products=products,
    )


def _codes(values: pl.Series) -> tuple[tuple[str, ...], Ints]:
    """Sorted distinct texts, and the code of each value."""
    names = values.unique().cast(pl.String).sort()
    code_of = {name: code for code, name in enumerate(names)}
    codes = values.cast(pl.String).replace_strict(code_of, return_dtype=pl.Int64)
    return tuple(names), codes.to_numpy()


def _most_frequent(codes: Ints, n: int) -> Flags:
    """Whether each code is among the n that stand there most often."""
    counts = np.bincount(codes)
    return np.asarray(np.isin(codes, np.argsort(-counts, kind="stable")[:n]))


def _holds(keys: Ints, wanted: Ints) -> Flags:
    """Whether each wanted key is among the sorted keys."""
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return np.asarray(keys[place] == wanted) if len(keys) else np.zeros(wanted.shape, dtype=bool)
