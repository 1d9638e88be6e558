"""The item store of a catalogue that changed: the built columns, some with other values, and rows behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.arrow import CODED, Rows, TextColumn
from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.columns import values_of_item
from trimtab.catalog.attributes.definition import PREFIX, Attribute
from trimtab.catalog.attributes.values import Raw
from trimtab.catalog.live.changes import Item
from trimtab.catalog.live.delta import NUMBERS, Delta
from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.store import ItemStore
from trimtab.core.courtesy import politely

Values = Mapping[str, tuple[Attribute, list[Raw]]]
"""The attributes of an item with their values, by name."""


class LiveStore(ItemStore):
    """The catalogue of a delta as a store, in which the rows of the built one keep their numbers.

    Attributes:
        n_base: items of the built store.
        values_by_item: what was read of an item, by its identity, and attributes that the built items do not have.
        new_values: of the items behind those of the built store; the same objects where an earlier state has them.
    """

    def __init__(self, delta: Delta, earlier: LiveStore | None = None) -> None:
        """
        Args:
            earlier: the store of a state before, in which some of the items are.
        """
        base, items = delta.base, list(delta.items.values())
        self._base, self.n_base = base, len(base)
        self.currency, self.roles = base.currency, base.roles
        self._new_rows = {item_id: len(base) + place for place, item_id in enumerate(delta.items)}
        self._n_items = len(base) + len(items)
        gone = delta.gone
        self.gone = None if gone is None else np.concatenate([gone, np.zeros(len(items), dtype=bool)])
        self._texts = {
            name: _ExtendedTexts(base.text_column(name), [item[name] for item in items])
            for name, column in COLUMNS.items()
            if column.kind == "text" and name not in CODED
        }
        self._numbers = {
            name: _extended(delta.numbers.get(name, base.numbers(name)), [item[name] for item in items])
            for name in NUMBERS
        }
        self._coded = {name: _coded(base, name, [item[name] for item in items]) for name in CODED}
        self._name_columns()
        definitions = dict(base.own_attributes.definitions)
        self.new_values: list[Values] = []
        # By identity: an item is replaced and never written to. It is kept, so that its identity is nobody else's.
        self.values_by_item: dict[int, tuple[Item, Values, Sequence[str]]] = {}
        known = {} if earlier is None else earlier.values_by_item
        for item in politely(items):
            one = known.get(id(item))
            if one is None or not _are_defined(one[2], one[1], definitions):
                names = [name.removeprefix(PREFIX) for name in item if name.startswith(PREFIX)]
                values = values_of_item(item, definitions)
                one = item, values, [name for name in names if name not in base.own_attributes.definitions]
                definitions |= {name: attribute for name, (attribute, _) in values.items() if name not in definitions}
            self.values_by_item[id(item)] = one
            self.new_values.append(one[1])
        self._name_attributes(definitions, self._extended_attribute, base)

    def attributes_at(self, row: int) -> list[tuple[Attribute, list[Raw]]]:
        n_base = len(self._base)
        return self._base.attributes_at(row) if row < n_base else list(self.new_values[row - n_base].values())

    def _extended_attribute(self, name: str) -> AttributeColumn:
        """The built column of an attribute with the values of the new items behind it."""
        base = self._base.own_attributes
        n_base = len(self._base)
        column = base[name] if name in base else AttributeColumn.none(self.own_attributes.definitions[name], n_base)
        gone = None if self.gone is None else self.gone[:n_base]
        return column.extended([of.get(name, (None, ()))[1] for of in self.new_values], gone=gone)

    def _row(self, item_id: str) -> int:
        row = self._new_rows.get(item_id)
        if row is not None:
            return row
        row = int(self._base.rows_of([item_id])[0])
        return -1 if row >= 0 and self.gone is not None and self.gone[row] else row


def _are_defined(names: Sequence[str], values: Values, definitions: Mapping[str, Attribute]) -> bool:
    """Whether attributes that the built items do not have are still what they were when values of them were read."""
    return all(name in values and definitions.get(name) == values[name][0] for name in names)


class _ExtendedTexts:
    """A text column with more texts behind it."""

    def __init__(self, base: TextColumn, more: Sequence[str]) -> None:
        self._base, self._more = base, more
        self._n_base = len(base)

    def __len__(self) -> int:
        return self._n_base + len(self._more)

    def __getitem__(self, row: int) -> str:
        return self._base[row] if row < self._n_base else self._more[row - self._n_base]

    def __iter__(self) -> Iterator[str]:
        return chain(self._base, self._more)

    def at(self, rows: Rows) -> list[str]:
        return [self[row] for row in np.asarray(rows).tolist()]

    def all(self) -> list[str]:
        return [*self._base.all(), *self._more]


def _extended(base: NDArray[Any], more: Sequence[Any]) -> NDArray[Any]:
    if not more:
        return base
    return np.concatenate([base, np.array([np.nan if value is None else value for value in more], dtype=base.dtype)])


def _coded(base: ItemStore, name: str, more: Sequence[str]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Codes and vocabulary, with new names behind the others, so that the codes of the others stay."""
    codes, vocabulary = base.coded(name)
    if not more:
        return codes, vocabulary
    known = base.codes_by_name(name)
    new: dict[str, int] = {"": -1}
    added = [known[text] if text in known else new.setdefault(text, len(vocabulary) + len(new) - 1) for text in more]
    names = tuple(text for text in new if text)
    return np.concatenate([codes, np.array(added, dtype=codes.dtype)]), vocabulary + names
