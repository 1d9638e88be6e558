"""Which column of a feed ties variants of a product together."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.catalog.attributes.roles import ROLES as KNOWN
from trimtab.catalog.feeds.columns.evidence import ENOUGH, ColumnEvidence
from trimtab.catalog.feeds.columns.names import is_code_name, role_named
from trimtab.catalog.feeds.columns.survey import Survey, is_price_name
from trimtab.catalog.feeds.rows import clean_name, spaced, words_of

STOCK = ("in_stock", "stock")
"""Roles that say what can be bought, wherever it is."""
MOST_VARIANTS = 100
"""Items of a product on average, of which there are no more than there are products, where nothing says a group."""
MOST_TITLES, MOST_NAMED = 0.7, 0.5
"""The most different titles of items that are variants by them, and the fewest of them that say which they are."""
_OF_VARIANTS = frozenset({"variation", "variant", "variante", "variação", "variación", "variazione", "wariant"})


def group_column(survey: Survey, roles: Mapping[str, str]) -> str | None:
    """The column that ties variants together: the one said to, or one whose items' titles share a stem."""
    if "group_id" in roles:
        return roles["group_id"]
    if survey.has_made_titles:
        return None  # titles made of other columns are alike wherever those are
    taken = {column for role, column in roles.items() if role != "item_id"}
    found = []
    for name, groups in survey.groups.items():
        column = survey.columns[name]
        repeated = groups.repeated
        n_grouped = sum(groups.n_items[value] for value in repeated)
        if name in taken or column.n < 0.5 * survey.n_rows or len(repeated) < 2 or n_grouped < 0.1 * column.n:
            continue
        if _is_of_many(name, column) or n_grouped / len(repeated) > min(MOST_VARIANTS, len(groups.n_items)):
            continue
        alike = min(groups.share_of_a_stem, groups.share_of_own_stems, groups.share_of_one_brand)
        if alike >= 0.8:
            found.append((n_grouped, is_code_name(clean_name(spaced(name))), name))
    return max(found)[2] if found else _titles_of_variants(survey, roles)


def _titles_of_variants(survey: Survey, roles: Mapping[str, str]) -> str | None:
    """The column with the titles, where it repeats beside one that is said to tell variants apart."""
    title = roles.get("title", "")
    column = survey.columns.get(title)
    if column is None or clean_name(title) in KNOWN or not survey.platform.is_of_the_shop:
        return None
    tells = any(
        one.n >= MOST_NAMED * survey.n_rows and not _OF_VARIANTS.isdisjoint(words_of(clean_name(name)))
        for name, one in survey.columns.items()
    )
    return title if tells and column.n_distinct <= MOST_TITLES * column.n else None


def _is_of_many(name: str, column: ColumnEvidence) -> bool:
    """Whether a column says what many products are, and ties none of them together: a price, a size, yes or no."""
    measures = (column.share(what) for what in ("is_flag", "is_date", "is_path"))
    is_measure = column.share("is_number") >= ENOUGH and not all(map(str.isdecimal, column.distinct))
    is_amount = is_measure or column.are_prices or (bool(column.units) and not column.are_codes)
    return is_amount or is_price_name(name) or max(measures) >= ENOUGH or role_named(name) in STOCK
