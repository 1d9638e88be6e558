"""What was taken for what in a feed: as a `shop.toml` to edit, and in ten lines for a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from trimtab.catalog.attributes.definition import DISTANCE, Attribute
from trimtab.catalog.feeds.columns.attributes.attribute_layout import AttributeLayout, is_same_for_all
from trimtab.catalog.feeds.columns.attributes.feed_attributes import SALE
from trimtab.catalog.feeds.columns.layout import Layout
from trimtab.catalog.feeds.columns.roles.origin import currencies_of_name
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.places import PLACE
from trimtab.catalog.shop import ROLES, AttributeSection, PriceList, Shop, Variants
from trimtab.core.counted import counted
from trimtab.text.amounts.currencies import codes

_NAMED = frozenset(ROLES) - {"stock", "sale_period"}
"""Roles that an inferred file names; the column of others is an attribute by its own name, too."""
MAX_NAMED = 8
"""Columns that a line names; it counts the others."""
MAX_SHOWN = 24
"""Characters of a value that a line shows."""


def shop_of(layout: Layout, shop: Shop) -> Shop:
    """What `shop` says, completed by what was inferred."""
    catalogue = shop.catalogue
    columns = {role: column for role, column in layout.roles.items() if role in _NAMED and role != column}
    return shop.model_copy(
        update={
            "catalogue": catalogue.model_copy(
                update={
                    "currency": catalogue.currency or layout.rules.currency,
                    "decimal": catalogue.decimal or _decimal(layout),
                    "language": layout.languages or catalogue.language,
                    "columns": {**columns, **catalogue.columns},
                }
            ),
            "attributes": {
                **{one.attribute.name: _section(one) for one in layout.attributes},
                **_dropped(layout, shop),
            },
            "prices": {**_price_lists(layout), **shop.prices},
            "stores": layout.stores,
            "variants": shop.variants if shop.variants.by_size else Variants(group_by=layout.group_by),
        }
    )


def _price_lists(layout: Layout) -> dict[str, PriceList]:
    """A price list for each market that the feed has prices of."""
    start = layout.survey.platform.market_price if layout.survey else ""
    columns = [one for one in layout.attributes if start and one.source.startswith(start)]
    lists = {clean_name(one.source.removeprefix(start)): PriceList(column=one.attribute.name) for one in columns}
    return {**_other_currencies(layout), **lists}


def _other_currencies(layout: Layout) -> dict[str, PriceList]:
    """A price list for each other currency that the item's price is said in: `price_usd` beside `price_eur`."""
    if "price" not in layout.roles or currencies_of_name(layout.roles["price"]) not in ((), (layout.rules.currency,)):
        return {}
    stem = _without_currency(layout.roles["price"])
    return {
        code.lower(): PriceList(column=one.attribute.name, currency=code)
        for one in layout.attributes
        if one.attribute.kind == "number" and _without_currency(one.source) == stem
        for code in currencies_of_name(one.source)[:1]
        if code != layout.rules.currency
    }


def _without_currency(name: str) -> str:
    """A price's name without a currency and the number 1, in words."""
    words = re.split(r"[_.]", clean_name(name))
    return " ".join(word for word in words if word.upper() not in codes() and word != "1")


def _decimal(layout: Layout) -> Literal[".", ","] | None:
    """The decimal sign that prices show."""
    found = layout.rules.formats.get("price")
    return found.decimal if found is not None else None


def _section(one: AttributeLayout) -> AttributeSection:
    attribute = one.attribute
    usual = Attribute.usual(attribute.name, attribute.kind, multi=attribute.multi)
    used = {
        name: getattr(attribute, name)
        for name in ("search", "filter", "facet", "sort")
        if getattr(attribute, name) != getattr(usual, name)
    }
    label = attribute.label if attribute.label != usual.label else None
    column = one.source if one.source != attribute.name else None
    part = None if one.side is None else one.side + 1
    return AttributeSection(
        type=attribute.kind, column=column, part=part, multi=attribute.multi, unit=attribute.unit, label=label, **used
    )


def _dropped(layout: Layout, shop: Shop) -> dict[str, AttributeSection]:
    """Sections that leave a column out: they go on doing so."""
    kept = {one.attribute.name for one in layout.attributes}
    return {name: section for name, section in shop.attributes.items() if name not in kept}


def said_of(layout: Layout) -> tuple[str, ...]:
    """What each column was taken for, in about ten lines."""
    return tuple(line for line in _said(layout) if line)


def _said(layout: Layout) -> Iterator[str]:
    yield f"read as: {layout.platform}"
    roles = [f"{role} from {column}" if role != column else role for role, column in layout.roles.items()]
    yield f"columns: {', '.join(roles)}"
    yield _prices(layout)
    if layout.languages:
        yield f"language: {', '.join(layout.languages)}"
    own = [one for one in layout.attributes if one.source not in (*SALE, *PLACE)]
    yield _variants(layout)
    if any(one.source in PLACE for one in layout.attributes):
        yield f"places: near=LATITUDE,LONGITUDE gives items a {DISTANCE}"
    yield _named("stores, one of which a search chooses by store=NAME", layout.stores)
    facets = [one for one in own if one.attribute.facet]
    yield _named("facets", (_described(layout, one) for one in facets))
    others = [one for one in own if not one.attribute.facet]
    same = [one for one in others if one.side is None and _is_same(layout, one)]
    others = [one for one in others if one not in same]
    yield _named("to filter or sort by alone", (one.attribute.name for one in others if one.attribute.filter))
    yield _named("the same for all items", (f"{one.attribute.name} ({_only(layout, one)})" for one in same))
    rest = [one.attribute for one in others if not one.attribute.filter]
    yield _named("searched alone", (one.name for one in rest if one.search))
    yield _named("for [objectives] alone", (one.name for one in rest if not one.search))
    yield _named("searched as one text", layout.searched)
    yield _named("nothing was made of", (f"{name} ({why})" for name, why in layout.ignored.items()))
    if layout.survey is not None:
        left_out = layout.survey.omitted.most_common()
        yield from (f"{counted(n, 'row is', 'rows are')} left out: {why}" for why, n in left_out)


def _prices(layout: Layout) -> str:
    if "price" not in layout.roles or layout.survey is None:
        return ""
    column = layout.survey.columns.get(layout.roles["price"])
    if column is None or not column.n:
        return ""
    currency = layout.rules.currency
    where = f"{column.n_prices:,} of {column.n:,} say so" if column.n_prices else "said for all of them at once"
    line = f"prices: in {currency} ({where})" if currency else "prices: in no currency that is named"
    found = layout.rules.formats.get("price")
    if found is None or found.decimal is None:
        return line if column.n_typed else f"{line}; 1.299 and 1,299 would be 1299: no price shows a decimal sign"
    shown = f"{found.n_for:,} of {found.n_for + found.n_against:,} that show one"
    return f"{line}; decimal {'comma' if found.decimal == ',' else 'point'} (by {shown})"


def _variants(layout: Layout) -> str:
    if layout.group_by is None or layout.survey is None:
        return "variants: none; every item is a product"
    groups = next((one for name, one in layout.survey.groups.items() if clean_name(name) == layout.group_by), None)
    several = f": {counted(len(groups.repeated), 'value has', 'values have')} several items" if groups else ""
    return f"variants: items with one {layout.group_by} are one product{several}"


def _is_same(layout: Layout, one: AttributeLayout) -> bool:
    survey = layout.survey
    return (
        survey is not None
        and one.source in survey.columns
        and is_same_for_all(survey.columns[one.source], survey.n_rows)
    )


def _only(layout: Layout, one: AttributeLayout) -> str:
    """The value that all items have."""
    value = next(iter(layout.survey.distinct_of(one.source)), "") if layout.survey else ""
    return value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"


def _described(layout: Layout, one: AttributeLayout) -> str:
    attribute = one.attribute
    kind = f"{attribute.kind}, {attribute.unit}" if attribute.unit else attribute.kind
    several = ", several" if attribute.multi else ""
    column = layout.survey.columns.get(layout.roles.get(one.source, one.source)) if layout.survey else None
    values = f", {column.n_distinct:,} values" if column and attribute.kind in ("text", "path") else ""
    return f"{attribute.name} ({kind}{several}{values})"


def _named(what: str, names: Iterable[str]) -> str:
    names = list(names)
    if not names:
        return ""
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"{what}: {', '.join(names[:MAX_NAMED])}{more}"
