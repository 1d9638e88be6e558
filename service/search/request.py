"""What a search may ask for: one model that checks, documents, and becomes a `trimtab.core.records.Query`.

A query string and a JSON body have the same names. A parameter with an empty value counts as not given.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    SkipValidation,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.records import MAX_K, MAX_OFFSET, Related
from trimtab.core.understood import AS_TYPED, STEPS, Steps
from trimtab.core.weights import DIVERSITY, PREFIX, RELEVANCE, loss_parameter, objective_of_loss
from trimtab.service.identifiers import Identifier, Identity, UserToken
from trimtab.service.settings import MAX_TIMEOUT_MS

MAX_PARAMETERS = 64
OF_WORDS = ("q", "language", "exact", *STEPS)
"""Parameters that say something of words."""
LEFT_OUT = "Left out, what the bundle is set to."
NOT_GIVEN = (None, "", [""])
NO_WORDS = ("", "*")
ASKED = "1 to 512 characters with a letter or digit; `*` for every item; none beside `filter` or `sort`"


def _words(text: str) -> str:
    """The text with single spaces, if it is something a person could look for; empty for `*`.

    It needs a letter or a digit in any script: a lone emoji or punctuation has nothing to match. Control
    characters and bytes that were not UTF-8 (they arrive as U+FFFD) say that it is not text at all.
    """
    words = " ".join(text.split())
    if words in NO_WORDS:
        return ""
    if not words.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in words):
        raise PydanticCustomError("text", "text without control characters", {"problem": "has control characters"})
    if "\ufffd" in words:
        raise PydanticCustomError("text", "text in UTF-8", {"problem": "is not UTF-8"})
    if not any(character.isalnum() for character in words):
        raise PydanticCustomError("text", ASKED, {"problem": "has no letter or digit"})
    return words


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _split(value: object) -> object:
    values = _as_tuple(value)
    if not isinstance(values, tuple) or not all(isinstance(one, str) for one in values):
        return values
    return tuple(dict.fromkeys(field for one in values for part in one.split(",") if (field := part.strip())))


Texts = Annotated[tuple[Annotated[str, Field(max_length=256)], ...], Field(max_length=32), FailFast()]


class SearchRequest(BaseModel):
    """The parameters of a search beside its weights, which are one `w_<objective>` each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[str, Field(max_length=512), AfterValidator(_words)] = Field(
        "",
        description="The words looked for: 1 to 512 characters with a letter or a digit. `*` is every item; it may be "
        "left out where there is a `filter` or `sort`.",
        examples=["ice cream"],
    )
    k: int = Field(20, ge=1, le=MAX_K, description="How many hits.")
    offset: int = Field(
        0,
        ge=0,
        le=MAX_OFFSET,
        description="How many hits to leave out before the first; from `n_matches` on nothing is left.",
    )
    profile: Identifier | None = Field(
        None, description="Named weights and constraints, used where the request gives none; `default` if there is one."
    )
    mode: Literal["weights", "attainment"] = Field(
        "weights",
        description="What the `w_` numbers are: weights, or (`attainment`) the share, 0 to 1, of what each objective "
        "can gain over pure relevance; relevance gets the weight that is left.",
    )
    max_relevance_loss: float | None = Field(
        None, ge=0, le=1, description="The largest share of expected relevance that the weights may give up."
    )
    filter: Annotated[Texts, BeforeValidator(_as_tuple)] = Field(
        (),
        description="`brand:Acme`, `-brand:Acme`, `price:0..20`, `category:Shoes > Boots`, `released:2024-05`, "
        "`in_stock:true`, of any attribute; repeated for more. On one attribute any of them holds, on different ones "
        "all of them; none that has `-` before it.",
        examples=[["price:0..20"]],
    )
    sort: str | None = Field(
        None,
        max_length=256,
        description="An attribute to sort the matching items by, with `:asc` or `:desc`, instead of by weights.",
        examples=["price:asc"],
    )
    facets: Annotated[Texts, BeforeValidator(_split)] = Field(
        (), description="Attributes to count the matching items by, separated by commas.", examples=[["brand,category"]]
    )
    facet_count: Literal["groups", "items"] = Field(
        "groups", description="What facets count where items are variants of products."
    )
    group: bool = Field(True, description="Show the variants of a product as one hit; false shows items.")
    facet_limit: int = Field(50, ge=1, le=1000, description="The most values of one facet, the most frequent ones.")
    user_id: Identity = Field(None, description="Who searches, for personal features; blank is nobody.")
    user_token: UserToken = Field(
        None, description="Who searches, signed by the shop's server: what a browser sends in place of `user_id`."
    )
    session_id: Identity = Field(None, description="The visit; the pages of a session are pages of one draw.")
    explore: bool | None = Field(
        None, description="Sample the slate instead of sorting it (needs `session_id`); left out, the service decides."
    )
    price_list: Identifier | None = Field(None, description="By which prices of `shop.toml` somebody buys.")
    store: Identifier | None = Field(None, description="Where of `shop.toml` somebody buys: its stock and its prices.")
    near: str | None = Field(
        None,
        max_length=64,
        description="Where somebody is, `LATITUDE,LONGITUDE` in degrees: hits then have the attribute `distance`, for "
        "`sort=distance`, `filter=distance:..10` and objectives.",
        examples=["48.857,2.352"],
    )
    explain: bool = Field(False, description="Add the features of each hit.")
    language: str | None = Field(
        None,
        max_length=35,
        description="The language of `q` (`fr`, `de-AT`): its words negate and bound a price, its numbers are written "
        "so. Left out, the languages of the catalogue.",
    )
    exact: bool = Field(False, description="Search as typed: none of the five steps of understanding that follow.")
    correct: bool | None = Field(None, description="Read misspelt words as those of the catalogue. " + LEFT_OUT)
    synonyms: bool | None = Field(None, description="Find synonyms of the words too. " + LEFT_OUT)
    negation: bool | None = Field(None, description="Read `without`, `no` and `-x` as words not wanted. " + LEFT_OUT)
    attributes: bool | None = Field(None, description="Read brands, colours, prices and the like. " + LEFT_OUT)
    relax: bool | None = Field(None, description="Drop words where no item has all of them. " + LEFT_OUT)
    timeout_ms: float | None = Field(
        None,
        ge=1,
        le=MAX_TIMEOUT_MS,
        description="Milliseconds to answer in, counted from the request's arrival: the search goes without parts "
        "(`degraded`) to keep them, and is answered even where it cannot. Left out, what the service is set to (100).",
    )

    related: Annotated[Related | None, SkipValidation] = Field(None, exclude=True)
    weights: dict[str, float] = Field({}, exclude=True)
    max_losses: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field({}, exclude=True)

    def steps(self, default: Steps) -> Steps:
        """The steps of understanding the words that are taken, by those of the bundle."""
        if self.exact:
            return AS_TYPED
        asked = {name: value for name in STEPS if (value := getattr(self, name)) is not None}
        return replace(default, **asked) if asked else default


GATHERED = ("weights", "max_losses", "related")
"""Fields that are no parameters: of several each, whose names have an objective in them, and of the path."""
PARAMETERS = {name: None for name in SearchRequest.model_fields if name not in GATHERED}


def from_query_string(query_string: bytes, known_weights: Iterable[str]) -> SearchRequest:
    """Read `GET /search?...`.

    Raises:
        BadParameter, RequestValidationError: naming the parameter and what is allowed.
    """
    values: dict[str, Any] = {}
    for name, value in _pairs(query_string):
        if name in ("filter", "facets"):
            values.setdefault(name, []).append(value)
        elif name in values:
            raise BadParameter(name, "is given twice", "one value")
        else:
            values[name] = value
    return _validated(values, known_weights, strict=False)


def _pairs(query_string: bytes) -> Iterator[tuple[str, str]]:
    """Names and values as `urllib.parse.parse_qsl` reads them, which asks more of itself than reading takes.

    Raises:
        BadParameter: there are too many.
    """
    pairs = query_string.decode("latin-1").replace("+", " ").split("&")
    if len(pairs) > MAX_PARAMETERS:
        raise BadParameter("query string", "too many parameters", f"up to {MAX_PARAMETERS}")
    for pair in pairs:
        if pair:
            name, _, value = pair.partition("=")
            yield unquote(name), unquote(value)


def beside_an_item(query_string: bytes, related: Related, known_weights: Iterable[str]) -> SearchRequest:
    """Read `GET /items/{id}/similar?...`: the parameters of a search without words.

    Raises:
        BadParameter, RequestValidationError: as `from_query_string`.
    """
    words = next((name for name, value in _pairs(query_string) if value and name in OF_WORDS), None)
    if words is not None:
        raise BadParameter(words, "is for words, and an item is looked beside", "the other parameters of a search")
    asked = from_query_string(query_string + b"&q=*", known_weights)
    return asked.model_copy(update={"related": related})


def from_object(values: Mapping[str, Any], known_weights: Iterable[str]) -> SearchRequest:
    """Read the JSON object of `POST /search`: the names of the query string, numbers as numbers.

    Raises:
        BadParameter, RequestValidationError: naming the parameter and what is allowed.
    """
    if len(values) > MAX_PARAMETERS:
        raise BadParameter("body", "too many parameters", f"up to {MAX_PARAMETERS}")
    return _validated(values, known_weights, strict=True)


def _validated(values: Mapping[str, Any], known_weights: Iterable[str], *, strict: bool) -> SearchRequest:
    fields: dict[str, Any] = {}
    weights: dict[str, Any] = {}
    losses: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(PREFIX):
            weights[name.removeprefix(PREFIX)] = value
        elif name in PARAMETERS:
            if value not in NOT_GIVEN:
                fields[name] = value
        elif (bounded := objective_of_loss(name)) is not None:
            if value not in NOT_GIVEN:
                losses[bounded] = value
        else:
            steering = (parameter for one in known_weights for parameter in (PREFIX + one, loss_parameter(one)))
            known = tuple(dict.fromkeys((*PARAMETERS, *steering)))
            raise BadParameter(name, "no such parameter" + did_you_mean(name, known), ", ".join(known))
    problems: list[Any] = [] if _asks_for_something(values) else [_nothing_asked("q" in values)]
    try:
        request = SearchRequest.model_validate({**fields, "weights": weights, "max_losses": losses}, strict=strict)
    except ValidationError as error:
        problems += error.errors(include_url=False)
    if problems:
        raise RequestValidationError(problems)
    return request


def _asks_for_something(values: Mapping[str, Any]) -> bool:
    """Whether there are words, `*`, or else a filter or an order."""
    words = values.get("q")
    has_words = bool(words.split()) if isinstance(words, str) else words is not None
    return has_words or any(values.get(name) not in NOT_GIVEN for name in ("filter", "sort"))


def _nothing_asked(is_empty: bool) -> dict[str, Any]:
    """The error of pydantic's form."""
    problem = "is empty" if is_empty else "is missing"
    return {"type": "text", "loc": ("q",), "msg": ASKED, "ctx": {"problem": problem}, "input": ""}


def documented_parameters(known_weights: Iterable[str]) -> list[dict[str, Any]]:
    """The OpenAPI parameters of `GET /search` for a bundle with these objectives."""
    schema = documented_schema(known_weights)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": described.pop("description"),
            "schema": described,
        }
        for name, described in schema["properties"].items()
    ]


def documented_schema(known_weights: Iterable[str]) -> dict[str, Any]:
    """The JSON schema of the body of `POST /search` for a bundle with these objectives."""
    schema = SearchRequest.model_json_schema()
    for name in GATHERED:
        del schema["properties"][name]
    for name in known_weights:
        schema["properties"][PREFIX + name] = {
            "type": "number",
            "minimum": 0,
            "description": f"Weight of {name}. Weights are divided by their sum; none given means the profile's.",
        }
        if name not in (RELEVANCE, DIVERSITY):
            schema["properties"][loss_parameter(name)] = {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": f"The largest share of the expected {name} of its own best slate to give up.",
            }
    schema["example"] = {"q": "ice cream", "w_relevance": 0.6, "w_diversity": 0.4, "filter": ["price:0..20"]}
    return schema
