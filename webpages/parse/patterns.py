"""Alternatives of words as `re` finds them quickly.

`re` skips to the first letters of alternatives where each of them begins with a letter. It tries every alternative at
every character where one of them begins with a word boundary or a group.
"""

from __future__ import annotations

import re

_GROUP_FIRST = re.compile(r"(\\b)?\(\?:([^()]*)\)(?![?*+{])(.*)", re.DOTALL)
_BOUNDARY_FIRST = re.compile(r"\\b([^\W\d_])")


def fast_pattern(pattern: str) -> re.Pattern[str]:
    """The same pattern: `\\b(?:was|list price)` is written out, and `\\bwas` becomes `w(?<=\\bw)as`."""
    written_out = []
    for alternative in _alternatives(pattern):
        group = _GROUP_FIRST.fullmatch(alternative)
        if group is None:
            written_out.append(alternative)
        else:
            boundary, inner, rest = group.groups(default="")
            written_out += [f"{boundary}{word}{rest}" for word in _alternatives(inner)]
    return re.compile("|".join(_boundary_second(alternative) for alternative in written_out))


def _boundary_second(alternative: str) -> str:
    first = _BOUNDARY_FIRST.match(alternative)
    return f"{first[1]}(?<=\\b{first[1]}){alternative[first.end() :]}" if first else alternative


def _alternatives(pattern: str) -> list[str]:
    """Parts between bars that stand in no bracket."""
    found, depth = [""], 0
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        depth += (piece in ("(", "[")) - (piece in (")", "]"))
        if piece == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return found
