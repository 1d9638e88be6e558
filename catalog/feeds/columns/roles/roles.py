"""Which column of a feed is the item's id, its title, its price: by what it is called, else by what it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from trimtab.catalog.feeds.columns.attributes.attribute_layout import are_records
from trimtab.catalog.feeds.columns.evidence import ENOUGH, ColumnEvidence
from trimtab.catalog.feeds.columns.names import is_code_name, roles_of, roles_within, spaced_names
from trimtab.catalog.feeds.columns.price_names import sale_bound
from trimtab.catalog.feeds.columns.roles.offers import with_offers
from trimtab.catalog.feeds.columns.roles.positions import LOCATION, are_pairs, without_other_meanings
from trimtab.catalog.feeds.columns.roles.stores import OTHER_WORDS
from trimtab.catalog.feeds.columns.roles.titles import (
    SHARED,
    TITLE,
    looks_like_titles,
    titles_by_looks,
    with_words_first,
)
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.platforms.platform import ROLES
from trimtab.catalog.feeds.rows import clean_name, words_of
from trimtab.core.errors import BadFile

HALF = 0.5
FEW_REPEATED = 0.3
"""The share of rows up to which an id that is called so may be repeated before another column is taken for it."""
MIN_DIGITS = 5
"""Digits of numbers that are ids without counting up; fewer of them measure or count something."""


def found_roles(survey: Survey, path: object, required: Iterable[str]) -> dict[str, str]:
    """Role -> column.

    Raises:
        BadFile: no column has a role that is required.
    """
    columns = survey.columns
    roles = {name: name for name in ROLES if name in columns}
    given = frozenset(roles)
    for role, named in roles_of(name for name in columns if name not in roles).items():
        candidates = with_words_first(named, columns) if role == TITLE else named
        if role != "item_id" and role not in roles:
            roles[role] = next(
                (name for name in candidates if role != LOCATION or are_pairs(columns[name])), candidates[0]
            )
    roles |= roles_by_a_word(survey, roles)
    finders = {"item_id": _ids, "title": _titles}
    for role in required:
        if role not in roles:
            column = next(iter(finders[role](survey, roles)), None) or next(iter(_empty(survey, role)), None)
            if column is None:
                raise _missing(path, role, survey)
            roles[role] = column
    roles = with_offers(roles, survey, given)
    if "sale_price" in roles:
        roles = _bounds_of_sales(roles, columns) | roles
    if "product_type" in roles and are_records(columns[roles["product_type"]]):
        del roles["product_type"]
    for role in ("category", "product_type", "brand"):
        if role in roles and role not in given and _are_references(columns[roles[role]]):
            del roles[role]
    paths = next((name for name in _path_columns(survey, roles) if columns[name].share("is_path") >= HALF), None)
    if paths is not None:
        roles["category"] = paths
        if roles.get("product_type") == paths:
            del roles["product_type"]  # its last step is
    return without_other_meanings(roles, columns)


def _bounds_of_sales(roles: Mapping[str, str], columns: Mapping[str, ColumnEvidence]) -> dict[str, str]:
    """From when and until when the lower price holds, by the names of columns of dates."""
    dates = [name for name, one in columns.items() if name not in roles.values() and one.share("is_date") >= ENOUGH]
    return {bound: name for name in reversed(dates) if (bound := sale_bound(name)) is not None}


def _path_columns(survey: Survey, roles: dict[str, str]) -> Iterator[str]:
    """Columns whose paths are the categories, the shop's own first; none where the category has paths itself."""
    given = survey.columns.get(roles.get("category", ""))
    if given is None or not (given.n_lists or given.share("is_path") or given.separator()):
        yield from (roles[role] for role in ("product_type",) if role in roles)
        yield from (name for name in survey.columns if given is None and clean_name(name) == "google_product_category")


def _ids(survey: Survey, roles: dict[str, str]) -> Iterator[str]:
    """Columns that could be the id, the likeliest first: named so and of its own in each row, or looking so."""
    columns, n_rows = survey.columns, survey.n_rows
    named = roles_of(columns).get("item_id", [])
    whole = [name for name in named if columns[name].fills(n_rows)]
    for most in (1 - ENOUGH, FEW_REPEATED):  # rows with an id that another one has are rejected
        yield from (name for name in whole if survey.repeats.get(name, 0) <= most * n_rows)
    looking = list(_looking(survey, roles, _looks_like_ids))
    yield from sorted(looking, key=lambda name: not is_code_name(clean_name(name)))
    last = [roles.get("url"), survey.title, roles.get("image")]
    yield from (name for name in last if name is not None and _is_of_its_own(columns[name], n_rows))
    yield from whole or named


def _titles(survey: Survey, roles: dict[str, str]) -> Iterator[str]:
    """Columns that look like titles; a description does where there is nothing else and it is short."""
    if survey.title is not None and survey.title == roles.get("item_id"):
        yield survey.title  # titles are the ids where nothing else is
    yield from titles_by_looks(survey.columns, survey.n_rows, set(roles.values()))
    if survey.title is not None:
        yield survey.title
    described = survey.columns.get(roles.get("description", ""))
    if described is not None and described.n >= ENOUGH * survey.n_rows and described.mean_characters <= 150:
        yield roles.pop("description")


def _empty(survey: Survey, role: str) -> list[str]:
    """Columns that are named for a role and say nothing: each row is rejected for that."""
    return roles_of(survey.names).get(role, [])


def _missing(path: object, role: str, survey: Survey) -> BadFile:
    key = "id" if role == "item_id" else role
    return BadFile(
        path,
        f"required column {role} is missing; found: {', '.join(survey.names) or 'none'} "
        f'(shop.toml names it: [catalogue] {key} = "...")',
    )


def roles_by_a_word(survey: Survey, roles: Mapping[str, str]) -> dict[str, str]:
    """Role -> column, of those that no column's whole name says and one word of some does: `Категория на Маркете`."""
    if not survey.platform.is_of_the_shop:
        return {}
    found: dict[str, list[str]] = {}
    for name, column in survey.columns.items():
        if name not in roles.values() and not is_code_name(clean_name(name)):
            for role in roles_within(name) & (_BORNE_OUT_BY.keys() - roles.keys()):
                is_other = role == "stock" and not OTHER_WORDS.isdisjoint(words_of(spaced_names(name)[1]))
                if not is_other and _BORNE_OUT_BY[role](column, survey):
                    found.setdefault(role, []).append(name)
    if len(found.get("stock", [])) > 1:
        del found["stock"]  # of places, or of other things than the item
    return {role: names[0] for role, names in found.items()}


def _are_kinds(column: ColumnEvidence, survey: Survey) -> bool:
    """Whether a column has words that many rows have in common."""
    are_words = sum(any(map(str.isalpha, value)) for value in column.distinct) >= ENOUGH * len(column.distinct)
    is_text = not (column.share("is_flag") or column.share("is_date") or column.share("is_address") or column.units)
    return (
        are_words and is_text and column.mean_words <= FEW_WORDS and column.n_distinct <= max(1, HALF * survey.n_rows)
    )


def _are_amounts(column: ColumnEvidence, survey: Survey) -> bool:
    """Whether a column counts something in most rows."""
    return column.share("is_number") >= ENOUGH and column.n >= HALF * survey.n_rows and column.n_distinct > 1


def _are_titles(column: ColumnEvidence, survey: Survey) -> bool:
    return looks_like_titles(column, survey.n_rows, least_different=SHARED)


_BORNE_OUT_BY: Mapping[str, Callable[[ColumnEvidence, Survey], bool]] = {
    "category": _are_kinds, "brand": _are_kinds, "stock": _are_amounts, "title": _are_titles,
}  # fmt: skip
FEW_WORDS = 12
"""Words of a category or a brand, on average; of what has more of them it is a description."""


def _looking(survey: Survey, roles: dict[str, str], looks_so: Callable[[ColumnEvidence, int], bool]) -> Iterator[str]:
    """Columns without a role that look like one, in the feed's order."""
    taken = set(roles.values())
    return (name for name, column in survey.columns.items() if name not in taken and looks_so(column, survey.n_rows))


def _looks_like_ids(column: ColumnEvidence, n_rows: int) -> bool:
    is_short = (
        column.mean_characters <= 40
        and column.share("is_address") < HALF
        and not any(" " in value for value in column.distinct)
    )
    return is_short and _is_of_its_own(column, n_rows) and not _measures(column)


def _measures(column: ColumnEvidence) -> bool:
    """Whether numbers say how much of something there is: they are neither as long as codes nor count up."""
    if column.share("is_number") < ENOUGH:
        return column.share("is_date") >= HALF or column.share("is_price") >= HALF or column.share("unit") >= HALF
    texts = list(column.distinct)
    if not all(map(str.isdecimal, texts)):
        return True
    numbers = list(map(int, texts))
    counts_up = all(after > before for before, after in pairwise(numbers))
    return not (counts_up or min(map(len, texts)) >= MIN_DIGITS)


_REFERENCE = re.compile(r"(?:\d+|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


def _are_references(column: ColumnEvidence) -> bool:
    """Whether cells are numbers of rows elsewhere (`20,33`, `018f6c…|02ab…`), which name nothing to a person."""
    parts = {part.strip() for value in column.distinct for part in re.split(r"[|,;]", value) if part.strip()}
    return bool(parts) and all(map(_REFERENCE.fullmatch, parts))


def _is_of_its_own(column: ColumnEvidence, n_rows: int) -> bool:
    """Whether each row has a value, and another one."""
    return column.n >= ENOUGH * n_rows and column.n_distinct >= ENOUGH * n_rows
