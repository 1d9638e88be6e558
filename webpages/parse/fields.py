"""Fields of a page's forms and everything that names them: label, placeholder, name, autocomplete, options, heading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.webpages.parse.dom import Dom

MAX_FIELDS = 400
MAX_TEXT = 80

_HEADINGS = ("legend", "h1", "h2", "h3", "h4", "h5")
_FIELDS = ("input", "select", "textarea")
_NOT_FIELDS = frozenset({"hidden", "submit", "button", "image", "reset", "file"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Field:
    """A field and what names it, each text lower case and short; `element` in the `Dom`."""

    element: int
    form: int
    texts: Mapping[str, str]


def read_fields(dom: Dom, *, with_autocomplete: bool = True) -> list[Field]:
    """Visible fields in document order. Linear.

    Args:
        with_autocomplete: whether the attribute of that name may be looked at (measured with and without).
    """
    labels = _labels(dom)
    by_id = {dom.attributes[element]["id"]: element for element in dom.having("id")}
    fields: list[Field] = []
    heading, form = "", -1
    for element in dom.of_tags("form", *_HEADINGS, *_FIELDS):
        tag = dom.tags[element]
        if tag == "form":
            form = element
        if tag in _HEADINGS and 2 < dom.text_length(element) < MAX_TEXT:
            heading = dom.text(element).lower()
        if tag not in _FIELDS:
            continue
        attributes = dom.attributes[element]
        kind = attributes.get("type", "text").lower() if tag == "input" else tag
        if kind in _NOT_FIELDS or len(fields) >= MAX_FIELDS:
            continue
        inside = form if form >= 0 and element < dom.ends[form] else -1
        fields.append(
            Field(
                element,
                inside,
                _texts(
                    dom, element, kind, labels=labels, by_id=by_id, heading=heading, with_autocomplete=with_autocomplete
                ),
            )
        )
    return fields


def _labels(dom: Dom) -> dict[str, int]:
    return {dom.attributes[label]["for"]: label for label in dom.of_tags("label") if dom.attribute(label, "for")}


def _texts(
    dom: Dom,
    element: int,
    kind: str,
    *,
    labels: dict[str, int],
    by_id: dict[str, int],
    heading: str,
    with_autocomplete: bool,
) -> dict[str, str]:
    attributes = dom.attributes[element]
    label = labels.get(attributes.get("id", ""), -1)
    above = dom.ancestors(element, 4)
    if label < 0:
        label = next((a for a in above if dom.tags[a] == "label"), -1)
    if label < 0:
        label = by_id.get(attributes.get("aria-labelledby", "").split(" ")[0], -1)
    first = dom.segment_starts[element]
    before = dom.segments[first - 1] if first else ""
    options = dom.segments[first : first + 6] if kind == "select" else []
    texts = {
        "kind": kind,
        "label": dom.text(label)[:MAX_TEXT] if label >= 0 else "",
        "aria": attributes.get("aria-label", ""),
        "placeholder": attributes.get("placeholder", ""),
        "title": attributes.get("title", ""),
        "name": attributes.get("name", ""),
        "id": attributes.get("id", ""),
        "class": attributes.get("class", ""),
        "before": before if len(before) < 60 else "",
        "after": dom.segments[dom.segment_ends[element]] if dom.segment_ends[element] < len(dom.segments) else "",
        "options": " ".join(options),
        "maxlength": attributes.get("maxlength", ""),
        "inputmode": attributes.get("inputmode", ""),
        "around": " ".join(dom.attribute(a, name) for a in above[:2] for name in ("class", "id")),
        "heading": heading,
    }
    if with_autocomplete:
        texts["autocomplete"] = attributes.get("autocomplete", "")
    return {name: _CAMEL.sub(" ", text[:MAX_TEXT]).lower() for name, text in texts.items() if text}
