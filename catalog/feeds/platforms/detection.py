"""Which format a feed has, by its content."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from trimtab.catalog.feeds.formats.delimited import read_delimited
from trimtab.catalog.feeds.formats.documents import all_of
from trimtab.catalog.feeds.formats.source import form_of
from trimtab.catalog.feeds.formats.xml_items import read_xml
from trimtab.catalog.feeds.platforms.agentic import AGENTIC
from trimtab.catalog.feeds.platforms.bigcommerce import BIGCOMMERCE
from trimtab.catalog.feeds.platforms.commercetools import COMMERCETOOLS
from trimtab.catalog.feeds.platforms.hydra import SYLIUS
from trimtab.catalog.feeds.platforms.jsonld import JSONLD
from trimtab.catalog.feeds.platforms.magento import MAGENTO
from trimtab.catalog.feeds.platforms.merchant import MERCHANT
from trimtab.catalog.feeds.platforms.odoo import ODOO
from trimtab.catalog.feeds.platforms.plain import PLAIN
from trimtab.catalog.feeds.platforms.platform import Platform
from trimtab.catalog.feeds.platforms.shopify import SHOPIFY
from trimtab.catalog.feeds.platforms.woocommerce import WOOCOMMERCE
from trimtab.catalog.feeds.rows import Row, Rows, names_of
from trimtab.catalog.rejections import Rejection

PLATFORMS = (SHOPIFY, WOOCOMMERCE, MAGENTO, BIGCOMMERCE, JSONLD, AGENTIC, MERCHANT, ODOO, COMMERCETOOLS, SYLIUS, PLAIN)
N_LOOKED_AT = 200


def raw_rows(path: Path) -> Rows:
    """The rows of a file in the columns that it has.

    Raises:
        BadFile: it cannot be read; also while it is read.
    """
    form = form_of(path)
    if form == "delimited":
        return read_delimited(path)
    return read_xml(path) if form == "xml" else all_of(path, form)


def platform_of(rows: Rows) -> tuple[Platform, Iterator[Row | Rejection]]:
    """The first format that the first rows are of, and all the rows."""
    first = list(islice(rows, N_LOOKED_AT))
    names = names_of(first)
    platform = next((one for one in PLATFORMS if one.matches(names)), PLAIN)
    return platform, chain(first, rows)
