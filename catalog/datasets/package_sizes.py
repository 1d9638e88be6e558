"""Package sizes as tills write them (`12 PK/12 OZ`, `L    16 OZ`, `1-3/4 LB`) into what a shopper reads."""

from __future__ import annotations

import re
from collections.abc import Callable

# fmt: off
UNITS = {
    "OZ": "oz", "OZS": "oz", "Z": "oz", "FL OZ": "fl oz", "LB": "lb", "LBS": "lb", "G": "g", "GM": "g", "ML": "ml",
    "L": "L", "LT": "L", "LTR": "L", "GA": "gal", "GAL": "gal", "GALON": "gal", "QT": "qt", "PT": "pt", "CT": "ct",
    "PK": "pack", "P": "pack", "PC": "pieces", "PCS": "pieces", "DZ": "dozen", "DOZ": "dozen", "IN": "in", "FT": "ft",
    "SQ FT": "sq ft", "CU FT": "cu ft", "YD": "yd", "YDS": "yd", "CM": "cm", "MM": "mm", "LOAD": "loads",
    "LOADS": "loads", "LD": "loads", "LDS": "loads", "STEM": "stems", "STEMS": "stems", "CUP": "cups", "CP": "cups",
    "SHEET": "sheets", "SHEETS": "sheets", "ROLL": "rolls", "ROLLS": "rolls", "PADS": "pads", "BAGS": "bags",
    "USES": "uses", "STRIPS": "strips", "DIOPT": "diopters",
}
WORDS = {
    "GAL": "1 gal", "HALF GAL": "1/2 gal", "QT": "1 qt", "PT": "1 pt", "L": "1 L", "LB": "1 lb", "DZ": "1 dozen",
    "DOZ": "1 dozen", "SMALL": "small", "SM": "small", "SML": "small", "MED": "medium", "MEDIUM": "medium",
    "LARGE": "large", "X-LARGE": "extra large", "XLG": "extra large", "XLRG": "extra large", "MINI": "mini",
    "QUEEN": "queen size", "KING": "king size", "TWIN PK": "twin pack", "1 KIT": "1 kit", "KIT": "1 kit",
    "ONE SIZE": "one size", "1 PAIR": "1 pair", "UNDER 15 LB": "under 15 lb",
}
# fmt: on
"""Sizes without a number, and those no rule gives."""

SHOP_CODE = re.compile(
    r"^(?:(?:ALL|ABD|AB|A|B|CR|D|EX|L|N|P|R)(?:\s+[BD])*\s+(?:\d{3}\s+)?(?=[\d.])|\d{5,}\s+|\(\d+\)\s*)"
)
LARGEST_OF_A_PACK_OZ = 24
NUMBER = r"(\d*\.?\d+)"
FRACTION = r"(\d+[ -](?:1[0-5]|[1-9])/(?:2|3|4|8|16)|[1357]/8|[13]/4|1/3|1/2)"
UNIT = "(" + "|".join(sorted(UNITS, key=len, reverse=True)) + r")\b"
WEIGHT = r"(FL OZ|OZS|OZ|Z|LB|GM|G)\b"
CONTENT = r"(FL OZ|OZS|OZ|Z|ML|LTR|LT|L)\b"


def package_size(text: str | None) -> str:
    """`"22 LB"` -> `"22 lb"`, `"12 PK/12 OZ"` -> `"12 x 12 oz"`, `"AB    8 OZ"` -> `"8 oz"`.

    Numbers of the shop's own and packaging words fall away; empty where nothing is left that is a size.
    """
    if not text:
        return ""
    text = " ".join(SHOP_CODE.sub("", text.upper().replace("_", " ")).split())
    if text in WORDS:
        return WORDS[text]
    for pattern, write in FORMS:
        match = pattern.search(text)
        if match:
            return write(match)
    return ""


def _number(text: str) -> str:
    """`.5` -> `0.5`, `14.0` -> `14`, `1-3/4` -> `1 3/4`."""
    return text.replace("-", " ") if "/" in text else f"{float(text):g}"


def _amount(number: str, unit: str) -> str:
    number, unit = _number(number), UNITS[unit]
    return f"{number} {unit.removesuffix('s') if number == '1' else unit}"


def _times(count: str, number: str, unit: str) -> str:
    """A pack of several: each of the given size, or all together where no single one is that large."""
    if int(count) == 1:
        return _amount(number, unit)
    if int(count) >= 4 and UNITS[unit] == "oz" and float(number) > LARGEST_OF_A_PACK_OZ:
        return f"{int(count)} pack, {_amount(number, unit)}"
    return f"{int(count)} x {_amount(number, unit)}"


def _counted(count: str, number: str, unit: str) -> str:
    return f"{int(count)} ct, {_amount(number, unit)}"


Form = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

FORMS: tuple[Form, ...] = (
    # 3 X6 IN
    (re.compile(rf"{NUMBER} ?(?:IN)? ?X ?{NUMBER} (IN|FT|YD)\b"), lambda m: f"{m[1]} x {_amount(m[2], m[3])}"),
    # 1/2 GAL, 1 1/8 OZ, 1-3/4 LB
    (re.compile(rf"^{FRACTION}[ -]?{UNIT}"), lambda m: _amount(m[1], m[2])),
    # 12 PK/12 OZ, 24/16.9 OZ, 6-3.5 OZ, 6 PK 8 OZ
    (re.compile(rf"^(\d+) ?(?:(?:PK|P) ?[ /-]|[/-]) ?{NUMBER} ?{CONTENT}"), lambda m: _times(m[1], m[2], m[3])),
    # 12 OZ/12 PK
    (re.compile(rf"^{NUMBER} ?{CONTENT} ?[ /-] ?(\d+) ?PK"), lambda m: _times(m[3], m[1], m[2])),
    # 6 CT/15 OZ, 15 OZ/6 CT: the weight is that of all of them together
    (re.compile(rf"^(\d+) ?(?:CT|PC) ?[ /-]+ ?{NUMBER} ?{WEIGHT}"), lambda m: _counted(m[1], m[2], m[3])),
    (re.compile(rf"^{NUMBER} ?{WEIGHT} ?/ ?(\d+) ?(?:CT|PC)"), lambda m: _counted(m[3], m[1], m[2])),
    # 1 LB 9 OZ
    (re.compile(rf"^(\d+) LB {NUMBER} OZ"), lambda m: f"{m[1]} lb {_amount(m[2], 'OZ')}"),
    # 14-18 CT, 7-11 LB RW
    (re.compile(rf"^(\d+)[-/]{NUMBER} (CT|LB|STEM)\b"), lambda m: f"{m[1]}-{m[2]} {UNITS[m[3]]}"),
    # 8 OZ, 64 OZ PET, 3-LB BAG
    (re.compile(rf"(?<![\d.]){NUMBER}[ -]?{UNIT}"), lambda m: _amount(m[1], m[2])),
)
