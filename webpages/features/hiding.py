"""What a page does not show, as far as attributes and class names tell."""

from __future__ import annotations

import re

from trimtab.webpages.parse.dom import Dom

_HIDING_NAMES = frozenset({"displaynone", "d-none", "hidden", "hide", "is-hidden", "ng-hide", "u-hidden", "js-hidden"})
_SHOWN_ON_SOME = re.compile(r"(?:^|\s)(?:\w+:\w|d-(?:sm|md|lg|xl|xxl)-|hidden-|visible-)")
"""Class names of frameworks that show on some screens what they hide on others."""
MAX_HIDING_HEIGHT = 4


def is_hidden(dom: Dom, element: int) -> bool:
    """Whether an attribute hides an element, or a class name of that meaning does, its own or one around it."""
    return bool(dom.hidden[element]) or any(
        _hides(dom.attribute(block, "class").lower()) for block in (element, *dom.ancestors(element, MAX_HIDING_HEIGHT))
    )


def _hides(names: str) -> bool:
    return not _HIDING_NAMES.isdisjoint(names.split()) and _SHOWN_ON_SOME.search(names) is None
