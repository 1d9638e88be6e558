"""Fields of a page's forms and everything that names them: label, placeholder, name, autocomplete, options, heading,
the fields beside them, and the form they stand in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trimtab.webpages.parse.dom import Dom

MAX_FIELDS = 400
MAX_TEXT = 80
MAX_BESIDE = 40
MAX_BEFORE = 60
MAX_OPTIONS = 40
MAX_ROW = 60
"""Elements of a block with one field, the options of a choice among them."""

_HEADINGS = ("legend", "h1", "h2", "h3", "h4", "h5")
_FIELDS = ("input", "select", "textarea")
_BUTTONS = ("submit", "button", "image")
_CELLS = frozenset({"th", "td", "dt"})
_ROWS = frozenset({"div", "p", "li"})
_NO_CHOICES = frozenset({"", "0", "-1", "null"})
"""Values of an option that stands for none."""
_NOT_FIELDS = frozenset({"hidden", "reset", "file", *_BUTTONS})
_CHOICES = frozenset({"checkbox", "radio", "range", "color"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAIL = re.compile(
    r"mail|@|correo|courriel|sähköposti|\be[ -]?po[sš]t|eposta|\be-?past|el\. ?pa[sš]t|\be-?mel\b|mejl|surel"
    r"|почт|пошт|поща|имейл|邮箱|郵件|邮件|信箱|メール|이메일|البريد|ایمیل|אימייל|ईमेल|อีเมล"
)
_OPTION_SHAPES = (
    ("dial", re.compile(r"(?:^|[\s(])\+\s?\d{1,4}\b|\b00\d{2,3}\b")),
    ("past year", re.compile(r"\s*(?:19\d\d|200\d)\s*")),
    ("year", re.compile(r"\s*20[2-5]\d\s*")),
    ("number", re.compile(r"\s*\d{1,2}\s*")),
)
"""What the options of a choice look like, by a pattern that finds it in each; the first that holds for half of them."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field and what names it, each text lower case and short; `element` in the `Dom`."""

    element: int
    form: int
    texts: Mapping[str, str]


def read_fields(dom: Dom) -> list[Field]:
    """Fields of a visible kind in document order. Linear."""
    labels = _labels(dom)
    by_id = {dom.attributes[element]["id"]: element for element in dom.having("id")}
    fields: list[Field] = []
    buttons: dict[int, list[str]] = {}
    heading, form = "", -1
    for element in dom.of_tags("form", "button", *_HEADINGS, *_FIELDS):
        tag = dom.tags[element]
        if tag == "form":
            form = element
        elif tag in _HEADINGS and 2 < dom.text_length(element) < MAX_TEXT:
            heading = dom.text(element).lower()
        inside = form if form >= 0 and element < dom.ends[form] else -1
        kind = _kind(dom, element)
        if tag == "button" or kind in _BUTTONS:
            buttons.setdefault(inside, []).append((dom.text(element) or dom.attribute(element, "value"))[:MAX_BESIDE])
        if tag not in _FIELDS or kind in _NOT_FIELDS or len(fields) >= MAX_FIELDS:
            continue
        texts = _texts(dom, element, kind, labels=labels, by_id=by_id)
        fields.append(Field(element, inside, texts | ({"heading": heading} if heading else {})))
    return _in_their_forms(dom, fields, buttons)


def _kind(dom: Dom, element: int) -> str:
    tag = dom.tags[element]
    return dom.attributes[element].get("type", "text").lower() if tag == "input" else tag


def _labels(dom: Dom) -> dict[str, int]:
    return {dom.attributes[label]["for"]: label for label in dom.of_tags("label") if dom.attribute(label, "for")}


def _texts(dom: Dom, element: int, kind: str, *, labels: dict[str, int], by_id: dict[str, int]) -> dict[str, str]:
    attributes = dom.attributes[element]
    above = dom.ancestors(element, 4)
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    options = dom.segments[first : min(last, first + MAX_OPTIONS)] if kind == "select" else []
    before, before_is_label = _before(dom, element, by_id)
    label = _label(dom, element, above, labels=labels, by_id=by_id) or (before if before_is_label else "")
    if kind == "select" and not label:
        label = _prompt(dom, element)
    texts = {
        "kind": kind,
        "label": label,
        "aria": attributes.get("aria-label", ""),
        "placeholder": attributes.get("placeholder", ""),
        "title": attributes.get("title", ""),
        "name": attributes.get("name", ""),
        "id": attributes.get("id", ""),
        "class": attributes.get("class", ""),
        "before": before,
        "after": dom.segments[last] if last < len(dom.segments) else "",
        "options": " ".join(options[:6]),
        "shape": _shape(options),
        "maxlength": attributes.get("maxlength", ""),
        "inputmode": attributes.get("inputmode", ""),
        "autocomplete": attributes.get("autocomplete", ""),
        "around": " ".join(dom.attribute(a, name) for a in above[:2] for name in ("class", "id")),
    }
    return {name: _CAMEL.sub(" ", text[:MAX_TEXT]).lower() for name, text in texts.items() if text}


def _label(dom: Dom, element: int, above: list[int], *, labels: dict[str, int], by_id: dict[str, int]) -> str:
    """Text of the field's label; of a label around the field, what stands before the field, else after it."""
    attributes = dom.attributes[element]
    label = labels.get(attributes.get("id", ""), -1)
    if label < 0:
        label = next((a for a in above if dom.tags[a] == "label"), -1)
    if label < 0:
        label = by_id.get(attributes.get("aria-labelledby", "").split(" ")[0], -1)
    if label < 0:
        return ""
    if not label < element < dom.ends[label]:
        return dom.text(label)
    before = dom.segments[dom.segment_starts[label] : dom.segment_starts[element]]
    return " ".join(before or dom.segments[dom.segment_ends[element] : dom.segment_ends[label]])


def _prompt(dom: Dom, element: int) -> str:
    """The first option of a choice that is not a choice and says what is asked for."""
    option = element + 1
    if option >= dom.ends[element] or dom.tags[option] != "option":
        return ""
    attributes = dom.attributes[option]
    return dom.text(option) if attributes.get("value") in _NO_CHOICES or "disabled" in attributes else ""


def _before(dom: Dom, element: int, by_id: Mapping[str, int]) -> tuple[str, bool]:
    """The text before a field, options of other fields aside, and whether it stands in a label or in the cell before
    the field's. The label of another field says nothing about this one."""
    first = dom.segment_starts[element]
    for index in range(first - 1, max(-1, first - 60), -1):
        owner = dom.segment_owners[index]
        if dom.tags[owner] in ("option", "optgroup"):
            continue
        text, is_label = dom.segments[index], dom.tags[owner] == "label"
        labels = dom.attribute(owner, "for") if is_label else ""
        if len(text) >= MAX_BEFORE or by_id.get(labels, element) != element:
            return "", False
        is_label = is_label and not labels
        return text, is_label or _is_cell_before(dom, owner, element) or _is_row_of(dom, owner, element)
    return "", False


def _is_cell_before(dom: Dom, owner: int, element: int) -> bool:
    """Whether a text stands in a cell of the row that an element is in, or in a term that the element describes."""
    cell = next((one for one in (owner, *dom.ancestors(owner, 2)) if dom.tags[one] in _CELLS), -1)
    return cell >= 0 and dom.ends[cell] <= element < dom.ends[dom.parents[cell]]


def _is_row_of(dom: Dom, owner: int, element: int) -> bool:
    """Whether a text begins a block that holds this field and no other: `<div><span>City</span><input></div>`."""
    row = dom.parents[element]
    if row < 0 or dom.tags[row] not in _ROWS or (owner != row and dom.parents[owner] != row):
        return False
    inside = range(row + 1, dom.ends[row])
    return len(inside) <= MAX_ROW and sum(dom.tags[one] in _FIELDS for one in inside) == 1


def _shape(options: Sequence[str]) -> str:
    """What half of the options look like: `dial`, `past year`, `year`, `number`, or nothing of these."""
    for name, pattern in _OPTION_SHAPES if len(options) > 1 else ():
        found = sum(bool(pattern.search(text) if name == "dial" else pattern.fullmatch(text)) for text in options)
        if 2 * found >= len(options):
            return name
    return ""


def _in_their_forms(dom: Dom, fields: Sequence[Field], buttons: Mapping[int, Sequence[str]]) -> list[Field]:
    """The fields with what stands around them: the fields before and after, the form's name, buttons and size."""
    asked = [one for one in fields if one.texts["kind"] not in _CHOICES]
    n_fields = Counter(one.form for one in asked)
    n_passwords = Counter(one.form for one in asked if one.texts["kind"] == "password")
    around = {
        form: {
            "buttons": " ".join(buttons.get(form, ())[:3]).lower(),
            "form": _name_of_form(dom, form),
            "context": f"passwords {min(n_passwords[form], 3)} fields {_size(n_fields[form])}",
        }
        for form in n_fields
    }
    beside = dict[int, dict[str, str]]()
    for left, right in pairwise(asked):
        if left.form == right.form:
            beside.setdefault(left.element, {})["next"] = _said(right)
            beside.setdefault(right.element, {})["previous"] = _said(left)
    found = []
    for one in fields:
        texts = {**one.texts, **around.get(one.form, {}), **beside.get(one.element, {})}
        if _MAIL.search(" ".join(texts.get(name, "") for name in ("kind", "label", "name", "id", "placeholder"))):
            texts["mail"] = texts.get("context", "")
        found.append(replace(one, texts=texts))
    return found


def _size(n: int) -> str:
    return str(n) if n < 4 else "few" if n < 7 else "many"


def _name_of_form(dom: Dom, form: int) -> str:
    if form < 0:
        return "none"
    named = " ".join(dom.attribute(form, name)[:MAX_BESIDE] for name in ("id", "name", "class"))
    action = dom.attribute(form, "action").split("?")[0].rstrip("/").rsplit("/", 1)[-1][:MAX_BESIDE]
    return _CAMEL.sub(" ", f"{named} {action}").lower()


def _said(one: Field) -> str:
    """A field in a few words, for the fields beside it."""
    named = next((one.texts[name] for name in ("label", "placeholder", "aria", "name", "id") if name in one.texts), "")
    return f"{one.texts['kind']} {named[:MAX_BESIDE]}"
