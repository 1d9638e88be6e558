"""Synonyms that admins define while the service runs, beside those of the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.retrieval.understanding.synonyms import NO_SYNONYMS, Synonyms, SynonymSet
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions
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

    @model_validator(mode="after")
    def _says_something(self) -> SynonymDefinition:
        if len(set(self.words)) < 2 and not self.also_find:
            problem = {"problem": "one word alone stands for nothing"}
            raise PydanticCustomError("synonym", "two or more words, or also_find", problem)
        return self


class SynonymDefinitions(NamedDefinitions[SynonymDefinition]):
    """The synonyms that are defined."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None) -> None:
        self._sets: tuple[SynonymSet, ...] = ()
        self._compiled: dict[Analyser, Synonyms] = {}
        super().__init__(redis, "synonym", SynonymDefinition, data_folder)

    def of(self, analyser: Analyser) -> Synonyms:
        """All of them, as an analyser finds words; made once after each change."""
        if not self._sets:
            return NO_SYNONYMS
        compiled = self._compiled.get(analyser)
        if compiled is None:
            compiled = self._compiled[analyser] = Synonyms.of(self._sets, analyser)
        return compiled

    def _read(self, by_name: Mapping[str, SynonymDefinition]) -> None:
        self._sets = tuple(SynonymSet(one.words, one.also_find) for one in by_name.values())
        self._compiled = {}
        super()._read(by_name)
