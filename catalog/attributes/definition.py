"""What an attribute is: its name, its type, and what it may be used for."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.shop import AttributeKind, AttributeSection, Shop

PREFIX = "attr_"
"""What the names of attributes may begin with in files and items, where they stand beside the schema's columns."""

CODED: tuple[AttributeKind, ...] = ("text", "path", "flag")
"""Kinds whose values are names; those of the others are numbers."""

SEPARATOR = " > "
"""Stands between the steps of a path."""

DISTANCE = "distance"
"""The attribute that is calculated for each search that says where somebody is; without that no item has a value."""

BUILT_IN = frozenset({*COLUMNS, DISTANCE})
"""Names that mean the same in every catalogue."""

SEARCHED: tuple[AttributeKind, ...] = ("text", "path", "number")
"""Kinds whose values are searched as text unless `shop.toml` says otherwise."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a catalogue.

    Attributes:
        name: as filters, facets and sort orders spell it.
        kind: `path` is a place in a hierarchy (`Shoes > Boots`); a date is a moment.
        multi: an item may have several values.
        unit: of a number.
        label: for people.
        search, filter, facet, sort: what it may be used for.
    """

    name: str
    kind: AttributeKind = "text"
    multi: bool = False
    unit: str | None = None
    label: str = ""
    search: bool = True
    filter: bool = True
    facet: bool = True
    sort: bool = True

    @classmethod
    def usual(cls, name: str, kind: AttributeKind, *, multi: bool = False, label: str = "") -> Attribute:
        """An attribute that may be used for whatever its kind usually is."""
        return cls(name, kind, multi=multi, label=label or label_of(name), search=kind in SEARCHED, sort=not multi)

    @classmethod
    def of_section(cls, name: str, section: AttributeSection) -> Attribute:
        """The attribute that `[attributes.NAME]` of `shop.toml` describes."""
        usual = cls.usual(name, section.type, multi=section.multi)
        return cls(
            name,
            section.type,
            multi=section.multi,
            unit=section.unit,
            label=section.label or usual.label,
            search=usual.search if section.search is None else section.search,
            filter=usual.filter if section.filter is None else section.filter,
            facet=usual.facet if section.facet is None else section.facet,
            sort=usual.sort if section.sort is None else section.sort,
        )

    @property
    def is_hidden(self) -> bool:
        """Whether no search has to do with it; an objective may."""
        return not (self.search or self.filter or self.facet or self.sort)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Attribute:
        """What `as_dict` gave."""
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def is_built_in(column: str, definitions: Container[str]) -> bool:
    """Whether `attr_NAME` would stand in the place of a column that every catalogue has.

    Args:
        definitions: the attributes of the catalogue; what it was built with is its own (the paths of its categories).
    """
    name = column.removeprefix(PREFIX)
    return column.startswith(PREFIX) and name in BUILT_IN and name not in definitions


def definitions_of(shop: Shop) -> tuple[Attribute, ...]:
    """The attributes that a `shop.toml` describes."""
    return tuple(Attribute.of_section(name, section) for name, section in shop.attributes.items())


def label_of(name: str) -> str:
    """A name for people: `screen_size` is `Screen size`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
