from __future__ import annotations

import pint
import pytest

from trimtab.text.amounts.conversions import FACTORS, OFFSETS


def test_units_are_converted_as_pint_converts_them() -> None:
    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    for factors in FACTORS.values():
        base = next(name for name, factor in factors.items() if factor == 1)
        for name, factor in factors.items():
            at_zero, at_one = (registry.Quantity(number, name).to(base).magnitude for number in (0.0, 1.0))
            assert (OFFSETS.get(name, 0.0), factor) == pytest.approx((at_zero, at_one - at_zero), rel=1e-12), name
