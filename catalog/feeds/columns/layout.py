"""What becomes of each column of a feed: a column of the catalogue, an attribute, or nothing; and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from trimtab.catalog.attributes.definition import DISTANCE, PREFIX, Attribute
from trimtab.catalog.attributes.roles import ROLES as KNOWN
from trimtab.catalog.cells import CellRules, rules_with
from trimtab.catalog.feeds.columns.attribute_layout import (
    AttributeLayout,
    Habits,
    as_said,
    inferred_attribute,
    is_day_first,
)
from trimtab.catalog.feeds.columns.evidence import LISTS, ColumnEvidence, Steps, file_format
from trimtab.catalog.feeds.columns.grouping import STOCK, group_column
from trimtab.catalog.feeds.columns.names import role_of
from trimtab.catalog.feeds.columns.offers import is_percent
from trimtab.catalog.feeds.columns.origin import currency_in, languages_in
from trimtab.catalog.feeds.columns.price_names import is_in_minor_units
from trimtab.catalog.feeds.columns.roles import found_roles
from trimtab.catalog.feeds.columns.stores import says_by_words, stores_in
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.reshaping.dimensions import sides_of
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.places import PLACE
from trimtab.catalog.schema import COLUMNS, REQUIRED
from trimtab.catalog.shop import AttributeKind, AttributeSection, Shop, Store
from trimtab.core.errors import BadFile
from trimtab.text.numbers import NumberFormat

CATEGORY = "category"
"""The attribute with all of an item's categories, where it has several or they have steps."""
SALE = ("sale_price", "sale_start", "sale_end")
"""Attributes of a sale that holds for a time."""

MAX_ATTRIBUTES = 1_000
"""Columns beyond that, those which the fewest items have, are searched as text only."""
MAX_REPEATS = 20
"""How often one value of a column counts where its steps are looked for."""

PAID = "what the shop pays"

_NUMBERS = tuple(name for name, column in COLUMNS.items() if column.kind not in ("text", "flag"))


@dataclass(frozen=True, slots=True)
class CategoryLayout:
    """How categories are written.

    Attributes:
        separator: between several in one text.
        step: between the steps of one, where it is not `>`.
        is_path: whether they have steps.
        is_list_path: whether those stand in a list.
        is_multi: whether an item may have several.
    """

    separator: str | None = None
    step: str | None = None
    is_path: bool = False
    is_list_path: bool = False
    is_multi: bool = False


@dataclass(frozen=True)
class Layout:
    """What becomes of the columns of a feed.

    Attributes:
        platform: the name of its format.
        roles: role -> column.
        attributes: what becomes an attribute.
        ignored: column -> why nothing is made of it.
        rules: how cells of the catalogue's own columns are read.
        searched: columns whose text is searched, where there are too many for attributes of their own.
        categories: how categories are written.
        group_by: the attribute that variants of a product have in common.
        stores: by name; `stock_columns` say what is in stock at one of them.
        discount_in_percent: whether shares off the price are bare numbers of percents.
        in_cents: roles whose columns count cents, by what the feed calls them.
        is_day_first: whether `01/02/2024` is in February, by what all dates of the feed show.
        has_own_words: whether what is in stock is said in words that the shop chose, some of which may not be known.
        survey: what this was decided by.
    """

    platform: str
    roles: Mapping[str, str]
    attributes: tuple[AttributeLayout, ...]
    ignored: Mapping[str, str]
    rules: CellRules
    searched: tuple[str, ...] = ()
    categories: CategoryLayout = CategoryLayout()
    group_by: str | None = None
    languages: tuple[str, ...] = ()
    has_own_words: bool = False
    is_day_first: bool = True
    stores: Mapping[str, Store] = field(default_factory=dict)
    stock_columns: tuple[str, ...] = ()
    discount_in_percent: bool = False
    in_cents: frozenset[str] = frozenset()
    survey: Survey | None = field(default=None, repr=False)

    @property
    def columns(self) -> frozenset[str]:
        """Columns of the schema that the feed says something of."""
        made = {
            "price": ("price", "sale_price"),
            "in_stock": STOCK,
            "discount": ("discount", "sale_price"),
            "product_type": ("product_type", "category") if self.categories.is_path else ("product_type",),
        }
        known = {*self.roles, *(("in_stock",) if self.stock_columns else ())}
        return frozenset(name for name in COLUMNS if not known.isdisjoint(made.get(name, (name,))))

    @property
    def costs(self) -> tuple[str, ...]:
        """What the shop pays for an item: columns that nothing is made of until an objective reads them."""
        return tuple(clean_name(column) for column, why in self.ignored.items() if why.startswith(PAID))

    @property
    def definitions(self) -> tuple[Attribute, ...]:
        return tuple(one.attribute for one in self.attributes)


def layout_of(survey: Survey, shop: Shop, path: object, *, required: Iterable[str] = REQUIRED) -> Layout:
    """Decide by what the columns show and by what the shop says.

    Args:
        required: roles without which nothing can be read.

    Raises:
        BadFile: no column has the item's id or its title.
    """
    roles = found_roles(survey, path, required)
    if not shop.stores:
        shop = shop.model_copy(update={"stores": stores_in(survey.columns, _but_stock(roles))})
    at_stores = _stock_columns(shop, survey)
    roles = {role: column for role, column in roles.items() if role not in STOCK or column not in at_stores}
    languages = languages_in(survey, roles, shop)
    currency = shop.catalogue.currency or currency_in(survey, roles, languages)
    whole = file_format(survey.columns.values())
    if shop.catalogue.decimal is not None:
        whole = NumberFormat(shop.catalogue.decimal)
    formats = {}
    for role in roles.keys() & {*_NUMBERS, "sale_price"}:
        column = roles[role]
        own = survey.columns[column].number_format
        formats[role] = own if own.decimal else whole
    categories = _categories(survey, roles)
    group_by = _column_named(shop.variants.group_by, survey) or group_column(survey, roles)
    ignored = {name: why for name, column in survey.columns.items() if (why := _useless(column))}
    habits = Habits(whole, is_day_first(survey, currency), languages)
    attributes = list(_attributes(survey, roles, shop, habits, ignored, group_by))
    attributes = _but_built_in(attributes, roles, shop, ignored, path)
    if categories.is_path or categories.is_multi:
        attributes = _with_categories(attributes, categories, roles, shop)
    if "sale_price" in roles and {"sale_period", "sale_start", "sale_end"} & set(roles):
        attributes += [_sale(name) for name in SALE]
    if "location" in roles or "latitude" in roles:
        attributes += [_coordinate(name) for name in PLACE]
        attributes = [one for one in attributes if one.attribute.name != DISTANCE]
    order = {name: place for place, name in enumerate(shop.attributes)}
    attributes.sort(key=lambda one: order.get(one.attribute.name, len(order)))
    attributes, searched = _most_filled(attributes, survey, shop)
    return Layout(
        platform=survey.platform.name,
        roles=roles,
        attributes=tuple(attributes),
        ignored={name: why for name, why in ignored.items() if name not in roles.values()},
        rules=rules_with(shop, currency, formats),
        is_day_first=habits.is_day_first,
        searched=searched,
        categories=categories,
        group_by=_attribute_of(group_by, attributes) if group_by else None,
        languages=languages,
        has_own_words=_has_own_words(survey, roles),
        stores=shop.stores,
        stock_columns=at_stores,
        discount_in_percent="discount" in roles and is_percent(survey.columns[roles["discount"]]),
        in_cents=frozenset(
            role for role, column in roles.items() if is_in_minor_units(shop.catalogue.columns.get(role, column))
        ),
        survey=survey,
    )


def _attribute_of(column: str, attributes: Iterable[AttributeLayout]) -> str:
    return next((one.attribute.name for one in attributes if one.source == column), clean_name(column))


def _but_stock(roles: Mapping[str, str]) -> set[str]:
    return {column for role, column in roles.items() if role not in STOCK}


def _stock_columns(shop: Shop, survey: Survey) -> tuple[str, ...]:
    """The columns of what is in stock at the shop's stores."""
    found = (_column_named(one.stock, survey) for one in shop.stores.values())
    return tuple(column for column in found if column is not None)


def _has_own_words(survey: Survey, roles: Mapping[str, str]) -> bool:
    return "in_stock" in roles and survey.platform.is_of_the_shop and "in_stock" not in survey.names


def _categories(survey: Survey, roles: Mapping[str, str]) -> CategoryLayout:
    column = survey.columns.get(roles.get("category", ""), ColumnEvidence())
    separator = column.separator() or column.shared_separator()
    step = "/" if not column.share("is_path") and _share_with(column, "/") >= 0.5 else None
    if separator and _are_steps(column, separator):
        separator, step = None, separator
    is_list_path = survey.steps.are_steps
    return CategoryLayout(
        separator=separator,
        step=step,
        is_path=step is not None or is_list_path or column.share("is_path") > 0.05,
        is_list_path=is_list_path,
        is_multi=bool(separator or (column.n_lists and not is_list_path)),
    )


def _are_steps(column: ColumnEvidence, separator: str) -> bool:
    """Whether what separates the parts of a cell stands between the steps of one path."""
    steps = Steps()
    for value, n in column.distinct.items():
        for _ in range(min(n, MAX_REPEATS)):
            steps.add([part.strip() for part in value.split(separator) if part.strip()])
    return steps.are_steps


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


def _share_with(column: ColumnEvidence, sign: str) -> float:
    """The share of different values that have a sign inside."""
    return sum(sign in value.strip(sign) for value in column.distinct) / max(1, len(column.distinct))


def _sale(name: str) -> AttributeLayout:
    usual = Attribute.usual(name, "number" if name == "sale_price" else "date")
    return AttributeLayout(name, replace(usual, search=False, facet=False))


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


def _coordinate(name: str) -> AttributeLayout:
    usual = Attribute.usual(name, "number")
    return AttributeLayout(name, replace(usual, search=False, facet=False, sort=False))


def _useless(column: ColumnEvidence) -> str:
    if column.n_values == 0:
        return "empty"
    if column.share("is_address") >= 0.9:
        return "addresses"
    return ""


def _attributes(
    survey: Survey,
    roles: Mapping[str, str],
    shop: Shop,
    habits: Habits,
    ignored: dict[str, str],
    group_by: str | None,
) -> Iterator[AttributeLayout]:
    """Attributes as the shop names them, then those that other columns are."""
    sources = {name: _source_of(section, shop, survey) for name, section in shop.attributes.items()}
    by_source = {
        sources[name] or clean_name(name): (name, section)
        for name, section in shop.attributes.items()
        if section.part is None
        and name not in (*SALE, *PLACE, DISTANCE)
        and not _is_of_role(name, sources[name], roles)
    }
    parts: dict[str, list[tuple[str, AttributeSection]]] = {}
    for name, section in shop.attributes.items():
        if section.part is not None:
            parts.setdefault(sources[name], []).append((name, section))
    elsewhere, at_stores = _elsewhere(shop), _stock_columns(shop, survey)
    internal = {group_by, roles.get("stock"), *at_stores}
    by_name = {clean_name(name): column for name, column in survey.columns.items()}
    kept = {*internal, *(name for name in survey.columns if clean_name(name) in elsewhere)}
    weighed = {name for one in shop.objectives.values() for name in one.names}
    of_roles, taken = set(roles.values()), set[str]()
    for source, column in survey.columns.items():
        plain = clean_name(source)
        said = by_source.get(plain)
        if said is None and source not in kept and (source in of_roles or source in ignored or not plain):
            continue
        inferred = inferred_attribute(source, survey, habits, by_name, is_internal=source in internal)
        if source in at_stores and says_by_words(column):
            inferred = replace(inferred, attribute=replace(inferred.attribute, kind="flag", search=False))
        if said is not None:
            ignored.pop(source, None)
            attribute = as_said(said[0], said[1], inferred.attribute)
            inferred = replace(inferred, attribute=attribute)
            separator = inferred.separator or next((sign for sign in LISTS if _share_with(column, sign)), None)
            is_written = attribute.multi and (inferred.separator is not None or not column.n_lists)
            inferred = replace(inferred, separator=separator if is_written else None)
        if inferred.attribute.is_hidden and inferred.attribute.name not in weighed and plain not in elsewhere:
            paid = f"{PAID}; [objectives] may read {inferred.attribute.name}"
            ignored[source] = "as shop.toml says" if said else paid
            continue
        if inferred.attribute.name in taken:
            ignored[source] = f"another column is called {inferred.attribute.name} too"
            continue
        named = _named_sides(inferred, parts.get(plain, ()))
        sides = named if said is not None or named else sides_of(inferred, column)
        taken.update(one.attribute.name for one in (inferred, *sides))
        yield from (inferred, *sides)


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


def _named_sides(text: AttributeLayout, parts: Iterable[tuple[str, AttributeSection]]) -> list[AttributeLayout]:
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


def _column_named(name: str | None, survey: Survey) -> str | None:
    """The column that a shop means by a name."""
    if name is None:
        return None
    role = role_of(name)
    found = next((column for column in survey.columns if clean_name(column) == clean_name(name)), None)
    return found or (role[0] if role and role[0] in survey.columns else None)
