"""Features that say whether the page's product can be bought now: statements, the cart control, words, class names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.hiding import is_hidden
from trimtab.webpages.features.offer_area import (
    are_with_other_product,
    elements_of_offer,
    is_elsewhere,
    is_near,
    segments_of_offer,
)
from trimtab.webpages.parse.availability import n_words, refuses_sale, state_of_class, states_in
from trimtab.webpages.parse.candidates import Candidate, mark, says_add_to_cart
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.words import role_bit, roles_of

GONE = frozenset({"OutOfStock", "SoldOut", "Discontinued"})
MAX_NOTICE = 80
"""Characters of a text that is a notice and not prose."""
MAX_CONTROLS = 60
CLASS_HEIGHT = 12
"""Ancestors of the name whose class may tell the state of the product."""
_BADGE = re.compile(r"badge|label|tag|ribbon|flag")
MAX_BADGE_HEIGHT = 2
_QUOTED = re.compile(r"[“„«\"]([^“”„«»\"]{4,})[”“»\"]")
_VARIANT = re.compile(r"swatch|variant|option|size|color|colour")
_VARIANTS = re.compile(
    r"(?:size|variant|variation|option|colou?r)s?[-_]?(?:select|list|info|picker|option|chooser|item|box|grid|button)"
)
"""Names of the choice of a variant."""
_VARIANT_TAGS = frozenset({"option", "select", "label"})
_LISTS = frozenset({"dl", "table"})
_ABOUT_ELSE = role_bit("shipping") | role_bit("description")
"""Lists of ways of delivery and of properties say which of these are not available."""
_UNAVAILABLE = frozenset({"out", "soon", "notify"})
_LATER = frozenset({"backorder", "preorder"})
_TO_ORDER = _LATER | {"few", "in"}
MAX_BESIDE = 6
"""Elements beside a badge that are looked at."""
MAX_OUTRIGHT = 5
"""Words of a text that says one thing and nothing else."""
MAX_CHOICE_HEIGHT, MIN_CHOICES = 6, 3


@dataclass(slots=True)
class Sight:
    """What a page shows of its product's availability.

    Attributes:
        controls: what each control of the offer is: `open` and `shut` where it adds to the cart, else the state that
            its text speaks of.
        notices: states that short texts near the offer speak of, `badge` instead of `out` where it is a badge, which
            themes write on every page and show by a style sheet.
        outright: those of them that a text of a few words says.
        classes: states that class names around the name say.
        element: what the strongest notice or control stands in, -1 where there is none.
    """

    controls: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    outright: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    stated_here: list[str] = field(default_factory=list)
    stated_gone: list[str] = field(default_factory=list)
    has_price: bool = False
    element: int = -1

    @property
    def first_control(self) -> str | None:
        """What the first control of the offer that adds to the cart, or would, is."""
        return next((control for control in self.controls if control not in _TO_ORDER), None)

    @property
    def is_contradicted(self) -> bool:
        """Whether a control, or the first notice, speaks for the product being there."""
        first = next((notice for notice in self.notices if notice in ("out", "in", "few")), "out")
        return self.first_control == "open" or first != "out"

    @property
    def says_out(self) -> bool:
        return "out" in self.notices

    @property
    def is_outright_out(self) -> bool:
        """Whether a text says that the product cannot be had and nothing else, and none that it can."""
        return "out" in self.outright and "in" not in self.outright


def sight_of(reading: Reading, prices: Sequence[Candidate]) -> Sight:
    """Everything on a page that speaks of whether its product can be had.

    Args:
        prices: all candidates for the price.
    """
    stated = reading.structured.values("availability")
    sight = Sight(
        stated_here=[value for value in stated if value not in GONE],
        stated_gone=[value for value in stated if value in GONE],
        has_price=any(
            c.source == "text"
            and c.has_currency
            and is_near(reading, c.element)
            and not is_elsewhere(reading, c.element)
            for c in prices
        ),
    )
    _add_controls(reading, sight)
    _add_notices(reading, sight)
    _add_classes(reading, sight)
    lone = "badge" if "open" in sight.controls else "out"
    sight.notices = [lone if notice == "lone badge" else notice for notice in sight.notices]
    return sight


def _add_controls(reading: Reading, sight: Sight) -> None:
    choices = Counter(_make(reading.dom, control.element) for control in reading.carts)
    near = (c for c in _controls(reading) if is_near(reading, c.element) or c.element == reading.cart_anchor)
    for control in list(near)[:MAX_CONTROLS]:
        said = (control.text[:MAX_NOTICE], reading.locale.language, reading.locale.territory)
        states = states_in(*said)
        adds = says_add_to_cart(control.text) and not refuses_sale(*said)
        if not (adds or states) or is_hidden(reading.dom, control.element) or _is_of_other(reading, control.element):
            continue
        if not adds and choices[_make(reading.dom, control.element)] >= MIN_CHOICES:
            continue  # sizes, of which some are sold out
        is_gone = next((state for state in states if state in _UNAVAILABLE), None)
        if is_gone and not adds:
            sight.controls.append(is_gone)
            sight.element = control.element
        elif adds:  # a control with both texts shows one of them by a style sheet
            sight.controls.append("shut" if _is_disabled(reading, control.element) else "open")
            sight.controls += [state for state in states if state in ("backorder", "preorder")]


def _controls(reading: Reading) -> list[Candidate]:
    """The controls without what is named like one and holds others."""
    following = [*(control.element for control in reading.carts[1:]), len(reading.dom)]
    return [c for c, after in zip(reading.carts, following, strict=False) if after >= reading.dom.ends[c.element]]


def _make(dom: Dom, element: int) -> tuple[int, str, str]:
    """What controls of one choice share: the block that they stand in, tag and first class name."""
    return dom.parents[element], dom.tags[element], dom.attribute(element, "class").split(" ", 1)[0]


def _is_disabled(reading: Reading, element: int) -> bool:
    attributes = reading.dom.attributes[element]
    names = attributes.get("class", "").lower().split()
    return "disabled" in attributes or attributes.get("aria-disabled") == "true" or any("disabled" in n for n in names)


def _add_notices(reading: Reading, sight: Sight) -> None:
    dom, controls = reading.dom, {control.element for control in _controls(reading)}
    for index in segments_of_offer(reading):
        text, owner = dom.segments[index], dom.segment_owners[index]
        if len(text) > MAX_NOTICE:
            continue
        states = states_in(text, reading.locale.language, reading.locale.territory)
        if not states or _is_of_something_else(reading, text, states) or _is_set_aside(reading, owner, controls):
            continue
        for state in states:
            is_badge = state == "out" and _is_badge(dom, owner)
            sight.notices.append(_kind_of_badge(dom, owner) if is_badge else state)
            if not is_badge and n_words(text) <= MAX_OUTRIGHT:
                sight.outright.add(state)
            if state in _UNAVAILABLE and sight.element < 0:
                sight.element = owner


def _is_of_something_else(reading: Reading, text: str, states: Sequence[str]) -> bool:
    """Whether a text says both that something can be had and that it cannot, and so what may be; or says it of what it
    quotes, which is not the product: `The “Check availability” option is unavailable`."""
    quoted = _QUOTED.search(text)
    name = reading.dom.text(reading.name_anchor).lower() if reading.name_anchor >= 0 else ""
    return {"out", "in"} <= {*states} or (quoted is not None and quoted[1].lower() not in name)


def _is_badge(dom: Dom, owner: int) -> bool:
    """Whether a text, or what has no text but this one around it, is named as a badge."""
    n_characters = dom.text_length(owner)
    around = (above for above in dom.ancestors(owner, MAX_BADGE_HEIGHT) if dom.text_length(above) == n_characters)
    return any(_BADGE.search(dom.attribute(element, "class").lower()) for element in (owner, *around))


def _kind_of_badge(dom: Dom, owner: int) -> str:
    """`badge` of one among several, of which a theme shows one by a style sheet (`Sale`, `Sold out`); else `lone
    badge`, which means what it says where no control fills the cart."""
    parent = dom.parents[owner]
    sibling, seen = parent + 1, 0
    while sibling < dom.ends[parent] and seen < MAX_BESIDE:
        if sibling != owner and _BADGE.search(dom.attribute(sibling, "class").lower()):
            return "badge"
        sibling, seen = dom.ends[sibling], seen + 1
    return "lone badge"


def _is_set_aside(reading: Reading, owner: int, controls: set[int]) -> bool:
    """Whether a text is a control's, a variant's, of another product, or not shown."""
    dom = reading.dom
    for element in (owner, *dom.ancestors(owner, 3)):
        if element in controls or dom.tags[element] in _VARIANT_TAGS:
            return True
        if dom.tags[element] in ("li", "a") and _VARIANT.search(dom.attribute(element, "class").lower()):
            return True
    for above in dom.ancestors(owner, MAX_CHOICE_HEIGHT):
        if _VARIANTS.search(dom.attribute(above, "class").lower()):
            return True
        if dom.tags[above] in _LISTS and roles_of(mark(dom, above)) & _ABOUT_ELSE:
            return True
    return is_hidden(dom, owner) or _is_of_other(reading, owner)


def _is_of_other(reading: Reading, element: int) -> bool:
    return is_elsewhere(reading, element) or are_with_other_product(reading, [element])[0]


def _add_classes(reading: Reading, sight: Sight) -> None:
    dom = reading.dom
    anchors = [anchor for anchor in (reading.name_anchor, reading.cart_anchor) if anchor >= 0]
    for anchor in anchors:
        if anchor != reading.name_anchor and is_elsewhere(reading, anchor):
            continue
        for element in dom.ancestors(anchor, CLASS_HEIGHT):
            state = state_of_class(dom.attribute(element, "class")[:600])
            if state:
                sight.classes.add(state)
    for element in elements_of_offer(reading):
        named = dom.attribute(element, "class")
        state = state_of_class(named) if named and dom.text_length(element) < MAX_NOTICE else None
        if state and not _BADGE.search(named) and not _is_set_aside(reading, element, set()):
            sight.classes.add(f"{state}_near")


_FEATURES: dict[str, tuple[Callable[[Sight], bool], float]] = {
    "certain": (lambda _: True, 0.8),
    "stated_here": (lambda s: bool(s.stated_here) and not s.stated_gone, 2.0),
    "stated_gone": (lambda s: bool(s.stated_gone) and not s.stated_here, -3.0),
    "stated_mixed": (lambda s: bool(s.stated_gone) and bool(s.stated_here), 0.5),
    "control_open": (lambda s: s.first_control == "open", 2.0),
    "control_shut": (lambda s: s.first_control == "shut", -1.2),
    "control_gone": (lambda s: s.first_control in _UNAVAILABLE, -3.0),
    "control_gone_later": (lambda s: s.first_control == "open" and bool(_UNAVAILABLE & set(s.controls)), -1.0),
    "control_open_later": (lambda s: s.first_control != "open" and "open" in s.controls, 1.0),
    "no_control": (lambda s: not s.controls, -0.5),
    "says_out": (lambda s: s.says_out and s.is_contradicted and not s.is_outright_out, -1.0),
    "says_out_alone": (lambda s: s.says_out and not s.is_contradicted and not s.is_outright_out, -2.5),
    "says_outright": (lambda s: s.is_outright_out and s.is_contradicted, -4.0),
    "says_outright_alone": (lambda s: s.is_outright_out and not s.is_contradicted, -4.5),
    "says_badge": (lambda s: "badge" in s.notices and "out" not in s.notices, -0.3),
    "says_soon": (lambda s: "soon" in s.notices, -1.2),
    "says_notify": (lambda s: "notify" in s.notices and s.first_control == "open", -0.7),
    "says_notify_alone": (lambda s: "notify" in s.notices and s.first_control != "open", -2.0),
    "says_in": (lambda s: "in" in s.notices, 1.5),
    "says_few": (lambda s: "few" in s.notices, 1.0),
    "says_to_order": (lambda s: bool(_LATER & {*s.notices, *s.controls}), 0.7),
    "class_out": (lambda s: "out" in s.classes, -1.8),
    "class_in": (lambda s: "in" in s.classes and "out" not in s.classes, 0.8),
    "class_out_near": (lambda s: "out_near" in s.classes, -1.0),
    "class_in_near": (lambda s: "in_near" in s.classes and "out_near" not in s.classes, 0.5),
    "has_price": (lambda s: s.has_price, 0.7),
}
"""Value of each feature, and the weight it is believed to have before any page is seen."""

AVAILABILITY_FEATURES = tuple(_FEATURES)
PRIOR = np.asarray([weight for _, weight in _FEATURES.values()])


def availability_row(sight: Sight) -> NDArray[np.float32]:
    """[1, len(AVAILABILITY_FEATURES)] columns."""
    return np.asarray([[float(value(sight)) for value, _ in _FEATURES.values()]], dtype=np.float32)
