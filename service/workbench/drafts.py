"""Drafts of definitions: what somebody would define, for all to see and live only when published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trimtab.core.errors import BadParameter, Conflict, NotFound
from trimtab.service.experiments.definition import Experiment
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions
from trimtab.service.search.profiles import Profile
from trimtab.service.search.rules import Rule, RuleBook
from trimtab.service.search.synonyms import SynonymBook, SynonymDefinition
from trimtab.service.search.wording import Wording
from trimtab.service.workbench.changes import plain

Kind = Literal["profiles", "rules", "synonyms", "experiments"]
Drafted = Profile | Rule | SynonymDefinition | Experiment
MODEL_OF: Mapping[Kind, type[Drafted]] = {
    "profiles": Profile,
    "rules": Rule,
    "synonyms": SynonymDefinition,
    "experiments": Experiment,
}
OF_ADMINS: frozenset[Kind] = frozenset({"profiles", "experiments"})
"""Kinds that admins alone change: they say what all shoppers, or a part of them, get."""
MAX_DRAFTS = 200


class Draft(BaseModel):
    """What a definition shall be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    name: str
    definition: dict[str, Any] | None = Field(description="Null: it shall be no more.")
    before: dict[str, Any] | None = Field(description="What was live when the draft was begun; null for nothing.")
    author: str = Field(description="The name of a key, `@` and that of an account, or `admin key`.")
    at: datetime
    note: str = Field("", max_length=500, description="Why.")

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        """What an earlier version kept and this one would not define is left out where drafts are read."""
        self.proposed()
        return self

    @property
    def path(self) -> str:
        """What it is called among all drafts."""
        return f"{self.kind}/{self.name}"

    def proposed(self) -> Drafted | None:
        """The definition that it proposes."""
        return None if self.definition is None else MODEL_OF[self.kind].model_validate(self.definition)


class Drafts:
    """The drafts of all people, beside the definitions that are live."""

    def __init__(
        self,
        redis: RedisGateway,
        live: Mapping[Kind, NamedDefinitions[Any]],
        data_folder: Path | None = None,
    ) -> None:
        """
        Args:
            live: the definitions of each kind.
        """
        self._drafts = NamedDefinitions(redis, "draft", Draft, data_folder)
        self.live = live

    def all(self) -> Mapping[str, Draft]:
        """The drafts by `KIND/NAME`."""
        return self._drafts.all()

    def of(self, kind: Kind, name: str) -> Draft:
        """
        Raises:
            NotFound: there is no such draft.
        """
        found = self.all().get(f"{kind}/{name}")
        if found is None:
            raise NotFound.unknown("draft", f"{kind}/{name}", self.all())
        return found

    def live_one(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """The definition that is live, as JSON values."""
        return plain(self.live[kind].all().get(name))

    async def keep(self, draft: Draft) -> None:
        """Keep a draft, in place of an earlier one of the same name.

        Raises:
            Conflict: there are too many.
            Unavailable: Redis is lost.
        """
        if draft.path not in self.all() and len(self.all()) >= MAX_DRAFTS:
            raise Conflict(f"there are {MAX_DRAFTS} drafts: publish or discard some first")
        await self._drafts.put(draft.path, draft)

    async def discard(self, kind: Kind, name: str) -> None:
        """
        Raises:
            NotFound: there is no such draft.
            Unavailable: Redis is lost.
        """
        await self._drafts.delete(self.of(kind, name).path)

    def require_current(self, draft: Draft) -> None:
        """
        Raises:
            Conflict: what is live was changed since the draft was begun.
        """
        if self.live_one(draft.kind, draft.name) != draft.before:
            raise Conflict(f"{draft.path} was changed since this draft was begun: look at both, and draft it again")

    async def publish(self, draft: Draft) -> None:
        """Make live what a draft proposes, and forget the draft.

        Raises:
            Conflict: as `require_current`.
            Unavailable: Redis is lost.
        """
        self.require_current(draft)
        live, proposed = self.live[draft.kind], draft.proposed()
        if proposed is not None:
            await live.put(draft.name, _explained(proposed, draft.note))
        elif draft.before is not None:
            await live.delete(draft.name)
        await self._drafts.delete(draft.path)

    def published(self, paths: Iterable[str]) -> tuple[Mapping[str, Profile], Wording]:
        """Profiles, and rules and synonyms, as they would be with some drafts published; an experiment changes none.

        Args:
            paths: `KIND/NAME` of each.

        Raises:
            BadParameter: there is no such draft.
        """
        would_be: dict[Kind, dict[str, Any]] = {kind: dict(live.all()) for kind, live in self.live.items()}
        for path in paths:
            draft = self.all().get(path)
            if draft is None:
                raise BadParameter.unknown("drafts", "draft", path, self.all())
            proposed = draft.proposed()
            if proposed is None:
                would_be[draft.kind].pop(draft.name, None)
            else:
                would_be[draft.kind][draft.name] = proposed
        rules, synonyms = dict(sorted(would_be["rules"].items())), dict(sorted(would_be["synonyms"].items()))
        return would_be["profiles"], Wording(RuleBook(rules), SynonymBook(synonyms))


def _explained(definition: Drafted, note: str) -> Drafted:
    """The definition with why it was drafted, if it has a place for that."""
    has_place = "note" in type(definition).model_fields
    return definition.model_copy(update={"note": note}) if note and has_place else definition
