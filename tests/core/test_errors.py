"""The exception tree as its docstring draws it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from trimtab.core import errors

ROOMS = ("core", "text", "catalog", "retrieval", "ranker", "engine", "webpages", "service", "abtest", "cli")
ROOT = Path(__file__).parents[2]


def test_the_tree_has_every_error_of_every_room_below_its_parent() -> None:
    parents = {
        node.name: node.bases[0].id
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name)
    }
    found = {"TrimtabError"}
    while more := {name for name, parent in parents.items() if parent in found} - found:
        found |= more
    drawn: dict[str, str] = {}
    above: list[str] = []
    for bars, name in re.findall(r"^    ((?:[│├└]?[ ─]*)*)([A-Z]\w+) ", errors.__doc__ or "", re.M):
        above = [*above[: len(bars) // 4], name]
        drawn[name] = above[-2] if len(above) > 1 else ""
    assert drawn == {name: parents[name] if name != "TrimtabError" else "" for name in found}


def test_an_unknown_name_comes_with_the_nearest_and_with_what_there_is() -> None:
    known = ("relevance", "revenue", "margin")
    error = errors.BadParameter.unknown("objective", "objective", "revenu", known)
    assert str(error) == (
        "objective: there is no objective 'revenu' (did you mean 'revenue'?); allowed: relevance, revenue, margin"
    )
    assert str(errors.NotFound.unknown("bundle", "x", ())) == "there is no bundle 'x'; none is defined"
    assert str(errors.NotFound.unknown("bundle", "x", ["a"])) == "there is no bundle 'x'; there are a"
    assert errors.listed(map(str, range(errors.MOST_LISTED + 1))).endswith(f"{errors.MOST_LISTED - 1}, ...")
    assert errors.did_you_mean("a" * 100_000, ["a" * 100_001]) == ""
