"""A measured figure, beside the one to reach."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


class Skipped(Exception):
    """A section that cannot be measured here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        target: the figure to reach, None where it is for information.
        better: whether more or less of it is better.
        interval: 95 % bootstrap interval where there is one.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["more", "less"] = "more"
    interval: tuple[float, float] | None = None

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "more" else self.value <= self.target

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}
