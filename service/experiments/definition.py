"""The definition of an experiment, and the keys under which Redis has what happened in it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from trimtab.core.experiments.assignment import SHARE_TOLERANCE
from trimtab.core.experiments.sample_ratio import sample_ratio_p_value
from trimtab.service.bundles.plan import BundleName
from trimtab.service.experiments.ramp import Name, Ramp

COUNTED_SECONDS = 90 * 24 * 3600
"""How long what is known of a unit is kept after it was last counted."""


class Arm(BaseModel):
    """One arm: what serves its units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(ge=0, le=1, description="0 for an arm that only others interleave.")
    profile: Name | None = Field(None, description="Left out: what serves without an experiment.")
    bundle: BundleName | None = Field(None, description="A loaded bundle. Left out: the active one.")
    interleave: tuple[Name, Name] | None = Field(
        None, description="Two other arms of one bundle, drawn into one slate (team draft) whose clicks compare them."
    )


class Experiment(BaseModel):
    """The definition of an experiment: its arms, their shares and who takes part."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "unit": "session",
                "exposure": 0.25,
                "arms": {"control": {"share": 0.5}, "treatment": {"share": 0.5, "profile": None}},
            }
        },
    )

    arms: Mapping[Name, Arm] = Field(min_length=2, max_length=20, description="By name; shares sum to 1.")
    unit: Literal["session", "user"] = Field("session", description="What is split: by `session_id` or `user_id`.")
    exposure: float = Field(1.0, ge=0, le=1, description="Share of the units that take part, where there is no ramp.")
    ramp: Ramp | None = Field(None, description="Raises the exposure by itself; ends an experiment that does harm.")
    layer: Name = Field("default", description="A search is in one experiment of a layer at most.")
    slots: tuple[float, float] = Field(
        (0.0, 1.0), description="From, to: the units of its layer that it may have. Apart, experiments share none."
    )
    exploration_share: float | None = Field(
        None, ge=0, le=1, description="Share of its sessions whose slates are sampled. Left out: the service's."
    )

    @model_validator(mode="after")
    def _is_split(self) -> Experiment:
        total = math.fsum(arm.share for arm in self.arms.values())
        if abs(total - 1) > SHARE_TOLERANCE:
            raise PydanticCustomError("shares", "shares that sum to 1", {"problem": f"shares sum to {total:g}"})
        if not 0 <= self.slots[0] < self.slots[1] <= 1:
            raise PydanticCustomError("slots", "0 <= from < to <= 1", {"problem": "slots are not a part of 0 to 1"})
        for arm in self.arms.values():
            self._check_interleaved(arm)
        if self.ramp is not None and self.ramp.control not in self.arms:
            problem = {"problem": f"the ramp's control {self.ramp.control!r} is not an arm"}
            raise PydanticCustomError("ramp", "an arm of this experiment", problem)
        return self

    def _check_interleaved(self, arm: Arm) -> None:
        if arm.interleave is None:
            return
        sides = [self.arms.get(name) for name in arm.interleave]
        are_rankings = all(side is not None and side.interleave is None for side in sides)
        bundles = {side.bundle for side in sides if side is not None}
        if not are_rankings or len(set(arm.interleave)) < 2 or len(bundles) > 1 or arm.profile or arm.bundle:
            problem = {"problem": f"cannot interleave {' and '.join(arm.interleave)}"}
            raise PydanticCustomError("interleave", "two other arms with the same bundle, and nothing else", problem)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each arm, in the order of the names, so that writing the arms in another order moves no unit."""
        return {name: arm.share for name, arm in sorted(self.arms.items())}

    def sample_ratio_p_value(self, units: Mapping[str, int]) -> float:
        """Chance that units are split at least as unevenly as these by arm; 1 before anybody is counted."""
        return sample_ratio_p_value([units.get(arm, 0) for arm in self.shares], list(self.shares.values()))

    @property
    def decides(self) -> frozenset[str]:
        """What its arms choose: a profile, a bundle, or both."""
        arms = self.arms.values()
        return frozenset(name for name in ("profile", "bundle") if any(getattr(arm, name) for arm in arms))

    @property
    def split(self) -> str:
        """A digest of unit and shares: with another split it is another experiment, with more exposure the same one."""
        return hashlib.blake2b(orjson.dumps([self.unit, self.shares]), digest_size=6).hexdigest()


def unit_digest(unit_id: str) -> bytes:
    """What stands for a unit in Redis."""
    return hashlib.blake2b(unit_id.encode(), digest_size=8).digest()


def units_key(name: str, experiment: Experiment, arm: str) -> str:
    """The key of the set of an arm's distinct units."""
    return f"trimtab:units:{name}:{experiment.split}:{arm}"


def totals_key(name: str, experiment: Experiment, arm: str) -> str:
    """The key of the sums of an arm; a ramp that is defined anew starts with new ones."""
    return f"trimtab:totals:{ramp_field(name, experiment)}:{arm}"


def ramp_field(name: str, experiment: Experiment) -> str:
    """The field that keeps the state of the ramp: a ramp that is defined in another way starts again."""
    ramp = None if experiment.ramp is None else experiment.ramp.model_dump()
    return f"{name}:{experiment.split}:{hashlib.blake2b(orjson.dumps(ramp), digest_size=6).hexdigest()}"
