"""Merchandising rules: what a person decided about some items, for some searches, for some time.

A rule becomes pins, exclusions and boosts of the query, which the engine's terminal stage settles before anything is
drawn: propensities know of rules, the receipt says what they cost, and the impression log has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.core.records import Constraints, Filter
from trimtab.service.identifiers import Identifier
from trimtab.service.moments import Moment
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions

BURIED = -100.0
"""Added to a utility, it sorts an item behind all that are not buried, and leaves no chance to be drawn before them."""
DEFAULT_BOOST = 0.25


class Rule(BaseModel):
    """One rule. Without `query` and `category` it holds for every search."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"action": "pin", "item_ids": ["1029743"], "query": "ice cream", "position": 0}},
    )

    action: Literal["pin", "boost", "bury", "hide"] = Field(
        description="`pin` to a position, `boost` the utility, `bury` behind all others, `hide` altogether."
    )
    item_ids: Annotated[tuple[Identifier, ...], FailFast()] = Field(min_length=1, max_length=200)
    query: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None, description="Holds for searches with these words; case and spaces do not count."
    )
    category: Identifier | None = Field(None, description="Holds for searches that are filtered to this category.")
    position: int | None = Field(
        None, ge=0, lt=200, description="With `pin`: 0-based position of the first item, 0 if left out; others follow."
    )
    boost: float | None = Field(
        None,
        gt=0,
        le=10,
        description="With `boost`: what is added, as a share of the range that a utility has over the catalogue; "
        f"{DEFAULT_BOOST} if left out.",
    )
    starts: Moment | None = Field(None, description="Holds from then on, with its offset from UTC.")
    ends: Moment | None = Field(None, description="Holds until then.")

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        for name, action in (("position", "pin"), ("boost", "boost")):
            if getattr(self, name) is not None and self.action != action:
                problem = {"problem": f"{name} has no meaning with {self.action}"}
                raise PydanticCustomError("rule", f"{name} only with the action {action}", problem)
        if self.starts is not None and self.ends is not None and self.starts >= self.ends:
            raise PydanticCustomError("rule", "starts before ends", {"problem": "the rule ends before it starts"})
        return self

    def holds(self, filters: tuple[Filter, ...], now: datetime) -> bool:
        """Whether the rule speaks about a search with its words under these filters."""
        if (self.starts is not None and now < self.starts) or (self.ends is not None and now >= self.ends):
            return False
        if self.category is None:
            return True
        wanted = self.category.casefold()
        return any(one.field == "category" and wanted in map(str.casefold, one.values) for one in filters)


class Rules(NamedDefinitions[Rule]):
    """The rules that are defined, by the words they speak about."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None) -> None:
        self._by_words: Mapping[str | None, list[Rule]] = {}
        super().__init__(redis, "rule", Rule, data_folder)

    def constraints(
        self, text: str, filters: tuple[Filter, ...], now: datetime, *, max_relevance_loss: float | None
    ) -> Constraints:
        """What a search must obey.

        Rules for these words come before rules for all, and among them the order is that of their names: the first
        has the position that two want, and the other item takes the next free one. An item is pinned once. What is
        hidden is not shown even where it is pinned. Boosts add up.
        """
        pins: dict[int, str] = {}
        exclusions: set[str] = set()
        boosts: dict[str, float] = {}
        for rule in self._holding(text, filters, now):
            match rule.action:
                case "pin":
                    _pin(rule, pins)
                case "hide":
                    exclusions.update(rule.item_ids)
                case "boost" | "bury":
                    boost = BURIED if rule.action == "bury" else rule.boost or DEFAULT_BOOST
                    for item_id in rule.item_ids:
                        boosts[item_id] = boosts.get(item_id, 0.0) + boost
        return Constraints(max_relevance_loss, pins, frozenset(exclusions), boosts)

    def _holding(self, text: str, filters: tuple[Filter, ...], now: datetime) -> Iterator[Rule]:
        for words in (_words(text), None):
            for rule in self._by_words.get(words, ()):
                if rule.holds(filters, now):
                    yield rule

    def _read(self, by_name: Mapping[str, Rule]) -> None:
        by_words = defaultdict(list)
        for rule in by_name.values():
            by_words[None if rule.query is None else _words(rule.query)].append(rule)
        self._by_words = dict(by_words)
        super()._read(by_name)


def _pin(rule: Rule, pins: dict[int, str]) -> None:
    position = rule.position or 0
    for item_id in rule.item_ids:
        if item_id in pins.values():
            continue
        while position in pins:
            position += 1
        pins[position] = item_id


def _words(text: str) -> str:
    return " ".join(text.casefold().split())
