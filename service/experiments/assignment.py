"""The arms that a search was assigned to."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.service.experiments.definition import Experiment
from trimtab.service.observability.metrics import JOINED


@dataclass(frozen=True, slots=True)
class Assignment:
    """The arm of a search, in the experiment as it was then: it may have changed or ended before it is counted.

    Attributes:
        totals_key: where its sums are kept.
        units_key: where its distinct units are kept.
        label: what response and log call it.
        profile: None for the usual one.
        bundle: None for the usual one.
        sides: of an interleaving arm, the arms that it compares, with their profiles.
    """

    name: str
    experiment: Experiment
    arm: str
    unit_id: str
    totals_key: str
    units_key: str
    label: str
    profile: str | None
    bundle: str | None
    sides: tuple[tuple[str, str | None], ...]

    @classmethod
    def to(
        cls, name: str, experiment: Experiment, arm: str, unit_id: str, *, totals_key: str, units_key: str
    ) -> Assignment:
        """What the arm decides; an interleaving arm is served as its first side is."""
        arms = experiment.arms
        compared = arms[arm].interleave or ()
        served = arms[compared[0]] if compared else arms[arm]
        return cls(
            name,
            experiment,
            arm,
            unit_id,
            totals_key=totals_key,
            units_key=units_key,
            label=f"{name}/{arm}",
            profile=served.profile,
            bundle=served.bundle,
            sides=tuple((side, arms[side].profile) for side in compared),
        )


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
