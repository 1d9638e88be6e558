"""Quantities: what units are called in each language (CLDR), and one way of writing what is the same amount (pint).

500 ml, 0.5 l and half a litre are one amount. The table of a language is made once, by Babel, which is not asked when a
text is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import floor, log10
from typing import Final, NamedTuple

from babel import Locale, UnknownLocaleError
from babel.units import format_unit

from trimtab.text.amounts.conversions import FACTORS, OFFSETS
from trimtab.text.normal import folded, normalised

_CLDR: Final = {
    "mass-kilogram": "kilogram", "mass-gram": "gram", "mass-milligram": "milligram", "mass-microgram": "microgram",
    "mass-ounce": "ounce", "mass-pound": "pound", "mass-stone": "stone", "mass-tonne": "tonne",
    "volume-liter": "liter", "volume-deciliter": "deciliter", "volume-centiliter": "centiliter",
    "volume-milliliter": "milliliter", "volume-fluid-ounce": "fluid_ounce", "volume-gallon": "gallon",
    "volume-quart": "quart", "volume-pint": "pint", "volume-cubic-meter": "meter**3",
    "length-kilometer": "kilometer", "length-meter": "meter", "length-centimeter": "centimeter",
    "length-millimeter": "millimeter", "length-inch": "inch", "length-foot": "foot", "length-yard": "yard",
    "length-mile": "mile", "area-square-meter": "meter**2", "area-square-centimeter": "centimeter**2",
    "area-square-foot": "foot**2", "area-square-inch": "inch**2", "area-square-yard": "yard**2",
    "digital-kilobyte": "kilobyte", "digital-megabyte": "megabyte", "digital-gigabyte": "gigabyte",
    "digital-terabyte": "terabyte", "digital-megabit": "megabit", "digital-gigabit": "gigabit",
    "duration-second": "second", "duration-minute": "minute", "duration-hour": "hour", "duration-day": "day",
    "duration-week": "week", "duration-month": "month", "duration-year": "year",
    "power-watt": "watt", "power-kilowatt": "kilowatt", "power-horsepower": "horsepower",
    "energy-kilowatt-hour": "kilowatt_hour", "energy-kilocalorie": "kilocalorie", "energy-kilojoule": "kilojoule",
    "electric-volt": "volt", "electric-ampere": "ampere", "electric-milliampere": "milliampere", "electric-ohm": "ohm",
    "frequency-hertz": "hertz", "frequency-kilohertz": "kilohertz", "frequency-megahertz": "megahertz",
    "frequency-gigahertz": "gigahertz", "temperature-celsius": "degree_Celsius",
    "temperature-fahrenheit": "degree_Fahrenheit", "pressure-bar": "bar", "pressure-pound-force-per-square-inch": "psi",
    "speed-kilometer-per-hour": "kilometer_per_hour", "speed-mile-per-hour": "mile_per_hour", "light-lumen": "lumen",
    "torque-newton-meter": "newton * meter",
}  # fmt: skip
"""Unit of CLDR -> what pint calls it."""

_ALSO: Final = {
    "kilogram": "kg kgs kilo kilos", "gram": "g gr grm gm gms grs", "milligram": "mg", "microgram": "mcg ug",
    "pound": "lb lbs", "ounce": "oz ozs", "tonne": "tonne",
    "fluid_ounce": "floz flounce flounces", "liter": "l lt ltr ltrs litre litres", "milliliter": "ml mls",
    "centiliter": "cl", "deciliter": "dl", "gallon": "gal gals", "quart": "qt qts", "pint": "pt pts",
    "meter": "m mtr mtrs", "centimeter": "cm cms", "millimeter": "mm", "kilometer": "km",
    "inch": "in inch inches \" ''",
    "foot": "ft feet '", "yard": "yd yds", "meter**2": "m2 sqm", "millimeter**2": "mm2 sqmm qmm",
    "centimeter**3": "cm3 ccm", "foot**2": "sqft ft2", "meter**3": "m3 cbm",
    "gigabyte": "gb gig go", "megabyte": "mb", "terabyte": "tb", "kilobyte": "kb", "megabit": "mbit mbps",
    "gigabit": "gbit gbps", "watt": "w", "kilowatt": "kw", "horsepower": "hp", "volt": "v", "ampere": "a amp amps",
    "milliampere": "ma", "milliampere_hour": "mah", "ampere_hour": "ah", "watt_hour": "wh", "kilowatt_hour": "kwh",
    "hertz": "hz", "megahertz": "mhz", "gigahertz": "ghz", "degree_Celsius": "c ° degc", "degree_Fahrenheit": "f degf",
    "kilocalorie": "kcal", "kilojoule": "kj", "lumen": "lm", "newton * meter": "nm", "hour": "h hr hrs",
    "minute": "min mins", "year": "yr yrs", "kilometer_per_hour": "kmh kph", "mile_per_hour": "mph", "psi": "psi",
}  # fmt: skip
"""What pint calls a unit -> what shops call it everywhere, beside its names in CLDR."""

_BY_LANGUAGE: Final = {
    "ar": {"kilogram": "كيلو كجم كغم", "gram": "جم غم", "milliliter": "مل", "centimeter": "سم", "meter": "م"},
    "bg": {
        "kilogram": "кг", "gram": "г гр", "milligram": "мг", "liter": "л", "milliliter": "мл", "meter": "м",
        "centimeter": "см", "millimeter": "мм", "watt": "вт", "kilowatt": "квт", "meter**2": "м2",
    },
    "bn": {"kilogram": "কেজি কিলো"},
    "el": {"milliliter": "μλ"},
    "fa": {"kilogram": "کیلو", "centimeter": "سانت سانتی", "milliliter": "میل"},
    "he": {"kilogram": "קילו", "gram": "גר", "milliliter": "מל"},
    "hi": {"kilogram": "किलो", "gram": "ग्रा", "milliliter": "मिली", "liter": "लीटर"},
    "ja": {"kilogram": "キロ", "centimeter": "センチ"},
    "ko": {"kilogram": "킬로", "centimeter": "센티"},
    "sr": {
        "kilogram": "кг", "gram": "г гр", "liter": "л", "milliliter": "мл", "meter": "м", "centimeter": "цм см",
        "millimeter": "мм",
    },
    "ta": {"kilogram": "கிலோ", "milliliter": "மில்லி", "liter": "லி லிட்டர்"},
    "th": {"kilogram": "กิโล"},
    "zh": {"kilogram": "公斤 千克", "gram": "克"},
}  # fmt: skip
"""The same of one language."""

_LOCALES: Final = {"sr": ("sr", "sr_Latn")}
"""Languages that have names of units in several scripts."""

_MISREAD: Final = ("s", "t", "d", "st", "deg")
"""Names of units in CLDR that mean something else in a shop more often: iPhone 6s, size 2T, 3D, 1st."""

_UNCONVERTED: Final = {
    "%": "% percent pct prozent",
    "ct": "ct count pack packs pk pks pck pcs pc pce piece pieces pkt stk stück stücke er-pack er-set pièce pièces pza "
          "pzas pieza piezas pezzo pezzi pz unidades uds szt sztuk kpl шт штук 個 本 枚 袋 个 件 개 팩 יחידות יחידה יח",
    "mp": "mp megapixel megapixels", "dpi": "dpi", "ppm": "ppm", "px": "px pixel pixels", "rpm": "rpm", "db": "db",
    "karat": "karat carat kt", "spf": "spf", "mil": "mil mils", "gsm": "gsm", "tc": "tc",
}  # fmt: skip
"""Units that are not converted: how they are written -> what they are called. Pieces and packs are one."""

_SIGNIFICANT_DIGITS: Final = 3
"""Amounts that agree in these are the same: 12 oz and 340 g, 16.9 fl oz and 0.5 l."""

_DIGITS_ON_LABELS: Final = 2
_OFF_ON_LABELS_RATIO: Final = 0.01

_NUMBER = re.compile(r"(?<!\w)[\d.,]+|\.")
"""The number in front of the name of a unit, or behind it, and points; not the digit of `м²`."""
_DIGIT = re.compile(r"\d")

_TERM = re.compile(r"(\d+(?:\.\d+)?)(\D.*)")


class Measure(NamedTuple):
    """An amount in the unit of its kind."""

    value: float
    unit: str

    @property
    def term(self) -> str:
        """How the amount is written in an index."""
        return _rounded(self.value, _SIGNIFICANT_DIGITS) + self.unit

    @property
    def on_label(self) -> Measure | None:
        """The round amount that packages say beside one in ounces: 50 ml of 1.7 fl oz; None where none is near."""
        value = float(_rounded(self.value, _DIGITS_ON_LABELS))
        return Measure(value, self.unit) if abs(value - self.value) <= _OFF_ON_LABELS_RATIO * self.value else None


class Unit(NamedTuple):
    """How amounts of a unit are converted: `number * factor + offset` in `base`."""

    base: str
    factor: float = 1.0
    offset: float = 0.0

    def of(self, number: float) -> Measure:
        """As much of this unit."""
        return Measure(number * self.factor + self.offset, self.base)


_CONVERTED: Final = {
    name: Unit(base, factor, OFFSETS.get(name, 0.0))
    for base, names in FACTORS.items()
    for name, factor in names.items()
}
"""By what pint calls the units of the tables."""


def measure(number: float, unit: str, languages: Sequence[str] = ("en",)) -> Measure | None:
    """An amount in the unit of its kind; None where these languages have no such unit."""
    found = units_of(tuple(languages)).get(unit_key(unit))
    return found.of(number) if found else None


def measure_of_term(term: str) -> Measure | None:
    """The amount that an index term says; None for a term that says none."""
    match = _TERM.fullmatch(term)
    return Measure(float(match[1]), match[2]) if match and (match[2] in FACTORS or match[2] in _UNCONVERTED) else None


@lru_cache(maxsize=64)
def units_of(languages: tuple[str, ...]) -> Mapping[str, Unit]:
    """The units of these languages and of English, by what they are called as `unit_key` writes it."""
    found: dict[str, Unit] = {}
    for language in dict.fromkeys((*languages, "en")):
        for cldr_name, pint_name in _CLDR.items():
            for name in _names(language, cldr_name):
                found.setdefault(unit_key(name), _CONVERTED[pint_name])
    for misread in _MISREAD:
        found.pop(misread, None)
    said = [_ALSO, *(_BY_LANGUAGE[language] for language in languages if language in _BY_LANGUAGE)]
    for pint_name, names in (item for table in said for item in table.items()):
        found.update((unit_key(name), _CONVERTED[pint_name]) for name in names.split())
    for base in FACTORS:
        found.setdefault(base, Unit(base))
    for base, names in _UNCONVERTED.items():
        found.update((unit_key(name), Unit(base)) for name in names.split())
    found.pop("", None)
    return found


def names_of_unit(language: str, pint_name: str) -> list[str]:
    """What a language, and shops everywhere, call a unit of pint's."""
    found = [
        name.strip() for cldr_name, one in _CLDR.items() if one == pint_name for name in _names(language, cldr_name)
    ]
    for table in (_ALSO, _BY_LANGUAGE.get(language, {})):
        found += table.get(pint_name, "").split()
    return list(dict.fromkeys(found))


def unit_key(name: str) -> str:
    """The name of a unit as the table has it: without case, accents, points and spaces."""
    return folded(name).replace(".", "").replace(" ", "").replace("-", "") or normalised(name).strip()


def _names(language: str, cldr_name: str) -> Iterator[str]:
    """What a language calls a unit: long and short, in each form that a number asks for."""
    for identifier in _LOCALES.get(language, (language,)):
        try:
            locale = Locale.parse(identifier)
        except (UnknownLocaleError, ValueError):
            continue
        yield from _names_in(locale, cldr_name)


def _names_in(locale: Locale, cldr_name: str) -> Iterator[str]:
    for length in ("long", "short"):
        for number in (1, 2, 5, 0.5):
            name = _NUMBER.sub("", normalised(format_unit(number, cldr_name, length, format="0.#", locale=locale)))
            # Babel writes the name in CLDR where the language has none. `cm2` is what shops call it, if any does.
            if cldr_name not in name and not (unit_key(name).isascii() and _DIGIT.search(name)):
                yield name


def _rounded(value: float, n_digits: int) -> str:
    if value == 0:
        return "0"
    decimals = n_digits - 1 - floor(log10(abs(value)))
    text = f"{round(value, decimals):.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
