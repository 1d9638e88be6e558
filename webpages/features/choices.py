"""Choices that are made on the page: what is said of an option that is not chosen holds for another purchase."""

from __future__ import annotations

from collections import defaultdict

from trimtab.webpages.parse.dom import Dom

MAX_OPTIONS = 500
MAX_HEIGHT = 3
"""Elements from a radio button up to its label."""


def labels_not_chosen(dom: Dom) -> frozenset[int]:
    """Labels of radio buttons of a group in which another one is checked."""
    groups: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for element in dom.of_tags("input")[: MAX_OPTIONS * 4]:
        attributes = dom.attributes[element]
        if attributes.get("type", "").lower() == "radio" and attributes.get("name"):
            form = next((above for above in dom.ancestors(element) if dom.tags[above] == "form"), -1)
            groups[form, attributes["name"]].append(element)
    choices = [members for members in groups.values() if any("checked" in dom.attributes[one] for one in members)]
    left = [one for members in choices for one in members if "checked" not in dom.attributes[one]][:MAX_OPTIONS]
    if not left:
        return frozenset()
    named = {dom.attributes[one]["id"] for one in left if dom.attributes[one].get("id")}
    around = (above for one in left for above in dom.ancestors(one, MAX_HEIGHT) if dom.tags[above] == "label")
    apart = (label for label in dom.of_tags("label") if dom.attribute(label, "for") in named)
    return frozenset({*around, *apart})
