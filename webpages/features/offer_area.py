"""The part of a page that speaks of its own product: near the name, and in no block of other products."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from trimtab.webpages.parse.candidates import mark
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.words import role_bit, roles_of

BEFORE_NAME, AFTER_NAME = 6, 120
"""Text segments around the name."""
MAX_SIBLINGS = 12
MIN_TILES = 3
SMALL = 2
"""Text segments that two blocks may differ by, whatever their size."""
MAX_ADDRESS = 300
_NO_PAGE = re.compile(
    r"^(?:javascript|mailto|tel|data|whatsapp):|\.(?:jpe?g|png|webp|gif|avif|svg)(?:\?|$)|cart|checkout|wish|login|account"
    r"|facebook\.|twitter\.|pinterest\.|instagram\.|youtube\."
)
"""Addresses of pictures, of what one does with a product, and of other sites: not of other products."""
_MAKER = re.compile(r"brand|manufactur|vendor|herstell|marque|marca|merk|producent|producer|vyrob|výrob|производител")
_ELSEWHERE_TAGS = frozenset({"nav", "footer", "header", "aside", "dialog"})
_OVERLAY_ROLES = frozenset({"tooltip", "dialog", "alertdialog"})
_OVERLAY = re.compile(
    r"(?:^|[\s_-])(?:popover|drawer|off-?canvas|fly-?out|tooltip-?(?:text|content|body|inner|panel))(?![a-z])"
)
"""Names of what lies over the page and is opened by a shopper: it speaks of stores, delivery and other things."""
_RELATED, _CHROME, _DETAIL = role_bit("related"), role_bit("chrome"), role_bit("detail")


def segments_of_offer(reading: Reading) -> range:
    """Text segments near the name, in document order."""
    dom = reading.dom
    centre = dom.segment_starts[reading.name_anchor] if reading.name_anchor >= 0 else 0
    return range(max(0, centre - BEFORE_NAME), min(len(dom.segments), centre + AFTER_NAME))


def elements_of_offer(reading: Reading) -> range:
    """Elements whose text begins near the name, in document order."""
    near, starts = segments_of_offer(reading), reading.dom.segment_starts
    return range(bisect_left(starts, near.start), bisect_left(starts, near.stop))


def is_near(reading: Reading, element: int) -> bool:
    """Whether an element stands where the offer is expected, by the distance from the name alone."""
    return element in elements_of_offer(reading)


def is_elsewhere(reading: Reading, element: int) -> bool:
    """Whether an element stands in a block of other products, or of the page's frame, that the name is not in."""
    return _first_verdict(reading.dom, element, lambda block: _is_block_elsewhere(reading, block), {})


def are_elsewhere(reading: Reading, elements: Iterable[int]) -> list[bool]:
    """The same for many elements; each block is looked at once."""
    known: dict[int, bool] = {}
    return [
        _first_verdict(reading.dom, element, lambda block: _is_block_elsewhere(reading, block), known)
        for element in elements
    ]


def are_with_other_product(reading: Reading, elements: Iterable[int]) -> list[bool]:
    """Whether the smallest block around an element that has a picture linked to another page does without the name."""
    dom, name = reading.dom, reading.name_anchor
    if reading.pictures_of_others is None:
        reading.pictures_of_others = _pictures_of_others(reading)
    links = reading.pictures_of_others

    def verdict(block: int) -> bool | None:
        if name < 0 or block <= name < dom.ends[block]:
            return False
        if dom.has_any(block, links):
            return True
        return False if _is_before_others(dom, block, links) else None

    known: dict[int, bool] = {}
    return [_first_verdict(dom, element, verdict, known) for element in elements]


def _is_before_others(dom: Dom, block: int, links: Sequence[int]) -> bool:
    """Whether a block stands before the first of several other products in the block around it, which has a picture of
    its own before them too: the product's block with what is recommended in it."""
    around = dom.parents[block]
    if around < 0:
        return False
    inside = links[bisect_left(links, around) : bisect_left(links, dom.ends[around])]
    if not inside or inside[0] < dom.ends[block]:
        return False
    pictures = dom.of_tags("img")
    has_own = bisect_left(pictures, around) < bisect_left(pictures, inside[0])
    return has_own and len({_last_step(dom.attribute(link, "href")) for link in inside}) > 1


def _first_verdict(dom: Dom, element: int, verdict_on: Callable[[int], bool | None], known: dict[int, bool]) -> bool:
    """The verdict on the innermost block around an element, itself included, on which there is one; False for none.

    Args:
        known: verdicts by block, which are added to.
    """
    way: list[int] = []
    block, verdict = element, known.get(element)
    while verdict is None and block >= 0:
        way.append(block)
        verdict = verdict_on(block)
        block = dom.parents[block]
        if verdict is None and block in known:
            verdict = known[block]
    known.update(dict.fromkeys(way, bool(verdict)))
    return bool(verdict)


def _is_block_elsewhere(reading: Reading, block: int) -> bool | None:
    """Whether a block is of something else than the product; None where that is for the block around it to say."""
    dom, name = reading.dom, reading.name_anchor
    if block <= name < dom.ends[block] or dom.tags[block] in ("body", "main"):
        return False
    roles = roles_of(mark(dom, block))
    # An amount alone may be called so on any page: `productCardPrice`. What names other products leads to them.
    is_of_others = roles & _RELATED and not roles & _DETAIL and dom.has_tag(block, "a")
    if dom.tags[block] in _ELSEWHERE_TAGS or roles & _CHROME or is_of_others or _is_overlay(dom.attributes[block]):
        return True
    return True if _is_tile(dom, block) else None


def lies_over_page(dom: Dom, element: int) -> bool:
    """Whether an element stands in a dialog, a popover or a drawer."""
    return any(_is_overlay(dom.attributes[block]) for block in (element, *dom.ancestors(element)))


def _is_overlay(attributes: Mapping[str, str]) -> bool:
    return (
        "popover" in attributes
        or attributes.get("role", "") in _OVERLAY_ROLES
        or ("class" in attributes and _OVERLAY.search(attributes["class"].lower()) is not None)
    )


def _pictures_of_others(reading: Reading) -> list[int]:
    """Links to other pages that have a picture inside, in document order, without those of the maker's mark."""
    dom = reading.dom
    own = _last_step(reading.url or reading.structured.canonical)
    found = []
    for link in dom.of_tags("a"):
        if not dom.has_tag(link, "img"):
            continue
        address = dom.attribute(link, "href").strip()[:MAX_ADDRESS]
        if (
            _last_step(address) not in ("", own)
            and not _NO_PAGE.search(address.lower())
            and not any(_MAKER.search(mark(dom, element).lower()) for element in (link, *dom.ancestors(link, 1)))
        ):
            found.append(link)
    return found


def _last_step(address: str) -> str:
    """The last part of an address's path, which names a product apart from where it is listed."""
    return address.split("#", 1)[0].split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1].lower()


def _is_tile(dom: Dom, block: int) -> bool:
    """Whether a block with a link and a picture is one of several of one make and about one size."""
    if not _has_link_and_picture(dom, block):
        return False
    parent = dom.parents[block]
    sibling, n_seen, n_alike = parent + 1, 0, 0
    while parent >= 0 and sibling < dom.ends[parent] and n_seen < MAX_SIBLINGS:
        n_alike += _are_alike(dom, block, sibling) and _has_link_and_picture(dom, sibling)
        sibling, n_seen = dom.ends[sibling], n_seen + 1
    return n_alike >= MIN_TILES


def _are_alike(dom: Dom, block: int, sibling: int) -> bool:
    sizes = sorted(dom.segment_ends[one] - dom.segment_starts[one] + SMALL for one in (block, sibling))
    is_same_make = dom.tags[sibling] == dom.tags[block] and _first_class(dom, sibling) == _first_class(dom, block)
    return is_same_make and sizes[1] <= 2 * sizes[0]


def _first_class(dom: Dom, element: int) -> str:
    return dom.attribute(element, "class").split(" ", 1)[0]


def _has_link_and_picture(dom: Dom, block: int) -> bool:
    return dom.has_tag(block, "a") and dom.has_tag(block, "img")
