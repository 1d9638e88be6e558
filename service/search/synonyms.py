"""Synonyms that people define while the service runs, beside those of the bundle."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.retrieval.understanding.synonyms import NO_SYNONYMS, Synonyms, SynonymSet
from trimtab.service.moments import Moment, is_within, require_order
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions, Note
from trimtab.text.analyser import Analyser

Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], FailFast()]


class SynonymDefinition(BaseModel):
    """Words that stand for one another, or that find others too."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"words": ["sofa", "couch", "settee"]}}
    )

    words: Words = Field(
        min_length=1, max_length=64, description="Each stands for the others; with `also_find`, each finds those."
    )
    also_find: Words = Field((), max_length=64, description="What `words` find too, and not the other way.")
    starts: Moment | None = Field(None, description="Holds from then on, with its offset from UTC.")
    ends: Moment | None = Field(None, description="Holds until then.")
    note: Note = None

    @model_validator(mode="after")
    def _says_something(self) -> SynonymDefinition:
        if len(set(self.words)) < 2 and not self.also_find:
            problem = {"problem": "one word alone stands for nothing"}
            raise PydanticCustomError("synonym", "two or more words, or also_find", problem)
        require_order("synonym", self.starts, self.ends)
        return self

    def holds(self, now: datetime) -> bool:
        return is_within(now, self.starts, self.ends)


class SynonymBook:
    """Synonyms as they hold at a moment, made ready for an analyser once in each span in which the same ones hold."""

    def __init__(self, definitions: Mapping[str, SynonymDefinition]) -> None:
        self._definitions = tuple(definitions.values())
        ends = (end for one in self._definitions for end in (one.starts, one.ends) if end is not None)
        self._changes = sorted(set(ends))
        self._compiled: dict[tuple[Analyser, int], Synonyms] = {}

    def of(self, analyser: Analyser, now: datetime) -> Synonyms:
        """Those that hold at a moment, as an analyser finds words."""
        if not self._definitions:
            return NO_SYNONYMS
        span = bisect_right(self._changes, now)
        compiled = self._compiled.get((analyser, span))
        if compiled is None:
            holding = tuple(SynonymSet(one.words, one.also_find) for one in self._definitions if one.holds(now))
            compiled = self._compiled[analyser, span] = Synonyms.of(holding, analyser) if holding else NO_SYNONYMS
        return compiled


class SynonymDefinitions(NamedDefinitions[SynonymDefinition]):
    """The synonyms that are defined."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None) -> None:
        self.book = SynonymBook({})
        super().__init__(redis, "synonym", SynonymDefinition, data_folder)

    def _read(self, by_name: Mapping[str, SynonymDefinition]) -> None:
        self.book = SynonymBook(by_name)
        super()._read(by_name)
