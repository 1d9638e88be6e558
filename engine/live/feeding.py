"""A feed that comes again: what it adds, changes and removes of a catalogue that serves, and making it so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.attributes.values import plain_values, read_values
from trimtab.catalog.feeds.reading import Feed, read_feed
from trimtab.catalog.finest_category import product_type_after
from trimtab.catalog.live.changes import Item, plain_cell
from trimtab.catalog.rejections import Rejection
from trimtab.catalog.schema import COLUMNS
from trimtab.core.errors import BadInput, did_you_mean
from trimtab.engine.live.live_engine import LiveEngine

MAX_REMOVED_SHARE = 0.2
"""The share of the catalogue: a feed without more of its items is taken for one that is cut off."""
BATCH = 1000
"""Items of one change."""


@dataclass(frozen=True)
class FeedChanges:
    """What a feed makes of a catalogue.

    Attributes:
        added: whole items.
        changed: the columns that differ, and the item_id.
        removed: item_ids.
        n_same: items that stay as they are.
        n_before: items of the catalogue.
        rejected: rows of items that are new and lack what an item needs.
    """

    added: Sequence[Item]
    changed: Sequence[Item]
    removed: Sequence[str]
    n_same: int
    n_before: int
    rejected: Sequence[Rejection] = ()

    @property
    def summary(self) -> str:
        """One line for a person."""
        counts = f"{len(self.added):,} to add, {len(self.changed):,} to change, {len(self.removed):,} to remove"
        return f"{counts}, {self.n_same:,} as they are"

    def changed_columns(self) -> dict[str, int]:
        """Columns and how many items change in them, the most frequent first."""
        return dict(Counter(name for item in self.changed for name in item if name != "item_id").most_common())

    def as_dict(self) -> dict[str, Any]:
        """For programs: counts, and the first ids of each kind."""
        return {
            "n_added": len(self.added),
            "n_changed": len(self.changed),
            "n_removed": len(self.removed),
            "n_same": self.n_same,
            "n_before": self.n_before,
            "changed_columns": self.changed_columns(),
            "added": [item["item_id"] for item in self.added[:10]],
            "changed": [dict(item) for item in self.changed[:10]],
            "removed": list(self.removed[:10]),
        }


def read_again(live: LiveEngine, path: Path, *, is_full: bool, max_rejected_share: float) -> tuple[Feed, FeedChanges]:
    """A feed by the rules that the catalogue was built with, and what it differs in.

    Args:
        is_full: the feed has all items, so that those which it lacks are removed; else only what it has changes.

    Raises:
        BadFile: as `read_feed`.
        BadParameter: it has more attributes that the catalogue lacks than changes may bring.
    """
    feed = read_feed(path, shop=live.newest.shop, is_update=not is_full, max_rejected_share=max_rejected_share)
    difference = difference_of(live, feed, is_full=is_full)
    live.refuse_many_new(chain.from_iterable([*difference.added, *difference.changed]))
    said = [] if is_full else _new_attributes(live, feed)
    return replace(feed, rejections=feed.rejections.with_more(difference.rejected, said)), difference


def _new_attributes(live: LiveEngine, feed: Feed) -> list[str]:
    """What is said of columns of an update that the catalogue does not know: they may be misspelt."""
    known = live.newest.store.attributes
    names = [one.name for one in feed.attributes if one.name not in known]
    near = [f"{name}{did_you_mean(name, (*COLUMNS, *known))}" for name in names]
    return [f"new to the catalogue, and attributes from now on: {', '.join(near)}"] if near else []


def difference_of(live: LiveEngine, feed: Feed, *, is_full: bool) -> FeedChanges:
    """What a feed differs in from the newest state of a catalogue."""
    live.follow()
    before = live.item_ids()
    added, changed, seen, n_same = list[Item](), list[Item](), set[str](), 0
    rejected = list[Rejection]()
    for item, line in zip(items_of(feed), feed.lines, strict=True):
        seen.add(item["item_id"])
        known = live.kept_item(item["item_id"])
        if known is None and item.get("title") is None:
            rejected.append(Rejection(line, f"title is missing, and there is no item {item['item_id']!r} yet"))
        elif known is None:
            added.append({name: value for name, value in item.items() if value is not None})
        elif differing := _differing(known, item):
            changed.append(
                {"item_id": item["item_id"], **differing, **_differing(known, product_type_after(known, item))}
            )
        else:
            n_same += 1
    removed = [item_id for item_id in before if item_id not in seen] if is_full else []
    return FeedChanges(added, changed, removed, n_same, len(before), rejected)


def apply_difference(live: LiveEngine, difference: FeedChanges, *, max_removed_share: float = MAX_REMOVED_SHARE) -> int:
    """Make the changes, in batches that are each taken whole; returns the catalogue's version.

    Raises:
        BadInput: a larger share of the catalogue than allowed would be removed; nothing has changed.
        BadParameter: an item that is new has no title.
    """
    refuse_vanishing(difference, max_removed_share)
    version = live.newest.catalogue_version
    for batch in _batches([*difference.added, *difference.changed]):
        version = live.change(batch)
    for ids in _batches(difference.removed):
        version = live.change(delete=ids)
    return version


def refuse_vanishing(difference: FeedChanges, max_removed_share: float, *, advice: str = "") -> None:
    """Check that a feed does not lack too much of the catalogue.

    Args:
        advice: what to do where the feed is right, as the caller's options are spelt.

    Raises:
        BadInput: it does.
    """
    if len(difference.removed) > max_removed_share * difference.n_before:
        share = len(difference.removed) / difference.n_before
        raise BadInput(
            f"the feed lacks {len(difference.removed):,} of {difference.n_before:,} items ({share:.0%}), as one that "
            f"is cut off would; allowed: {max_removed_share:.0%}{advice and f' ({advice})'}"
        )


def items_of(feed: Feed) -> Iterator[Item]:
    """The items of a feed as changes have them, with the columns that the feed has; None where it says nothing."""
    attributes = {PREFIX + one.name: one for one in feed.attributes}
    columns = [name for name in feed.items.columns if name in feed.layout.columns or name in attributes]
    for row in feed.items.select(columns).iter_rows(named=True):
        yield {
            name: plain_values(attributes[name], read_values(attributes[name], value))
            if name in attributes
            else plain_cell(name, value)
            for name, value in row.items()
        }


def _differing(known: Item, item: Item) -> Item:
    return {name: value for name, value in item.items() if not _is_same(known.get(name), value)}


def _is_same(known: Any, given: Any) -> bool:
    if isinstance(known, list) and isinstance(given, list):
        return sorted(map(str, known)) == sorted(map(str, given))
    return bool(known == given)


def _batches(items: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
