"""XML as rows: the items of an RSS channel, the entries of an Atom feed, the products of a shop's own format.

Each item is parsed by itself, so that one that is damaged (a bare `&` is the usual damage) keeps none of the others.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from trimtab.catalog.feeds.rows import Row, Rows, Value
from trimtab.catalog.feeds.source import opened_text
from trimtab.catalog.rejections import Rejection
from trimtab.core.errors import BadFile

ITEMS = ("item", "entry", "product", "shopitem", "offer", "row")
"""Elements that are an item, the first kind found in a file."""
MAX_ITEM_CHARACTERS = 4_000_000
_BLOCK_CHARACTERS = 1 << 18

_OPEN = re.compile(rf"<((?:[\w.-]+:)?(?:{'|'.join(ITEMS)}))(?=[\s>])", re.IGNORECASE)
_NAMESPACE = re.compile(r"""xmlns:([\w.-]+)\s*=\s*["']""")
_PREFIX = re.compile(r"</?([\w.-]+):|\s([\w.-]+):[\w.-]+\s*=")
_BARE_AMPERSAND = re.compile(r"&(?!(?:#\d+|#x[\da-fA-F]+|amp|lt|gt|quot|apos);)")
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][\w]{1,31});")
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)


def read_xml(path: Path) -> Rows:
    """The items of an XML file.

    Raises:
        BadFile: there is no element that is an item.
    """
    n_items = 0
    with opened_text(path) as file:
        buffer, line, name = "", 1, None
        while True:
            block = file.read(_BLOCK_CHARACTERS)
            buffer += block
            at = 0
            while (found := _next_item(buffer, at, name)) is not None:
                start, end, name = found
                n_items += 1
                yield _row(buffer[start:end], line + buffer.count("\n", 0, start))
                at = end
            keep = _kept_from(buffer, at, name)
            line += buffer.count("\n", 0, keep)
            buffer = buffer[keep:]
            if not block:
                break
            if len(buffer) > MAX_ITEM_CHARACTERS:
                raise BadFile(path, f"has an element of more than {MAX_ITEM_CHARACTERS:,} characters", row=line)
    if n_items == 0:
        raise BadFile(path, f"has no element that is an item; looked for: {', '.join(ITEMS)}")
    if name and re.search(rf"<{re.escape(name)}[\s>]", buffer):
        yield Rejection(line, "row is cut off")


def _next_item(buffer: str, at: int, name: str | None) -> tuple[int, int, str] | None:
    """Where the next item begins and ends and what its element is called; None where none is whole."""
    opening = (
        _OPEN.search(buffer, at) if name is None else re.compile(rf"<({re.escape(name)})(?=[\s>])").search(buffer, at)
    )
    if opening is None:
        return None
    closing = f"</{opening[1]}>"
    end = buffer.find(closing, opening.end())
    while end >= 0 and _is_in_cdata(buffer, opening.end(), end):
        end = buffer.find(closing, end + 1)
    return None if end < 0 else (opening.start(), end + len(closing), opening[1])


def _is_in_cdata(buffer: str, start: int, at: int) -> bool:
    opened = buffer.rfind("<![CDATA[", start, at)
    return opened >= 0 and buffer.find("]]>", opened, at) < 0


def _kept_from(buffer: str, at: int, name: str | None) -> int:
    """What has been read of an item that is not whole yet has to stay; so does the end, where a tag may be cut."""
    opening = (
        _OPEN.search(buffer, at) if name is None else re.compile(rf"<{re.escape(name)}(?=[\s>])").search(buffer, at)
    )
    if opening is not None:
        return opening.start()
    return max(at, len(buffer) - 256)


def _row(text: str, line: int) -> Row | Rejection:
    try:
        element = _parsed(text)
    except ElementTree.ParseError:
        try:
            element = _parsed(_repaired(text))
        except ElementTree.ParseError as error:
            return Rejection(line, f"row is not XML ({error})")
    cells: dict[str, Value] = dict(element.attrib)
    for name, value in _values(element, ""):
        held = cells.get(name)
        cells[name] = value if held is None else [*(held if isinstance(held, list) else [held]), value]
    return Row(line, cells)


def _parsed(text: str) -> ElementTree.Element:
    prefixes = {prefix for found in _PREFIX.findall(text) for prefix in found if prefix not in ("", "xml", "xmlns")}
    declared = set(_NAMESPACE.findall(text))
    namespaces = "".join(f' xmlns:{prefix}="{prefix}"' for prefix in sorted(prefixes - declared))
    return ElementTree.fromstring(f"<x{namespaces}>{text}</x>")[0]  # noqa: S314  an item declares no entities


def _repaired(text: str) -> str:
    """The text with characters and entities that XML does not know written as it does."""
    parts = _CDATA.split(_NOT_XML.sub("", text))
    for place in range(0, len(parts), 2):
        named = _NAMED_ENTITY.sub(lambda found: html.escape(html.unescape(found[0])), parts[place])
        parts[place] = _BARE_AMPERSAND.sub("&amp;", named)
    return "".join(parts)


def _values(element: ElementTree.Element, path: str) -> Iterator[tuple[str, str]]:
    """Names and texts below an element: members of members by their path, pairs by their name; of prefixes, `g:`."""
    for child in element:
        space, _, local = child.tag.rpartition("}")
        local = f"g:{local}" if not path and (space == "{g" or "google" in space) else local
        name = f"{path}.{local}" if path else local
        pair = _pair(child)
        if pair is not None:
            yield pair
        elif len(child) and not _is_markup(child):
            yield from _values(child, name)
        else:
            text = "".join(child.itertext()).strip()
            href = child.get("href") if child.get("rel", "alternate") == "alternate" else None
            if text or href:
                yield name, text or str(href)


def _is_markup(element: ElementTree.Element) -> bool:
    """Whether the members are marked-up text (Atom's XHTML), not values."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _pair(element: ElementTree.Element) -> tuple[str, str] | None:
    """The name and the value of an element that is a pair: `g:product_detail`, `PARAM`."""
    if element.get("name") and element.text and not len(element):
        return str(element.get("name")), element.text.strip()
    parts = {child.tag.rpartition("}")[2].lower(): (child.text or "").strip() for child in element}
    for name, value in (("attribute_name", "attribute_value"), ("param_name", "val"), ("name", "value")):
        if parts.get(name) and parts.get(value):
            return parts[name], parts[value]
    return None
