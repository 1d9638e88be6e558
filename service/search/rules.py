"""Merchandising rules: what a person decided about some searches, for some time.

Rules about items become pins, exclusions and boosts of the query, which the engine's terminal stage settles before
anything is drawn: propensities know of rules, the receipt says what they cost, and the impression log has them. Rules
about words put others in their place, add filters, or say where to lead the shopper and what to show above the hits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from trimtab.core.records import Constraints, Filter
from trimtab.retrieval.filters import parse_filter
from trimtab.retrieval.understanding.rewriting import Keys, Matches, keys_of, place_of, rewritten
from trimtab.service.identifiers import Identifier
from trimtab.service.moments import Moment, is_within, require_order
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions, Note
from trimtab.text.analyser import analyser_of
from trimtab.text.normal import folded

BURIED = -100.0
"""Added to a utility, it sorts an item behind all that are not buried, and leaves no chance to be drawn before them."""
DEFAULT_BOOST = 0.25
ANALYSER = analyser_of(())
"""What compares the words of rules: they hold for whatever bundle serves."""


OF_ITEMS = ("pin", "boost", "bury", "hide")
"""Actions on items."""
PARAMETER_OF = {"filter": "filters", "rewrite": "rewrite", "redirect": "url", "banner": "banner"}
"""What the other actions cannot do without."""
OPTIONAL_OF = {"pin": "position", "boost": "boost"}
"""What an action may say beside its items."""


class Rule(BaseModel):
    """One rule. Without `query` and `category` it holds for every search."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"action": "pin", "item_ids": ["1029743"], "query": "ice cream", "position": 0}},
    )

    action: Literal["pin", "boost", "bury", "hide", "filter", "rewrite", "redirect", "banner"] = Field(
        description="Of items: `pin` to a position, `boost` the utility, `bury` behind all others, `hide` altogether. "
        "Of words: `filter` what is found, `rewrite` the words, `redirect` the shopper, show a `banner`."
    )
    item_ids: Annotated[tuple[Identifier, ...], FailFast()] = Field(
        (), max_length=200, validate_default=True, description="The items that are pinned, boosted, buried or hidden."
    )
    query: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None, description="Holds for searches with these words; case, accents and spaces do not count."
    )
    matches: Matches = Field(
        "exact", description="Whether `query` is all the words of a search, some of them in this order, or its first."
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
    filters: Annotated[tuple[Annotated[str, Field(max_length=256)], ...], FailFast()] = Field(
        (), max_length=32, description="With `filter`: conditions, as in `filter=` of a search."
    )
    rewrite: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None, description="With `rewrite`: what is searched in place of the words of `query`."
    )
    url: Annotated[str, Field(max_length=2048, pattern=r"^(https?://\S+|/([^/\s\\]\S*)?)$")] | None = Field(
        None, description="With `redirect`: an address of http or https, or a path of the shop."
    )
    banner: Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(
        None, description="With `banner`: the text, or what the shop finds it by."
    )
    starts: Moment | None = Field(None, description="Holds from then on, with its offset from UTC.")
    ends: Moment | None = Field(None, description="Holds until then.")
    note: Note = None

    @field_validator("item_ids")
    @classmethod
    def _are_needed(cls, item_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        action = info.data.get("action")
        if action in OF_ITEMS and not item_ids:
            raise PydanticCustomError("rule", f"at least one with the action {action}", {"problem": "is empty"})
        if action not in OF_ITEMS and item_ids:
            problem = {"problem": f"has no meaning with {action}"}
            raise PydanticCustomError("rule", f"only with {', '.join(OF_ITEMS)}", problem)
        return item_ids

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        for action, name in (*OPTIONAL_OF.items(), *PARAMETER_OF.items()):
            if getattr(self, name) not in (None, ()) and self.action != action:
                problem = {"problem": f"{name} has no meaning with {self.action}"}
                raise PydanticCustomError("rule", f"{name} only with the action {action}", problem)
        needed = PARAMETER_OF.get(self.action)
        if needed is not None and getattr(self, needed) in (None, ()):
            problem = {"problem": f"{needed} is missing"}
            raise PydanticCustomError("rule", f"{needed} with the action {self.action}", problem)
        if self.query is None and (self.matches != "exact" or self.action == "rewrite"):
            raise PydanticCustomError("rule", "query with matches and with rewrite", {"problem": "query is missing"})
        require_order("rule", self.starts, self.ends)
        return self

    def holds(self, filters: tuple[Filter, ...], now: datetime) -> bool:
        """Whether the rule speaks about a search with its words under these filters."""
        if not is_within(now, self.starts, self.ends):
            return False
        if self.category is None:
            return True
        wanted = folded(self.category)
        categories = [one.values for one in filters if one.field == "category" and not one.negated]
        return any(wanted in map(folded, values) for values in categories)


@dataclass(frozen=True, slots=True)
class Orders:
    """What rules say of a search beside its constraints.

    Attributes:
        filters: conditions beside those of the request.
        redirect, banner: of the first rule that has one.
    """

    filters: tuple[Filter, ...] = ()
    redirect: str | None = None
    banner: str | None = None


class _Partial(NamedTuple):
    """A rule for some of a search's words, its place in the order, and those words."""

    place: int
    words: Keys
    rule: Rule

    def speaks_of(self, words: Keys) -> bool:
        """Whether it is about these words."""
        return place_of(words, self.words, self.rule.matches) is not None


class RuleBook:
    """Rules by the words they speak about.

    Rules for all of a search's words come before rules for some of them, those before rules for every search, and
    among them the order is that of their names.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        """
        Args:
            rules: by name, in the order of the names.
        """
        by_words = defaultdict(list)
        for rule in rules.values():
            if rule.query is not None and rule.matches == "exact":
                by_words[_keys(rule.query)].append(rule)
        self._by_words: Mapping[Keys, list[Rule]] = dict(by_words)
        self._by_first = defaultdict[str | None, list[_Partial]](list)
        for place, rule in enumerate(rules.values()):
            if rule.query is not None and rule.matches != "exact":
                words = _keys(rule.query)
                self._by_first[words[0] if words else None].append(_Partial(place, words, rule))
        self._of_all = [rule for rule in rules.values() if rule.query is None]

    def __bool__(self) -> bool:
        """Whether there are any rules."""
        return bool(self._by_words or self._by_first or self._of_all)

    def rewritten(self, text: str, filters: tuple[Filter, ...], now: datetime) -> str | None:
        """What is searched in place of a text; None where no rule says anything else. What a rule has put there is not
        rewritten again."""
        for rule in self._holding([text], filters, now):
            if rule.action == "rewrite" and rule.query is not None and rule.rewrite is not None:
                return rewritten(text, rule.query, rule.rewrite, rule.matches, ANALYSER)
        return None

    def obeyed(
        self, texts: Iterable[str], filters: tuple[Filter, ...], now: datetime, *, budgets: Constraints
    ) -> tuple[Orders, Constraints]:
        """What rules add to a search (filters, a redirect, a banner), and what it must obey.

        The first of two rules has the position that both want, and the other item takes the next free one. An item is
        pinned once. What is hidden is not shown even where it is pinned. Boosts add up.

        Args:
            texts: its words, as typed and as they were understood.
            budgets: what it may give up of its objectives.
        """
        rules = list(self._holding(texts, filters, now))
        return _orders(rules), _constraints(rules, budgets)

    def _holding(self, texts: Iterable[str], filters: tuple[Filter, ...], now: datetime) -> Iterator[Rule]:
        """The rules that speak of a search, each once."""
        if not self:
            return iter(())
        keys = list(dict.fromkeys(map(_keys, texts)))
        exact = [rule for words in keys for rule in self._by_words.get(words, ())]
        return (rule for rule in (*exact, *self._partly(keys), *self._of_all) if rule.holds(filters, now))

    def _partly(self, texts: Sequence[Keys]) -> list[Rule]:
        """The rules for some of the words; of however many, only those are looked at whose first word is there."""
        firsts: set[str | None] = {None, *(word for words in texts for word in words)}
        near = sorted(one for first in firsts for one in self._by_first.get(first, ()))
        return [one.rule for one in near if any(one.speaks_of(words) for words in texts)]


def _orders(rules: Sequence[Rule]) -> Orders:
    conditions = [condition for rule in rules if rule.action == "filter" for condition in rule.filters]
    return Orders(
        tuple(map(parse_filter, dict.fromkeys(conditions))),
        next((rule.url for rule in rules if rule.action == "redirect"), None),
        next((rule.banner for rule in rules if rule.action == "banner"), None),
    )


def _constraints(rules: Sequence[Rule], budgets: Constraints) -> Constraints:
    pins: dict[int, str] = {}
    exclusions: set[str] = set()
    boosts: dict[str, float] = {}
    for rule in rules:
        match rule.action:
            case "pin":
                _pin(rule, pins)
            case "hide":
                exclusions.update(rule.item_ids)
            case "boost" | "bury":
                boost = BURIED if rule.action == "bury" else rule.boost or DEFAULT_BOOST
                for item_id in rule.item_ids:
                    boosts[item_id] = boosts.get(item_id, 0.0) + boost
    return replace(budgets, pins=pins, exclusions=frozenset(exclusions), boosts=boosts)


class Rules(NamedDefinitions[Rule]):
    """The rules that are defined."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None) -> None:
        self.book = RuleBook({})
        super().__init__(redis, "rule", Rule, data_folder)

    def _read(self, by_name: Mapping[str, Rule]) -> None:
        self.book = RuleBook(by_name)
        super()._read(by_name)


def _pin(rule: Rule, pins: dict[int, str]) -> None:
    position = rule.position or 0
    for item_id in rule.item_ids:
        if item_id in pins.values():
            continue
        while position in pins:
            position += 1
        pins[position] = item_id


@lru_cache(maxsize=4096)
def _keys(text: str) -> Keys:
    return keys_of(text, ANALYSER)
