"""The arms that a search was assigned to."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.service.experiments.definition import Arm, Experiment, totals_key, units_key
from trimtab.service.observability.metrics import JOINED


@dataclass(frozen=True, slots=True)
class Assignment:
    """The arm of a search, in the experiment as it was then: it may have changed or ended before it is counted."""

    name: str
    experiment: Experiment
    arm: str
    unit_id: str

    @property
    def label(self) -> str:
        return f"{self.name}/{self.arm}"

    @property
    def sides(self) -> tuple[tuple[str, str | None], ...]:
        """The arms that an interleaving arm compares, with their profiles."""
        arms = self.experiment.arms
        return tuple((side, arms[side].profile) for side in arms[self.arm].interleave or ())

    @property
    def profile(self) -> str | None:
        """None for the usual one."""
        return self._first_ranking.profile

    @property
    def bundle(self) -> str | None:
        """None for the usual one."""
        return self._first_ranking.bundle

    @property
    def totals_key(self) -> str:
        return totals_key(self.name, self.experiment, self.arm)

    @property
    def units_key(self) -> str:
        return units_key(self.name, self.experiment, self.arm)

    @property
    def _first_ranking(self) -> Arm:
        arm = self.experiment.arms[self.arm]
        return arm if arm.interleave is None else self.experiment.arms[arm.interleave[0]]


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arms of one search, one at most of each layer, and what they decide together.

    Attributes:
        label: what response and log call the arms; None outside of experiments.
        profile: None for the usual one.
        bundle: None for the usual one.
        sides: of an interleaving arm, the arms that it compares, with their profiles.
        exploration_share: None for the service's own.
    """

    arms: tuple[Assignment, ...] = ()
    label: str | None = None
    profile: str | None = None
    bundle: str | None = None
    sides: tuple[tuple[str, str | None], ...] = ()
    exploration_share: float | None = None

    @classmethod
    def to(cls, arms: tuple[Assignment, ...]) -> Assigned:
        """In each respect the first arm that says something decides."""
        shares = (one.experiment.exploration_share for one in arms)
        return cls(
            arms,
            label=JOINED.join(one.label for one in arms) or None,
            profile=next((one.profile for one in arms if one.profile is not None), None),
            bundle=next((one.bundle for one in arms if one.bundle is not None), None),
            sides=next((one.sides for one in arms if one.sides), ()),
            exploration_share=next((share for share in shares if share is not None), None),
        )
