"""The attributes of a feed: what the shop says of them, and what its other columns show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from trimtab.catalog.attributes.definition import DISTANCE, PREFIX, Attribute
from trimtab.catalog.attributes.roles import ROLES as KNOWN
from trimtab.catalog.feeds.columns.attributes.attribute_layout import (
    AttributeLayout,
    Habits,
    as_said,
    inferred_attribute,
)
from trimtab.catalog.feeds.columns.evidence import LISTS, ColumnEvidence
from trimtab.catalog.feeds.columns.roles.categories import CATEGORY, CategoryLayout
from trimtab.catalog.feeds.columns.roles.stores import says_by_words, stock_columns
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.reshaping.dimensions import sides_of
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.places import PLACE
from trimtab.catalog.shop import AttributeKind, AttributeSection, Shop
from trimtab.core.errors import BadFile

SALE = ("sale_price", "sale_start", "sale_end")
"""Attributes of a sale that holds for a time."""
MAX_ATTRIBUTES = 1_000
"""Columns beyond that, those which the fewest items have, are searched as text only."""
PAID = "what the shop pays"

NamedSection = tuple[str, AttributeSection]
"""The name of an attribute, and what the shop says of it."""


class FeedAttributes(NamedTuple):
    """What becomes of the columns that have no role.

    Attributes:
        attributes: in the order in which the shop names them, then in the feed's.
        searched: columns whose text is searched, where there are too many for attributes of their own.
        ignored: column -> why nothing is made of it.
    """

    attributes: tuple[AttributeLayout, ...]
    searched: tuple[str, ...]
    ignored: Mapping[str, str]


def attributes_of(
    survey: Survey,
    roles: Mapping[str, str],
    shop: Shop,
    habits: Habits,
    *,
    categories: CategoryLayout,
    group_by: str | None,
    path: object,
) -> FeedAttributes:
    """The attributes of the items, made of columns or of what has a role.

    Args:
        group_by: the column that variants of a product have in common.

    Raises:
        BadFile: a column would stand in the place of what all items have.
    """
    ignored = {name: why for name, column in survey.columns.items() if (why := _useless(column))}
    found = list(_of_columns(survey, roles, shop, habits, ignored, group_by))
    found = _but_built_in(found, roles, shop, ignored, path)
    if categories.is_path or categories.is_multi:
        found = _with_categories(found, categories, roles, shop)
    if "sale_price" in roles and {"sale_period", "sale_start", "sale_end"} & set(roles):
        found += [_sale(name) for name in SALE]
    if "location" in roles or "latitude" in roles:
        found = [one for one in found if one.attribute.name != DISTANCE] + [_coordinate(name) for name in PLACE]
    order = {name: place for place, name in enumerate(shop.attributes)}
    found.sort(key=lambda one: order.get(one.attribute.name, len(order)))
    kept, searched = _most_filled(found, survey, shop)
    of_roles = set(roles.values())
    return FeedAttributes(tuple(kept), searched, {name: why for name, why in ignored.items() if name not in of_roles})


def _useless(column: ColumnEvidence) -> str:
    if column.n_values == 0:
        return "empty"
    if column.share("is_address") >= 0.9:
        return "addresses"
    return ""


def _of_columns(
    survey: Survey,
    roles: Mapping[str, str],
    shop: Shop,
    habits: Habits,
    ignored: dict[str, str],
    group_by: str | None,
) -> Iterator[AttributeLayout]:
    """The columns that are attributes, as the shop says or as they show."""
    sections, parts = _sections(survey, roles, shop)
    elsewhere, at_stores = _elsewhere(shop), stock_columns(shop.stores.values(), survey)
    internal = {group_by, roles.get("stock"), *at_stores}
    by_name = {clean_name(name): column for name, column in survey.columns.items()}
    kept = {*internal, *(name for name in survey.columns if clean_name(name) in elsewhere)}
    weighed = {name for one in shop.objectives.values() for name in one.names}
    of_roles, taken = set(roles.values()), set[str]()
    for source, column in survey.columns.items():
        plain = clean_name(source)
        section = sections.get(plain)
        if section is None and source not in kept and (source in of_roles or source in ignored or not plain):
            continue
        inferred = inferred_attribute(source, survey, habits, by_name, is_internal=source in internal)
        if source in at_stores and says_by_words(column):
            inferred = replace(inferred, attribute=replace(inferred.attribute, kind="flag", search=False))
        if section is not None:
            ignored.pop(source, None)
            inferred = _as_said(inferred, section, column)
        if inferred.attribute.is_hidden and inferred.attribute.name not in weighed and plain not in elsewhere:
            paid = f"{PAID}; [objectives] may read {inferred.attribute.name}"
            ignored[source] = "as shop.toml says" if section else paid
            continue
        if inferred.attribute.name in taken:
            ignored[source] = f"another column is called {inferred.attribute.name} too"
            continue
        named = _named_sides(inferred, parts.get(plain, ()))
        sides = named if section is not None or named else sides_of(inferred, column)
        taken.update(one.attribute.name for one in (inferred, *sides))
        yield from (inferred, *sides)


def _sections(
    survey: Survey, roles: Mapping[str, str], shop: Shop
) -> tuple[Mapping[str, NamedSection], Mapping[str, Sequence[NamedSection]]]:
    """What the shop says of columns by their plain names: of each as a whole, and of the numbers in its texts."""
    whole: dict[str, NamedSection] = {}
    parts: dict[str, list[NamedSection]] = {}
    for name, section in shop.attributes.items():
        source = _source_of(section, shop, survey)
        if section.part is not None:
            parts.setdefault(source, []).append((name, section))
        elif name not in (*SALE, *PLACE, DISTANCE) and not _is_of_role(name, source, roles):
            whole[source or clean_name(name)] = name, section
    return whole, parts


def _as_said(inferred: AttributeLayout, section: NamedSection, column: ColumnEvidence) -> AttributeLayout:
    """A column as the shop says; several values in one text are found by a sign that it has."""
    attribute = as_said(*section, inferred.attribute)
    separator = inferred.separator or next((sign for sign in LISTS if column.share_with(sign)), None)
    is_written = attribute.multi and (inferred.separator is not None or not column.n_lists)
    return replace(inferred, attribute=attribute, separator=separator if is_written else None)


def _but_built_in(
    attributes: Iterable[AttributeLayout],
    roles: Mapping[str, str],
    shop: Shop,
    ignored: dict[str, str],
    path: object,
) -> list[AttributeLayout]:
    """The attributes but for columns that would stand in the place of what every catalogue has: price, stock...

    Raises:
        BadFile: one of them is said to be an attribute, by a name that begins with `attr_`.
    """
    kept = []
    for one in attributes:
        name = one.attribute.name
        is_free = name not in roles and name in KNOWN and KNOWN[name].kind == "text"
        if name not in KNOWN or name == CATEGORY or name in shop.attributes or is_free:
            kept.append(one)
        elif one.source.lower().startswith(PREFIX):
            raise BadFile(
                path,
                f"column {one.source!r} would stand in the place of {name}, which all items have; "
                f"allowed: {name} by itself, or another name",
            )
        else:
            ignored[one.source] = f"{roles[name]} is the {name}" if name in roles else f"not what a {name} is"
    return kept


def _named_sides(text: AttributeLayout, parts: Iterable[NamedSection]) -> list[AttributeLayout]:
    """The numbers in a column's texts that a shop names."""
    return [
        replace(text, attribute=Attribute.of_section(name, section), side=section.part - 1, separator=None)
        for name, section in parts
        if section.part is not None
    ]


def _source_of(section: AttributeSection, shop: Shop, survey: Survey) -> str:
    """The plain name of a section's column as the survey has it: one that `[catalogue]` names is called by its role."""
    column = clean_name(section.column or "")
    if any(clean_name(one) == column for one in survey.columns):
        return column
    return next((role for role, one in shop.catalogue.columns.items() if clean_name(one) == column), column)


def _is_of_role(name: str, source: str, roles: Mapping[str, str]) -> bool:
    """Whether a section speaks of a column that trimtab knows the meaning of, and not of one of the shop's own."""
    column = source or clean_name(roles.get(name, name))
    return name in KNOWN and column == clean_name(roles.get(name, name))


def _elsewhere(shop: Shop) -> set[str]:
    """Columns that price lists and stores are made of."""
    lists = [
        name for one in shop.prices.values() for name in (one.column, one.sale_price, one.sale_start, one.sale_end)
    ]
    stores = [name for one in shop.stores.values() for name in (one.stock, one.price)]
    return {clean_name(name) for name in (*lists, *stores) if name}


def _with_categories(
    attributes: list[AttributeLayout], categories: CategoryLayout, roles: Mapping[str, str], shop: Shop
) -> list[AttributeLayout]:
    """The attributes with all of an item's categories, in the place of a column that says less."""
    if any(one.attribute.name == CATEGORY and one.source == roles.get(CATEGORY) for one in attributes):
        return attributes
    kind: AttributeKind = "path" if categories.is_path else "text"
    attribute = Attribute.usual(CATEGORY, kind, multi=categories.is_multi)
    if CATEGORY in shop.attributes:
        attribute = replace(Attribute.of_section(CATEGORY, shop.attributes[CATEGORY]), kind=kind, multi=attribute.multi)
    others = [one for one in attributes if one.attribute.name != CATEGORY]
    return [*others, AttributeLayout(CATEGORY, attribute)]


def _sale(name: str) -> AttributeLayout:
    usual = Attribute.usual(name, "number" if name == "sale_price" else "date")
    return AttributeLayout(name, replace(usual, search=False, facet=False))


def _coordinate(name: str) -> AttributeLayout:
    usual = Attribute.usual(name, "number")
    return AttributeLayout(name, replace(usual, search=False, facet=False, sort=False))


def _most_filled(
    attributes: list[AttributeLayout], survey: Survey, shop: Shop
) -> tuple[list[AttributeLayout], tuple[str, ...]]:
    """The attributes that the shop names and those of most items; and the columns of the others."""
    if len(attributes) <= MAX_ATTRIBUTES:
        return attributes, ()

    def rank(one: AttributeLayout) -> tuple[bool, int]:
        column = survey.columns.get(one.source)
        return one.attribute.name in shop.attributes or column is None, column.n if column else 0

    kept = {one.source for one in sorted(attributes, key=rank, reverse=True)[:MAX_ATTRIBUTES]}
    return [one for one in attributes if one.source in kept], tuple(
        one.source for one in attributes if one.source not in kept and one.attribute.search
    )
