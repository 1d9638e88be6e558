"""JSON as pages carry it: read strictly first, else mended in one linear pass and read as JavaScript.

What is met in the wild: objects escaped as HTML, comments, trailing commas, single quotes, several objects behind one
another, a bracket too many or too few, escapes that JSON does not know, quotes and line breaks inside strings.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any

import chompjs

MAX_SOURCE = 2_000_000
"""Characters; a longer source is not read."""

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    # A quote ends a string only where something follows that can follow a string.
    r'|"(?:[^"\\]|\\.|"(?!\s{0,40}(?:[,:}\]]|$)|\s{0,40}\n\s{0,40}["}\]]|\s{1,40}"@?\w{1,30}"\s{0,9}:))*"'
    r"|'(?:[^'\\]|\\.)*'|[\[\]{}]",
    re.DOTALL,
)
_BAD_ESCAPE = re.compile(r"""\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|(.)|$)""", re.DOTALL)
_LOOSE_NUMBER = re.compile(r":(\s{0,40})(\d{1,9}(?:\.\d{3})*(?:,\d{1,3})+(?:\.\d{1,2})?)(?=\s{0,40}(?:,|$))")
_MISSING_VALUE = re.compile(r":(\s{0,40})(?=[,}])")
_DOUBLED = re.compile(r"\{\s{0,40}(?=\{)")
_TEMPLATE = re.compile(r":(\s{0,40})\{\{[^{}\n]{0,200}\}\}|\{%[^{}\n]{0,200}%\}")
"""What a template engine should have replaced."""
_COMMAS = re.compile(r",(?:\s{0,40},)+")
_CLOSING = {"{": "}", "[": "]"}


def load_strictly(source: str) -> Any:
    """The one value of a source, None where it is not JSON; what stands around the outermost brackets is left out."""
    text = _bracketed(_unquoted(source)) if len(source) <= MAX_SOURCE else ""
    value = _strictly(text)
    return _strictly(html.unescape(text)) if value is None and _is_escaped(text) else value


def load_mended(source: str) -> list[Any]:
    """Every value of a source that is not JSON, in order; empty where there is none that can be read."""
    text = _bracketed(source)
    try:
        plain = mended(html.unescape(text) if _is_escaped(text) else text)
        found: Iterable[Any] = chompjs.parse_js_objects(plain, loader_kwargs={"strict": False})
        return list(found)
    except (ValueError, RecursionError):
        return []


def mended(text: str) -> str:
    """The text without comments, its strings escaped as JSON wants it and its brackets in pairs; what is missing
    between its strings and brackets is put there."""
    written: list[str] = []
    opened: list[str] = []
    at, last = 0, ""
    text = _DOUBLED.sub("", _TEMPLATE.sub(lambda template: ":null" if template[0][0] == ":" else "", text))
    for token in _TOKEN.finditer(text):
        between, found = _loose(text[at : token.start()]), token[0]
        at = token.end()
        last = between.strip()[-1:] or last
        if found[0] == "/":
            written.append(f"{between} ")
            continue
        if found[0] in "\"'":
            is_next = last in ('"', "}", "]") or last.isalnum()
            found = ("," if is_next else "") + _string(found[1:-1])
        elif found in "[{":
            opened.append(found)
        else:
            found = ("null" if last == ":" else "") + _closing(found, opened)
        written += (between, found)
        last = found[-1:] or last
    return "".join([*written, _loose(text[at:]), *(_CLOSING[bracket] for bracket in reversed(opened))])


def _closing(bracket: str, opened: list[str]) -> str:
    """A closing bracket with those that are missing before it; nothing where it closes none that is open."""
    opening = "{" if bracket == "}" else "["
    if opening not in opened[-3:]:
        return ""
    closed = ""
    while not closed.endswith(bracket):
        closed += _CLOSING[opened.pop()]
    return closed


def _loose(between: str) -> str:
    """What stands between strings and brackets, with values that are missing or are numbers of another notation."""
    between = _COMMAS.sub(",", between) if ",," in between.replace(" ", "") else between
    return _LOOSE_NUMBER.sub(r':\1"\2"', _MISSING_VALUE.sub(r":null\1", between))


def _string(inside: str) -> str:
    """A string of JSON: known escapes as they are, others without their backslash."""
    escaped = _BAD_ESCAPE.sub(lambda m: m[0] if m[1] else m[2] or "", inside) if "\\" in inside else inside
    return '"' + re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', escaped).replace("\n", " ").replace("\r", " ") + '"'


def _unquoted(source: str) -> str:
    """The source that a source is the text of, where it was written as JSON twice."""
    text = source.strip()
    value = _strictly(text) if text.startswith('"{') or text.startswith('"[') else None
    return value if isinstance(value, str) else source


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
