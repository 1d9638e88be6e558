"""Named profiles: default weights and constraints of a kind of traffic. `default` serves who names none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic.config import JsonDict

from trimtab.core.errors import BadParameter
from trimtab.core.weights import loss_parameter, objective_of_loss
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.named_definitions import NamedDefinitions, Note

DEFAULT = "default"


SHARE: JsonDict = {"type": "number", "minimum": 0, "maximum": 1}


class Profile(BaseModel):
    """What a search uses where its request says nothing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"weights": {"relevance": 0.7, "revenue": 0.3}, "max_relevance_loss": 0.02},
            "patternProperties": {f"^(?!max_relevance_loss$){loss_parameter('.+')}$": SHARE},
        },
    )

    weights: Mapping[str, float] = Field(min_length=1)
    max_relevance_loss: float | None = Field(None, ge=0, le=1)
    max_losses: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="The same of other objectives, each written as `max_<objective>_loss`."
    )
    note: Note = None

    @model_validator(mode="before")
    @classmethod
    def _gather_losses(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        named = {key: name for key in values if (name := objective_of_loss(key)) and key not in cls.model_fields}
        losses = {name: values[key] for key, name in named.items()}
        rest = {key: value for key, value in values.items() if key not in named}
        return {**rest, "max_losses": {**rest.get("max_losses", {}), **losses}} if losses else rest

    @model_serializer(mode="wrap")
    def _spread_losses(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written = dict(handler(self))
        losses = written.pop("max_losses", {})
        return {**written, **{loss_parameter(name): share for name, share in losses.items()}}


class Profiles(NamedDefinitions[Profile]):
    """The profiles that are defined."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None = None) -> None:
        super().__init__(redis, "profile", Profile, data_folder)


def profile_named(name: str | None, profiles: Mapping[str, Profile]) -> Profile | None:
    """The profile of that name; `default`, if there is one, where no name is given.

    Raises:
        BadParameter: there is none of that name.
    """
    if name is None:
        return profiles.get(DEFAULT)
    if name not in profiles:
        raise BadParameter.unknown("profile", "profile", name, profiles)
    return profiles[name]
