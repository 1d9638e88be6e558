"""Whether a shopper sees a field: decoys set for robots, and parts of a page that are not open yet."""

from __future__ import annotations

import re
from enum import StrEnum

from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.style import Styles

MAX_CLIMB = 12

_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0?\.?0+(?![.\d])"
    r"|(?:left|top|right|bottom|text-indent)\s*:\s*-\d{3,}"
    r"|(?:^|[;\s])(?:max-)?(?:width|height)\s*:\s*[01](?:px|\s*(?:;|!|$))|clip\s*:\s*rect\(\s*[01]|inset\(\s*(?:50|100)%"
    r"|scale\(\s*0\s*\)|translate[xy]?\(\s*-\d{3,}"
)
_HIDING_CLASSES = frozenset({
    "hidden", "hide", "d-none", "is-hidden", "u-hidden", "invisible", "sr-only", "visually-hidden", "visuallyhidden",
    "screen-reader-text", "screen-reader-only", "offscreen", "off-screen", "honeypot",
})  # fmt: skip
"""Classes of common frameworks that hide what has them, whatever sheet defines them."""
_DECOY_NAMES = re.compile(
    r"honey|(?:^|[\W_])hp(?:[\W_]|$)|trap\b|(?:^|[\W_])(?:ro)?bot|no-?spam|anti-?spam|website|(?:^|[\W_])url\b|homepage|leave.?(?:this|blank|empty)"
)
_FIELDS = ("input", "select", "textarea")


class Sight(StrEnum):
    """What a shopper sees of a field."""

    SHOWN = "shown"
    UNOPENED = "unopened"
    """Inside a step, a tab or a dialog that is not open."""
    DECOY = "decoy"
    """Hidden by itself: whoever fills it is taken for a robot."""


def sight_of(dom: Dom, element: int, form: int, styles: Styles | None = None) -> Sight:
    """What a shopper sees of a field.

    Args:
        form: the form's element, -1 where the field stands in none.
        styles: the page's embedded style sheets, None to look at the markup alone.
    """
    sheet_hides = styles is not None and _sheet_hides(styles, element)
    if _hides(dom, element) or (sheet_hides and not _sheet_hides(styles, dom.parents[element])):
        return Sight.UNOPENED if dom.tags[element] == "select" else Sight.DECOY
    hidden = -1
    for above in dom.ancestors(element, MAX_CLIMB):
        if _hides(dom, above) or (styles is not None and _sheet_hides(styles, above)):
            hidden = above
        if above == form:
            break
    if hidden < 0:
        return Sight.SHOWN
    alone = sum(dom.tags[e] in _FIELDS and dom.attribute(e, "type") != "hidden" for e in _inside(dom, hidden)) == 1
    return Sight.DECOY if alone and (_unreachable(dom, element) or _named_as_decoy(dom, element)) else Sight.UNOPENED


def _inside(dom: Dom, element: int) -> range:
    return range(element, dom.ends[element])


def _sheet_hides(styles: Styles | None, element: int) -> bool:
    if styles is None or element < 0:
        return False
    computed = styles.of_element(element)
    return computed.hidden or computed.off_screen


def _hides(dom: Dom, element: int) -> bool:
    attributes = dom.attributes[element]
    return (
        "hidden" in attributes
        or bool(_HIDING.search(attributes.get("style", "").lower()[:2000]))
        or not _HIDING_CLASSES.isdisjoint(attributes.get("class", "").lower().split())
        or (attributes.get("aria-hidden", "") == "true" and attributes.get("tabindex", "") == "-1")
    )


def _named_as_decoy(dom: Dom, element: int) -> bool:
    """Whether the field is called what decoys are called: a website, which no order asks for, or the trap itself."""
    attributes = dom.attributes[element]
    named = " ".join(attributes.get(name, "") for name in ("name", "id", "placeholder", "class"))
    return _DECOY_NAMES.search(named.lower()) is not None


def _unreachable(dom: Dom, element: int) -> bool:
    """Whether the field keeps off the keyboard or the browser's memory too, as decoys do and later steps do not."""
    attributes = dom.attributes[element]
    return attributes.get("tabindex", "") == "-1" or attributes.get("autocomplete", "on").lower() not in ("on", "")
