"""The models that document the answer to a search.

What is sent is `engine.response.response_of` as it is: checking each answer against these models would take longer
than the ranking. That they agree is a test.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE: dict[str, Any] = {
    "decision_id": "5f0c27f8e7b94d3a-93ab51e2c4f7d806",
    "query": "ice creem",
    "understood": {
        "query": "ice creem",
        "corrected": "ice cream",
        "synonyms": [],
        "excluded": [],
        "attributes": [],
        "relaxed": [],
        "rewritten": None,
        "redirect": None,
        "banner": None,
    },
    "hits": [
        {
            "item_id": "1029743",
            "position": 0,
            "title": "Vanilla ice cream, 56 oz",
            "brand": "National",
            "category": "Frozen",
            "price": 3.99,
            "in_stock": True,
            "image": "",
            "url": "",
            "attributes": {"flavour": "vanilla", "size": 56},
            "variants": None,
            "n_variants": None,
            "score": 0.81,
            "objectives": {"relevance": 0.74, "revenue": 0.31},
            "propensity": 1.0,
        }
    ],
    "currency": "USD",
    "n_candidates": 200,
    "n_matches": 318,
    "n_matches_exact": True,
    "weights": {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1},
    "receipt": {
        "relevance": {"expected": 3.1, "baseline": 3.2, "change": -0.031},
        "revenue": {"expected": 1.4, "baseline": 1.1, "change": 0.273},
        "diversity": {"expected": 5.2, "baseline": 4.0, "change": 0.3},
    },
    "infeasible": False,
    "note": None,
    "degraded": [],
    "facets": {"flavour": {"vanilla": 31, "strawberry": 12}},
    "facet_details": {
        "flavour": {
            "type": "text",
            "label": "Flavour",
            "n_values": 2,
            "missing": 275,
            "min": None,
            "max": None,
            "ranges": [],
        }
    },
    "bundle": "3f9c0d2ab771",
    "arm": None,
    "variant": None,
    "took_ms": {"retrieve": 0.4, "featurise": 0.1, "rank": 0.1, "choose": 0.3, "total": 0.9},
}


class VariantModel(BaseModel):
    """Another item of a hit's group."""

    model_config = ConfigDict(extra="forbid", title="Variant")

    item_id: str
    title: str
    price: float | None
    in_stock: bool
    image: str
    url: str
    attributes: dict[str, Any] = Field(description="Those in which it differs from the hit.")


class Hit(BaseModel):
    """One item of the slate."""

    model_config = ConfigDict(extra="forbid")

    item_id: str
    position: int = Field(description="0-based, counted over all pages.")
    title: str
    brand: str
    category: str
    price: float | None
    in_stock: bool
    image: str
    url: str
    attributes: dict[str, Any] = Field(
        description="Those that the shop shows, by name; a list where there are several values."
    )
    variants: list[VariantModel] | None = Field(
        description="The first 50 other items of its group, for which it stands; null where items are their own hits."
    )
    n_variants: int | None = Field(None, description="How many other items its group has.")
    score: float = Field(description="The utility at the effective weights.")
    objectives: dict[str, float] = Field(
        description="Calibrated value of each objective, in its own unit; of one that reads what no shopper is shown "
        "(a purchase price) only for keys that may do more than search."
    )
    propensity: float = Field(
        description="Chance of the item at its position given those above; 1 unless it was drawn."
    )
    features: dict[str, float] | None = Field(None, description="With `explain`: what the ranker saw.")
    matched: dict[str, list[str]] | None = Field(
        None, description="With `explain`: the fields that have each word of the query, or a synonym."
    )


class ReceiptLineModel(BaseModel):
    """What the weights bought or cost of one objective.

    Of one that reads what no shopper is shown, a key that only searches gets shares of the baseline.
    """

    model_config = ConfigDict(extra="forbid", title="ReceiptLine")

    expected: float
    baseline: float = Field(description="Of the pure-relevance slate of the same candidates.")
    change: float | None = Field(description="expected / baseline - 1; null where the baseline is 0.")


class SynonymModel(BaseModel):
    """Words of the query, and words that count as well."""

    model_config = ConfigDict(extra="forbid", title="Synonym")

    from_: str = Field(alias="from")
    to: str


class MentionModel(BaseModel):
    """A value of an attribute that words of the query speak of."""

    model_config = ConfigDict(extra="forbid", title="Mention")

    text: str = Field(description="The words.")
    field: str
    value: str = Field(description="As in `filter=field:value`.")
    applied: bool = Field(description="Whether it filters; otherwise it is one of the ranker's features.")


class UnderstoodModel(BaseModel):
    """What the words of a query were understood as, step by step."""

    model_config = ConfigDict(extra="forbid", title="Understood")

    query: str = Field(description="As typed.")
    corrected: str | None = Field(description="With other words in place of misspelt ones.")
    synonyms: list[SynonymModel]
    excluded: list[str] = Field(description="Words that are not wanted.")
    attributes: list[MentionModel]
    relaxed: list[str] = Field(description="Words that an item need not have to be among the matches.")
    rewritten: str | None = Field(description="What a rule put in place of what was typed.")
    redirect: str | None = Field(description="Where a rule says to lead the shopper.")
    banner: str | None = Field(description="What a rule says to show above the hits.")


class FacetRangeModel(BaseModel):
    """Items with a value within a range, to which both ends belong."""

    model_config = ConfigDict(extra="forbid", title="FacetRange")

    from_: float | str = Field(alias="from")
    to: float | str
    count: int


class FacetModel(BaseModel):
    """What a facet is beside its counts."""

    model_config = ConfigDict(extra="forbid", title="Facet")

    type: str = Field(description="text, number, flag, date or path.")
    label: str = Field(description="The attribute's name for people.")
    n_values: int = Field(description="How many different values there are, of which `facet_limit` are counted.")
    missing: int = Field(description="Matching items without a value.")
    min: float | str | None
    max: float | str | None
    ranges: list[FacetRangeModel] = Field(description="Of numbers and dates.")


class SearchResponse(BaseModel):
    """A slate and its receipt."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    decision_id: str = Field(description="Names this decision in the log; the `query_id` of its events.")
    query: str = Field(description="As typed.")
    understood: UnderstoodModel
    hits: list[Hit]
    currency: str | None = Field(
        description="Of all prices (ISO 4217), that of the price list where one is asked for; null where nobody said."
    )
    n_candidates: int = Field(description="Items ranked by weights, which come first.")
    n_matches: int = Field(description="Items that meet the filters and the query; the least there are if not exact.")
    n_matches_exact: bool = Field(description="Whether they were counted; they are for facets, `sort` and late pages.")
    weights: dict[str, float] = Field(description="Effective weights, after `max_relevance_loss`; they sum to 1.")
    receipt: dict[str, ReceiptLineModel]
    infeasible: bool = Field(description="No weights keep `max_relevance_loss`; the slate is pure relevance.")
    note: str | None = Field(description="Why nothing is there, where there is more to say than that nothing matches.")
    degraded: list[str] = Field(
        description="Parts this search went without, as `redis`; `ranking` where its time is short: scores are 0."
    )
    facets: dict[str, dict[str, int]] = Field(
        description="Matching items by value; of numbers and dates by range, as `filter` has it."
    )
    facet_details: dict[str, FacetModel]
    bundle: str
    arm: str | None = Field(
        description="The arm of the experiment that this search is in; joined by + in several layers."
    )
    variant: str | None = Field(deprecated=True, description="The earlier name of `arm`, sent for one version.")
    took_ms: dict[str, float] = Field(description="Milliseconds by stage.")
