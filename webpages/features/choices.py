"""Choices that are made on the page: what is said of an option that is not chosen holds for another purchase."""

from __future__ import annotations

from collections import defaultdict

from trimtab.webpages.parse.dom import Dom

MAX_OPTIONS = 500
MAX_HEIGHT = 3
"""Elements from a radio button up to its label."""


def labels_not_chosen(dom: Dom) -> frozenset[int]:
    """Labels of radio buttons of a group in which another one is checked."""
    return _labels_of(dom, [one for members in _choices(dom) for one in members if not _is_checked(dom, one)])


def labels_chosen(dom: Dom) -> frozenset[int]:
    """Labels of the radio buttons that are checked in groups of several."""
    several = (members for members in _choices(dom) if len(members) > 1)
    return _labels_of(dom, [one for members in several for one in members if _is_checked(dom, one)])


def _is_checked(dom: Dom, element: int) -> bool:
    return "checked" in dom.attributes[element]


def _choices(dom: Dom) -> list[list[int]]:
    """Radio buttons by group, of groups in which one is checked."""
    groups: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for element in dom.of_tags("input")[: MAX_OPTIONS * 4]:
        attributes = dom.attributes[element]
        if attributes.get("type", "").lower() == "radio" and attributes.get("name"):
            form = next((above for above in dom.ancestors(element) if dom.tags[above] == "form"), -1)
            groups[form, attributes["name"]].append(element)
    return [members for members in groups.values() if any(_is_checked(dom, one) for one in members)]


def _labels_of(dom: Dom, buttons: list[int]) -> frozenset[int]:
    buttons = buttons[:MAX_OPTIONS]
    if not buttons:
        return frozenset()
    named = {dom.attributes[one]["id"] for one in buttons if dom.attributes[one].get("id")}
    around = (above for one in buttons for above in dom.ancestors(one, MAX_HEIGHT) if dom.tags[above] == "label")
    apart = (label for label in dom.of_tags("label") if dom.attribute(label, "for") in named)
    return frozenset({*around, *apart})
