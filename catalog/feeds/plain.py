"""A catalogue in columns of the shop's own: roles are taken by what the columns are called."""

from __future__ import annotations

from trimtab.catalog.feeds.packed import unpacked
from trimtab.catalog.feeds.platform import Platform

PLAIN = Platform("columns of the shop's own", bool, unpacked)
"""What any feed is; columns find their roles afterwards, as those of every platform that it did not name."""
