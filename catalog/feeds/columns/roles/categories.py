"""How a feed writes the categories of its items."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.catalog.attributes.values import path_of
from trimtab.catalog.feeds.columns.evidence import ColumnEvidence, Steps
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.rows import Value, texts
from trimtab.catalog.html_text import text_of_html
from trimtab.catalog.schema import MAX_NAME_BYTES

CATEGORY = "category"
"""The attribute with all of an item's categories, where it has several or they have steps."""
MAX_REPEATS = 20
"""How often one value of a column counts where its steps are looked for."""
_CODE = re.compile(r"\d{3,}\s*[-–:]\s*(?=[^\W\d])")
_STEPS = re.compile(r"\s*(?:>|›|»|→|::)\s*")


@dataclass(frozen=True, slots=True)
class CategoryLayout:
    """How categories are written.

    Attributes:
        separator: between several in one text.
        step: between the steps of one, where it is not `>`.
        is_path: whether they have steps.
        is_list_path: whether those stand in a list.
        is_multi: whether an item may have several.
        are_coded: whether a number stands before the name of each: `100600 - Kitchen`.
    """

    separator: str | None = None
    step: str | None = None
    is_path: bool = False
    is_list_path: bool = False
    is_multi: bool = False
    are_coded: bool = False

    def paths(self, value: Value | None) -> list[str]:
        """The categories in a cell, each once."""
        if self.is_list_path and isinstance(value, list):
            value = " > ".join(text.replace(">", " ") for text in texts(value))
        cells = texts(value)
        parts = [part for text in cells for part in text.split(self.separator)] if self.separator else cells
        plain = (_CODE.sub("", text) if self.are_coded else text for text in map(text_of_html, parts))
        found = (path_in(part, self.step) for part in plain) if self.is_path else plain
        return list(dict.fromkeys(filter(None, found)))


def categories_in(survey: Survey, roles: Mapping[str, str]) -> CategoryLayout:
    """How the column of the categories writes them."""
    column = survey.columns.get(roles.get("category", ""), ColumnEvidence())
    separator = column.separator() or column.shared_separator()
    step = "/" if not column.share("is_path") and column.share_with("/") >= 0.5 else None
    if separator and _are_steps(column, separator):
        separator, step = None, separator
    is_list_path = survey.steps.are_steps
    return CategoryLayout(
        separator=separator,
        step=step,
        is_path=step is not None or is_list_path or column.share("is_path") > 0.05,
        is_list_path=is_list_path,
        is_multi=bool(separator or (column.n_lists and not is_list_path)),
        are_coded=bool(column.distinct) and all(map(_CODE.match, column.distinct)),
    )


def _are_steps(column: ColumnEvidence, separator: str) -> bool:
    """Whether what separates the parts of a cell stands between the steps of one path."""
    steps = Steps()
    for value, n in column.distinct.items():
        for _ in range(min(n, MAX_REPEATS)):
            steps.add([part.strip() for part in value.split(separator) if part.strip()])
    return steps.are_steps


def path_in(text: str, step: str | None = None) -> str:
    """A path with ` > ` between its steps, whichever way it is written; empty where it is too long for a name.

    Args:
        step: what stands between them, where it is none of the usual signs.
    """
    path = path_of(_STEPS.sub(" > ", text.replace(step, ">") if step else text))
    return path if len(path.encode()) <= MAX_NAME_BYTES else ""
