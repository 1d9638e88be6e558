"""What becomes of each column of a feed: a column of the catalogue, an attribute, or nothing; and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.cells import CellRules, rules_with
from trimtab.catalog.feeds.columns.attributes.attribute_layout import AttributeLayout, Habits, is_day_first
from trimtab.catalog.feeds.columns.attributes.feed_attributes import PAID, attributes_of
from trimtab.catalog.feeds.columns.evidence import file_format
from trimtab.catalog.feeds.columns.price_names import is_in_minor_units
from trimtab.catalog.feeds.columns.roles.categories import CategoryLayout, categories_in
from trimtab.catalog.feeds.columns.roles.grouping import STOCK, group_column
from trimtab.catalog.feeds.columns.roles.offers import is_percent
from trimtab.catalog.feeds.columns.roles.origin import currency_in, languages_in
from trimtab.catalog.feeds.columns.roles.roles import found_roles
from trimtab.catalog.feeds.columns.roles.stores import stock_columns, stores_in
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.schema import COLUMNS, REQUIRED
from trimtab.catalog.shop import Shop, Store
from trimtab.text.numbers import NumberFormat

_NUMBERS = tuple(name for name, column in COLUMNS.items() if column.kind not in ("text", "flag"))


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
    searched: tuple[str, ...]
    categories: CategoryLayout
    group_by: str | None
    languages: tuple[str, ...]
    has_own_words: bool
    is_day_first: bool
    stores: Mapping[str, Store]
    stock_columns: tuple[str, ...]
    discount_in_percent: bool
    in_cents: frozenset[str]
    survey: Survey | None = field(repr=False)

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
    at_stores = stock_columns(shop.stores.values(), survey)
    roles = {role: column for role, column in roles.items() if role not in STOCK or column not in at_stores}
    languages = languages_in(survey, roles, shop)
    currency = shop.catalogue.currency or currency_in(survey, roles, languages)
    whole = file_format(survey.columns.values())
    if shop.catalogue.decimal is not None:
        whole = NumberFormat(shop.catalogue.decimal)
    categories = categories_in(survey, roles)
    group_by = survey.column_named(shop.variants.group_by) or group_column(survey, roles)
    habits = Habits(whole, is_day_first(survey, currency), languages)
    found = attributes_of(survey, roles, shop, habits, categories=categories, group_by=group_by, path=path)
    return Layout(
        platform=survey.platform.name,
        roles=roles,
        attributes=found.attributes,
        ignored=found.ignored,
        rules=rules_with(shop, currency, _formats(survey, roles, whole)),
        is_day_first=habits.is_day_first,
        searched=found.searched,
        categories=categories,
        group_by=_attribute_of(group_by, found.attributes) if group_by else None,
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


def _formats(survey: Survey, roles: Mapping[str, str], whole: NumberFormat) -> dict[str, NumberFormat]:
    """How each role's column writes numbers; as the whole feed does where it does not show it."""
    own = {
        role: survey.columns[column].number_format
        for role, column in roles.items()
        if role in _NUMBERS or role == "sale_price"
    }
    return {role: one if one.decimal else whole for role, one in own.items()}


def _attribute_of(column: str, attributes: Iterable[AttributeLayout]) -> str:
    return next((one.attribute.name for one in attributes if one.source == column), clean_name(column))


def _but_stock(roles: Mapping[str, str]) -> set[str]:
    return {column for role, column in roles.items() if role not in STOCK}


def _has_own_words(survey: Survey, roles: Mapping[str, str]) -> bool:
    return "in_stock" in roles and survey.platform.is_of_the_shop and "in_stock" not in survey.names
