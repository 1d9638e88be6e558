"""What an agent may ask: the requests of the Universal Commerce Protocol's catalogue, and how to steer a search.

Names are those of the protocol's version 2026-08-25 (`catalog_search.json`, `catalog_lookup.json`). Fields that are not
used here are allowed, as the protocol has it; `steering` is an extension of ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from trimtab.core.errors import BadParameter, BadWeight
from trimtab.core.weights import PREFIX, loss_parameter, objective_of_loss
from trimtab.service.agents.products import MAX_AMOUNT
from trimtab.text.amounts.currencies import decimals_of

MAX_IDS = 100
MAX_LIMIT = 100
STATUSES = {"in_stock": "in_stock:true", "out_of_stock": "in_stock:false"}
"""Availability by the protocol -> the condition that it is here."""

Text = Annotated[str, Field(max_length=512)]
Texts = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=32), FailFast()]


class _Open(BaseModel):
    """An object of the protocol, which may have other fields."""

    model_config = ConfigDict(extra="allow")


class UcpAgent(_Open):
    """Who asks."""

    profile: str = Field(min_length=1, max_length=2048, description="URL of the agent's UCP profile.")


class Meta(_Open):
    """Metadata of a request."""

    ucp_agent: UcpAgent = Field(alias="ucp-agent")


class PriceFilter(_Open):
    """Bounds of the price in minor units of the currency (cents)."""

    min: int | None = Field(default=None, ge=0, le=MAX_AMOUNT)
    max: int | None = Field(default=None, ge=0, le=MAX_AMOUNT)


class SearchFilters(_Open):
    """Conditions that all hold; of the values of one, any."""

    categories: Texts = []
    brand: Texts = []
    price: PriceFilter | None = None
    availability: Texts = Field(default=[], description="in_stock, out_of_stock")


class Context(_Open):
    """What is known of who buys; of it, the currency in which bounds of the price are meant counts here."""

    currency: Text | None = None


class Pagination(_Open):
    """Which page."""

    cursor: Annotated[str, Field(pattern=r"^\d{1,9}\.[0-9a-f]{16}$")] | None = Field(
        default=None, description="That of the answer before."
    )
    limit: int = Field(default=10, ge=1, description=f"Products; {MAX_LIMIT} at most.")

    @property
    def place(self) -> tuple[int, str]:
        """Where the page begins, and the visit that it belongs to: the pages of one visit are pages of one draw."""
        if self.cursor is None:
            return 0, secrets.token_hex(8)
        offset, _, visit = self.cursor.partition(".")
        return int(offset), visit


class Steering(BaseModel):
    """An extension: what the order of the products is to serve, and what that may cost."""

    model_config = ConfigDict(extra="forbid")

    objectives: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default={},
        max_length=32,
        description="Weights by objective; they are divided by their sum. None: the shop's own.",
    )
    max_losses: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default={},
        max_length=32,
        description="By objective, the largest share to give up: of relevance against the most relevant slate, of any "
        "other against its own best.",
    )
    filter: Texts = Field(
        default=[], description="Conditions on the shop's own attributes, `colour:red`, `-brand:Acme`."
    )
    price_list: Text | None = None
    store: Text | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of `POST /search` that this is."""
        weights = {PREFIX + name: weight for name, weight in self.objectives.items()}
        losses = {loss_parameter(name): loss for name, loss in self.max_losses.items()}
        market = {"price_list": self.price_list, "store": self.store}
        return {**weights, **losses, **{name: value for name, value in market.items() if value is not None}}


def steering_problem(error: BadParameter, known: Iterable[str]) -> BadParameter:
    """What is wrong with a parameter of `POST /search`, said of the argument that it came from.

    Args:
        known: what may be weighed.
    """
    names, steering = list(known), "catalog.steering"
    bounded = objective_of_loss(error.name)
    if bounded is not None:
        name, objective = f"{steering}.max_losses.{bounded}", bounded
    elif isinstance(error, BadWeight) and error.objective is not None:
        objective = error.objective
        name = f"{steering}.objectives.{objective}"
    else:
        return error
    return BadParameter(name, error.problem, error.allowed if objective in names else ", ".join(names))


class SearchCatalog(_Open):
    """Words, conditions, or both."""

    query: Text = ""
    purpose: str = Field(default="search", description="`search`; recommendations and substitutes are not offered.")
    context: Context = Context()
    filters: SearchFilters = SearchFilters()
    pagination: Pagination = Pagination()
    steering: Steering = Steering()


class LookupCatalog(_Open):
    """Products by their ids."""

    ids: Annotated[list[Text], Field(min_length=1, max_length=MAX_IDS), FailFast()]
    context: Context = Context()
    filters: SearchFilters = SearchFilters()
    steering: Steering = Steering()


class SelectedOption(_Open):
    """A value of an option."""

    name: Text
    label: Text


class GetProduct(_Open):
    """One product with its variants."""

    id: Text
    selected: Annotated[list[SelectedOption], Field(max_length=32), FailFast()] = []
    preferences: Texts = Field(default=[], description="Options by what matters most; the last is given up first.")
    context: Context = Context()
    filters: SearchFilters = SearchFilters()
    steering: Steering = Steering()


class SearchArguments(BaseModel):
    """Arguments of `search_catalog`."""

    meta: Meta
    catalog: SearchCatalog


class LookupArguments(BaseModel):
    """Arguments of `lookup_catalog`."""

    meta: Meta
    catalog: LookupCatalog


class ProductArguments(BaseModel):
    """Arguments of `get_product`."""

    meta: Meta
    catalog: GetProduct


Catalog = SearchCatalog | LookupCatalog | GetProduct


def means_other_currency(catalog: Catalog, currency: str | None) -> bool:
    """Whether the bounds of the price are in another currency than the prices.

    Args:
        currency: of the prices; None where none is known.
    """
    meant = catalog.context.currency
    return catalog.filters.price is not None and None not in (meant, currency) and str(meant).upper() != currency


def conditions(catalog: Catalog, currency: str | None) -> list[str]:
    """The conditions as in `filter=` of a search, without bounds of the price in another currency.

    Args:
        currency: of the prices.

    Raises:
        BadParameter: an availability that the service does not know.
    """
    asked = catalog.filters
    found = [*catalog.steering.filter]
    found += [f"category:{value}" for value in asked.categories]
    found += [f"brand:{value}" for value in asked.brand]
    bounds = (None, None) if asked.price is None else (asked.price.min, asked.price.max)
    if bounds != (None, None) and not means_other_currency(catalog, currency):
        least, most = (_major(amount, decimals_of(currency)) for amount in bounds)
        found.append(f"price:{least}..{most}")
    for status in asked.availability:
        if status not in STATUSES:
            raise BadParameter("filters.availability", f"cannot tell {status!r}", ", ".join(STATUSES))
        found.append(STATUSES[status])
    return found


def _major(amount: int | None, decimals: int) -> str:
    return "" if amount is None else f"{amount / 10**decimals:.{decimals}f}"


_WANTED = {
    "meta": """{"ucp-agent": {"profile": "https://..."}}, the URL by which the agent names itself""",
    "meta.ucp-agent": """{"profile": "https://..."}, the URL by which the agent names itself""",
    "catalog": "what is asked of the catalogue, as the tool's schema lists it",
}
"""What has to be where something is missing, by the argument."""


def problem_of(error: ValidationError) -> str:
    """The first thing that is wrong with arguments, in a sentence."""
    first = error.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing" and name in _WANTED:
        return f"{name}: is missing; allowed: {_WANTED[name]}"
    return f"{name}: {first['msg']}"
