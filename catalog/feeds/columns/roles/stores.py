"""Columns that say what is in stock at a place, or what it costs there: `Lagersaldo Malmö`, `stock.delhi`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from trimtab.catalog.feeds.columns.evidence import ENOUGH, ColumnEvidence
from trimtab.catalog.feeds.columns.names import names_of
from trimtab.catalog.feeds.columns.roles.offers import bears_out
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.rows import clean_name, spaced, split_words, words_of
from trimtab.catalog.shop import Store

FEWEST = 2
"""Places from which on columns that are called so are places: one alone is a remark."""
_WAREHOUSES = "warehouse filiale entrepôt almacén magazzino magazyn склад 倉庫"
_NOT_OF_A_PLACE = frozenset({"count", "in_stock_status", "quantity_to_sell_on_facebook"})
_NAMES = {
    "stock": frozenset((*names_of("stock"), *names_of("in_stock"), *split_words(_WAREHOUSES))) - _NOT_OF_A_PLACE,
    "price": frozenset(names_of("price")),
}
"""What is said of a place -> the words that say so."""
_SAYING = frozenset({"stock", "inventory", "quantity", "qty", "availability"})
"""Words for stock that name no place, although `Warehouse` beside them does: `inventory_warehouse`."""
OTHER_WORDS = frozenset(
    split_words(
        "min max minimum maximum minimo máximo mínimo low alert warning level levels status state total gesamt sum all "
        "unit units einheit per pro par por sold ordered reserved reserviert available committed incoming hand order "
        "backorder safety threshold limit date policy management tracking track type id code name url text message "
        "days time updated last next mindest meldebestand step multiple box pack case size week month year of in on "
        "and und et y for from to with net gross brutto netto sale list regular original cost wholesale "
        "keeping reorder point product item variant variation article artikel option sku group parent child default"
    )
)
"""What stands beside those words without being a place."""


def stores_in(columns: Mapping[str, ColumnEvidence], taken: Collection[str]) -> dict[str, Store]:
    """The stores that columns speak of, by the names of their places; none where there are fewer than two.

    Args:
        taken: columns with another meaning.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, column in columns.items():
        for what, words, place in _readings(name) if name not in taken else ():
            if _says(what, column):
                found.setdefault((what, words), {})[place] = name
    stocks = max((places for (what, _), places in found.items() if what == "stock"), key=len, default={})
    if len(stocks) < FEWEST:
        return {}
    prices = [places for (what, _), places in found.items() if what == "price"]
    return {
        place: Store(stock=column, price=next((one[place] for one in prices if place in one), None))
        for place, column in stocks.items()
    }


def stock_columns(stores: Iterable[Store], survey: Survey) -> tuple[str, ...]:
    """The columns of what is in stock at some stores."""
    found = (survey.column_named(one.stock) for one in stores)
    return tuple(column for column in found if column is not None)


def says_by_words(column: ColumnEvidence) -> bool:
    """Whether a column says by words what is in stock, not how many."""
    return column.share("is_number") < ENOUGH


def _readings(name: str) -> Iterator[tuple[str, str, str]]:
    """What a column may say, in which words, and of which place; these stand before the place or behind it."""
    words = words_of(clean_name(spaced(name)))
    for cut in range(1, len(words)):
        for said, rest in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            known = next((what for what, names in _NAMES.items() if "_".join(said) in names), None)
            is_place = not any(word.isdecimal() or word in _SAYING or word in OTHER_WORDS for word in rest)
            if known is not None and is_place:
                yield known, "_".join(said), "_".join(rest)


def _says(what: str, column: ColumnEvidence) -> bool:
    if what == "price":
        return bears_out("price", column)
    return column.share("is_number") >= ENOUGH or bears_out("in_stock", column)
