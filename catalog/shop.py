"""What a shop says of its catalogue: `shop.toml` as one frozen model, refused with the line that is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from trimtab.catalog.schema import COLUMNS
from trimtab.core.errors import BadFile, BadParameter, did_you_mean
from trimtab.core.weights import DIVERSITY, RELEVANCE, objective_of_loss
from trimtab.text.amounts.currencies import codes

FILE = "shop.toml"

AttributeKind = Literal["text", "number", "flag", "date", "path"]
HeadName = Literal["relevance", "click", "cart", "purchase", "none"]

ROLES = (
    *(*COLUMNS, "sale_price", "sale_period", "sale_start", "sale_end", "regular_price", "stock"),
    *("group_id", "latitude", "longitude", "location"),
)
"""Columns that trimtab knows the meaning of: `[catalogue]` says what the feed calls them."""

SIZE_FAMILY = "size_family"
"""The attribute that items of one brand and type have in common whose titles differ in amounts alone."""

RESERVED = (RELEVANCE, DIVERSITY)
"""Names that no objective of a shop may have."""
_NAMES = re.compile(r"""["']([^"']*)["']|(?<![\w.])([^\W\d][\w.]*+)(?!\s*\()""")

Name = Annotated[str, Field(pattern=r"^[^\s:,=&?#]+$", max_length=64)]
"""The name of an attribute, price list, store or objective: it is part of query parameters."""

Share = Annotated[float, Field(ge=0, le=1)]


def _known_currency(code: str) -> str:
    if code not in codes():
        raise ValueError(f"{code!r} is not a currency of ISO 4217{did_you_mean(code, codes())}")
    return code


Currency = Annotated[str, Field(pattern="^[A-Z]{3}$"), AfterValidator(_known_currency)]
"""A code of ISO 4217."""


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone{did_you_mean(name, available_timezones())}") from None


Zone = Annotated[str, AfterValidator(_known_zone)]
"""A name of the time zone database, such as Europe/Berlin."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Catalogue(_Section):
    """`[catalogue]`: languages, currency, and what the feed calls the columns.

    Attributes:
        language: codes of ISO 639-1, or ("auto",) to detect them.
        currency: the code (ISO 4217) of prices that name none; None takes it from the feed.
        zone: the time zone of the shop, in which sales begin and end and clocks without a zone are; UTC where None.
        decimal: the decimal sign of numbers in text, where a lone one before three digits could group thousands.
        columns: role -> column of the feed, for those that have another name there.
    """

    language: tuple[str, ...] = ("auto",)
    currency: Currency | None = None
    zone: Zone | None = None
    decimal: Literal[".", ","] | None = None
    columns: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_columns(cls, section: Any) -> Any:
        """Every other key of the section renames a column: `id = "sku"`."""
        if not isinstance(section, Mapping) or "columns" in section:
            return section
        columns = {"item_id" if key == "id" else key: value for key, value in section.items() if key not in _SETTINGS}
        unknown = next((role for role in columns if role not in ROLES), None)
        if unknown is not None:
            nearest = did_you_mean(unknown, (*_SETTINGS, *ROLES))
            raise ValueError(f"{unknown!r} is neither a setting nor a column that can be named{nearest}")
        return {**{key: section[key] for key in _SETTINGS if key in section}, "columns": columns}

    @field_validator("language", mode="before")
    @classmethod
    def _as_several(cls, language: Any) -> Any:
        return (language,) if isinstance(language, str) else language


_SETTINGS = ("language", "currency", "zone", "decimal")


class AttributeSection(_Section):
    """`[attributes.NAME]`: a column of the shop's own.

    Attributes:
        type: `path` is a place in a hierarchy, such as `Shoes > Boots`.
        column: what the feed calls it; its name where None.
        multi: an item may have several values.
        part: which of the numbers of a text such as `100 x 45 x 80 cm` it is, from 1 on; None where it is all of it.
        search, filter, facet, sort: what it may be used for; None is what is usual for its type.
        unit: of a number, for people and for queries that name it.
        label: for people; its name where None.
    """

    type: AttributeKind = "text"
    column: str | None = None
    part: Annotated[int, Field(ge=1, le=3)] | None = None
    multi: bool = False
    search: bool | None = None
    filter: bool | None = None
    facet: bool | None = None
    sort: bool | None = None
    unit: str | None = None
    label: str | None = None


class Variants(_Section):
    """`[variants]`: items with the same value of `group_by` are variants of one product; None where there are none.

    Attributes:
        by_size: items of one brand and type whose titles differ in amounts alone are variants instead.
    """

    group_by: str | None = None
    by_size: bool = False

    @model_validator(mode="after")
    def _by_one(self) -> Self:
        if self.by_size and self.group_by is not None:
            raise ValueError("either group_by or by_size")
        return self

    @property
    def attribute(self) -> str | None:
        """What variants of one product have in common."""
        return SIZE_FAMILY if self.by_size else self.group_by


class PriceList(_Section):
    """`[prices.NAME]`: prices that a request chooses by `price_list=NAME`.

    Attributes:
        column: of the feed, with the price.
        currency: code of ISO 4217; the catalogue's where None.
        sale_price, sale_start, sale_end: columns of a lower price and of the period in which it holds.
    """

    column: str
    currency: Currency | None = None
    sale_price: str | None = None
    sale_start: str | None = None
    sale_end: str | None = None


class Store(_Section):
    """`[stores.NAME]`: a place of sale that a request chooses by `store=NAME`.

    Attributes:
        stock: column of the feed that says whether (or how many of) the item is there.
        price: column of the price there; the catalogue's where None.
        latitude, longitude: degrees.
    """

    stock: str | None = None
    price: str | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def _a_whole_place(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are one place: give both")
        return self


class ObjectiveSection(_Section):
    """`[objectives.NAME]`: a head times a value.

    Attributes:
        head: what is predicted of an item; `none` predicts nothing and counts the value alone.
        value: expression over numeric, flag and date attributes.
        unit: of a gain, for people.
        label: for people; its name where None.
    """

    head: HeadName = "none"
    value: str = "1"
    unit: str = ""
    label: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """What may name an attribute in the value."""
        return names_in(self.value)


def names_in(expression: str) -> frozenset[str]:
    """What may name an attribute in the value of an objective: plain words but for functions, and quoted ones."""
    return frozenset(quoted or plain for quoted, plain in _NAMES.findall(expression))


class Synonyms(_Section):
    """`[synonyms]`: files beside `shop.toml`."""

    files: tuple[str, ...] = ()


class Defaults(_Section):
    """`[defaults]`: what a search that names no weights gets; None and empty leave it to the build.

    Attributes:
        max_losses: objective -> how much of its own best slate may be given up, written as `max_<objective>_loss`.
    """

    weights: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    max_relevance_loss: Share | None = None
    max_losses: Mapping[str, Share] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_losses(cls, section: Any) -> Any:
        if not isinstance(section, Mapping) or "max_losses" in section:
            return section
        losses = {key: name for key in section if (name := objective_of_loss(key)) not in (None, RELEVANCE)}
        rest = {key: value for key, value in section.items() if key not in losses}
        return {**rest, "max_losses": {name: section[key] for key, name in losses.items()}}


class Understanding(_Section):
    """`[understanding]`: steps of understanding a query that are on unless a request says otherwise.

    Attributes:
        filter_on: attributes whose mention in a query becomes a filter.
        filter_on_prices: whether a bound on the price that names a currency (`under $50`) is one, too.
    """

    correct: bool = True
    synonyms: bool = True
    negation: bool = True
    attributes: bool = True
    relax: bool = True
    filter_on: tuple[str, ...] = ()
    filter_on_prices: bool = True


class Shop(_Section):
    """A whole `shop.toml`; without one, every section is as if empty."""

    catalogue: Catalogue = Catalogue()
    attributes: Mapping[Name, AttributeSection] = Field(default_factory=dict)
    variants: Variants = Variants()
    prices: Mapping[Name, PriceList] = Field(default_factory=dict)
    stores: Mapping[Name, Store] = Field(default_factory=dict)
    objectives: Mapping[Name, ObjectiveSection] = Field(default_factory=dict)
    synonyms: Synonyms = Synonyms()
    defaults: Defaults = Defaults()
    understanding: Understanding = Understanding()

    @field_validator("objectives")
    @classmethod
    def _not_reserved(cls, objectives: Mapping[str, ObjectiveSection]) -> Mapping[str, ObjectiveSection]:
        reserved = next((name for name in objectives if name in RESERVED), None)
        if reserved is not None:
            raise ValueError(f"{reserved!r} is reserved; choose another name")
        return objectives

    @classmethod
    def read(cls, path: Path) -> Self:
        """The model of a file.

        Raises:
            BadFile: it is missing, is not TOML, or says what no shop can say; the message has the line.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise BadFile(path, "is missing") from None
        except (OSError, UnicodeDecodeError) as error:
            raise BadFile(path, f"cannot be read ({error})") from None
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: object = FILE) -> Self:
        """The model of a text; `path` is what an error names.

        Raises:
            BadFile: as `read`.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise BadFile(path, f"is not TOML: {error}") from None
        except ValidationError as error:
            raise BadFile(path, _first_problem(text, error)) from None


EMPTY = Shop()
"""What is known of a shop that says nothing."""


@contextmanager
def naming_lines(path: Path | None) -> Iterator[None]:
    """Give errors about what a `shop.toml` says its name and the line, whoever finds them.

    Raises:
        BadFile: in the place of a BadParameter about one of its sections.
    """
    try:
        yield
    except BadParameter as error:
        keys = ("catalogue", error.name) if error.name in _SETTINGS else tuple(error.name.split("."))
        if path is None or keys[0] not in Shop.model_fields:
            raise
        raise BadFile(path, f"line {line_of(path.read_text(encoding='utf-8-sig'), *keys)}: {error}") from None


def line_of(text: str, *keys: str) -> int:
    """The 1-based line of a TOML text that comes closest to setting `keys`; 1 where nothing does.

    For messages: tables in brackets and `key = ` at the beginning of a line are found, inline tables by their first
    key.
    """
    best, most = 1, 0
    table: tuple[str, ...] = ()
    for number, content in enumerate(text.splitlines(), start=1):
        stripped = content.strip()
        if stripped.startswith("["):
            path = table = _path_of(stripped.strip("[ ").partition("]")[0])
        elif "=" in stripped and not stripped.startswith("#"):
            path = (*table, *_path_of(stripped.partition("=")[0]))
        else:
            continue
        shared = next((n for n, pair in enumerate(zip(path, keys, strict=False)) if pair[0] != pair[1]), None)
        shared = min(len(path), len(keys)) if shared is None else shared
        if shared > most:
            best, most = number, shared
    return best


def _path_of(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _first_problem(text: str, error: ValidationError) -> str:
    """One sentence on the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    keys = tuple(str(part) for part in first["loc"])
    where = ".".join(keys)
    prefix = f"line {line_of(text, *keys)}: {where}"
    match first["type"]:
        case "extra_forbidden":
            beside = tuple(_names_beside(keys))
            return f"{prefix} is not a known name{did_you_mean(keys[-1], beside)}; allowed: {', '.join(beside)}"
        case "value_error":
            return f"{prefix}: {first['ctx']['error']}"
        case "literal_error":
            allowed = first["ctx"]["expected"]
            nearest = did_you_mean(str(first["input"]), re.findall(r"'([^']*)'", allowed))
            return f"{prefix}: {first['input']!r} is not allowed: there are {allowed}{nearest}"
        case "string_pattern_mismatch":
            return f"{prefix}: {first['input']!r} is not of the form that is allowed ({first['ctx']['pattern']})"
        case _:
            return f"{prefix}: {first['input']!r} is not allowed: {first['msg'][0].lower()}{first['msg'][1:]}"


def _names_beside(keys: tuple[str, ...]) -> Iterable[str]:
    """The names that could stand where the last key stands."""
    section: type[BaseModel] = Shop
    for key in keys[:-1]:
        field = section.model_fields.get(key)
        if field is not None:
            section = next((kind for kind in _models_in(field.annotation)), section)
    return tuple(section.model_fields)


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
