"""A catalogue in columns of the shop's own: roles are taken by what the columns are called."""

from __future__ import annotations

from trimtab.catalog.feeds.columns.roles.titles import with_titles
from trimtab.catalog.feeds.levels import with_levels
from trimtab.catalog.feeds.platforms.platform import Platform
from trimtab.catalog.feeds.reshaping.headings import with_headings
from trimtab.catalog.feeds.reshaping.numbered import numbered_as_named
from trimtab.catalog.feeds.reshaping.packed import unpacked
from trimtab.catalog.feeds.reshaping.prefixed import without_prefixes
from trimtab.catalog.feeds.reshaping.size_runs import with_size_runs
from trimtab.catalog.feeds.reshaping.sums import without_sums
from trimtab.catalog.feeds.reshaping.templates import without_template
from trimtab.catalog.feeds.rows import Rows


def _rows(rows: Rows) -> Rows:
    table = with_size_runs(with_headings(without_sums(without_template(rows))))
    return with_titles(without_prefixes(numbered_as_named(unpacked(with_levels(table)))))


PLAIN = Platform("columns of the shop's own", bool, _rows, is_of_the_shop=True)
"""What any feed is; columns find their roles afterwards, as those of every platform that it did not name."""
