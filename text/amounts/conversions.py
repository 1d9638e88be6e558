"""How units are converted, as pint converts them. (Pint itself takes a third of a second to start, in each process.)"""

from __future__ import annotations

from typing import Final

FACTORS: Final = {
    "g": {"microgram": 1e-06, "milligram": 0.001, "gram": 1.0, "ounce": 28.349523125000005,
        "pound": 453.5923700000001, "kilogram": 1000.0, "stone": 6350.293180000001, "tonne": 1000000.0},
    "ml": {"milliliter": 1.0, "centimeter**3": 1.0000000000000002, "centiliter": 10.0,
        "fluid_ounce": 29.573529562499992, "deciliter": 100.0, "pint": 473.1764729999999,
        "quart": 946.3529459999997, "liter": 1000.0, "gallon": 3785.411783999999, "meter**3": 999999.9999999999},
    "mm": {"millimeter": 1.0, "centimeter": 10.0, "inch": 25.4, "foot": 304.79999999999995, "yard": 914.4,
        "meter": 1000.0, "kilometer": 1000000.0, "mile": 1609344.0},
    "m2": {"millimeter**2": 1e-06, "centimeter**2": 0.0001, "inch**2": 0.00064516, "foot**2": 0.09290303999999999,
        "yard**2": 0.83612736, "meter**2": 1.0},
    "gb": {"kilobyte": 1.0000000000000002e-06, "megabyte": 0.001, "gigabyte": 1.0, "terabyte": 1000.0000000000001},
    "mbit": {"megabit": 1.0, "gigabit": 1000.0},
    "h": {"second": 0.0002777777777777778, "minute": 0.016666666666666666, "hour": 1.0, "day": 24.0, "week": 168.0,
        "month": 730.5, "year": 8766.0},
    "w": {"watt": 1.0, "horsepower": 745.6998715822701, "kilowatt": 1000.0},
    "kj": {"kilojoule": 1.0, "watt_hour": 3.6, "kilocalorie": 4.184, "kilowatt_hour": 3600.0},
    "v": {"volt": 1.0},
    "a": {"milliampere": 0.001, "ampere": 1.0},
    "mah": {"milliampere_hour": 1.0, "ampere_hour": 1000.0},
    "ohm": {"ohm": 1.0},
    "mhz": {"hertz": 1e-06, "kilohertz": 0.001, "megahertz": 1.0, "gigahertz": 1000.0},
    "degc": {"degree_Fahrenheit": 0.5555555555555429, "degree_Celsius": 1.0},
    "bar": {"psi": 0.06894757293168365, "bar": 1.0},
    "kmh": {"kilometer_per_hour": 1.0, "mile_per_hour": 1.609344},
    "lm": {"lumen": 1.0},
    "nm": {"newton * meter": 1.0},
}  # fmt: skip
"""The unit that an amount of each kind is written in -> units of the kind by pint's names, and how much each is."""

OFFSETS: Final = {"degree_Fahrenheit": -17.777777777777743}
"""What is added behind the factor."""
