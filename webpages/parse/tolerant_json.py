"""JSON as pages carry it: read strictly first, else mended in one linear pass and read as JavaScript.

What is met in the wild: objects escaped as HTML, comments, trailing commas, single quotes, several objects behind one
another, a bracket too many or too few, escapes that JSON does not know, quotes and line breaks inside strings.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

import chompjs

MAX_SOURCE = 2_000_000
"""Characters; a longer source is not read."""

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    # A quote ends a string only where something follows that can follow a string.
    r'|"(?:[^"\\]|\\.|"(?!\s{0,40}(?:[,:}\]]|$)|\s{0,40}\n\s{0,40}["}\]]))*"'
    r"|'(?:[^'\\]|\\.)*'|[\[\]{}]",
    re.DOTALL,
)
_BAD_ESCAPE = re.compile(r"""\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|(.)|$)""", re.DOTALL)
_MISSING_COMMA = re.compile(r"""((?<!\\)["\d}\]])(\s{1,40})(?=")""")
_LOOSE_NUMBER = re.compile(r":(\s{0,40})(\d{1,9}(?:\.\d{3})*(?:,\d{1,3})+(?:\.\d{1,2})?)(?=\s{0,40}[,}])")
_MISSING_VALUE = re.compile(r":(\s{0,40})(?=[,}])")
_DOUBLED = re.compile(r"\{\s{0,40}(?=\{)")
_CLOSES = {"}": "{", "]": "["}


def load_strictly(source: str) -> Any:
    """The one value of a source, None where it is not JSON; what stands around the outermost brackets is left out."""
    text = _bracketed(source) if len(source) <= MAX_SOURCE else ""
    value = _strictly(text)
    return _strictly(html.unescape(text)) if value is None and _is_escaped(text) else value


def load_mended(source: str) -> list[Any]:
    """Every value of a source that is not JSON, in order; empty where there is none that can be read."""
    text = _bracketed(source)
    try:
        found = chompjs.parse_js_objects(
            mended(html.unescape(text) if _is_escaped(text) else text), loader_kwargs={"strict": False}
        )
        return list(found)
    except (ValueError, RecursionError):
        return []


def mended(text: str) -> str:
    """The text without comments, its strings escaped as JSON wants it and its brackets in pairs."""
    opened: list[str] = []

    def mend(token: re.Match[str]) -> str:
        found = token[0]
        if found[0] == "/":
            return " "
        if found[0] in "\"'":
            return _string(found[1:-1])
        if found in "[{":
            opened.append(found)
            return found
        missing = ""
        while opened and opened[-1] != _CLOSES[found] and _CLOSES[found] in opened[-3:]:
            missing += "}" if opened.pop() == "{" else "]"
        if not opened or opened[-1] != _CLOSES[found]:
            return missing
        opened.pop()
        return missing + found

    text = _TOKEN.sub(mend, _DOUBLED.sub("", text))
    text = _MISSING_VALUE.sub(r":null\1", _MISSING_COMMA.sub(r"\1,\2", text))
    text = _LOOSE_NUMBER.sub(r':\1"\2"', text)
    return text + "".join("}" if bracket == "{" else "]" for bracket in reversed(opened))


def _string(inside: str) -> str:
    """A string of JSON: known escapes as they are, others without their backslash."""
    escaped = _BAD_ESCAPE.sub(lambda m: m[0] if m[1] else m[2] or "", inside) if "\\" in inside else inside
    return '"' + re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', escaped).replace("\n", " ").replace("\r", " ") + '"'


def _is_escaped(text: str) -> bool:
    return "&quot;" in text or "&#34;" in text


def _bracketed(source: str) -> str:
    """From the first bracket to the last: comments and CDATA marks around it come in many spellings."""
    start, array = source.find("{"), source.find("[")
    if 0 <= array < start and not source.startswith("[CDATA[", array):
        start = array
    end = max(source.rfind("}"), source.rfind("]")) + 1
    return source[start : end or None] if start >= 0 else ""


def _strictly(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
