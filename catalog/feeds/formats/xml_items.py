"""XML as rows: the items of an RSS channel, the entries of an Atom feed, the products of a shop's own format.

Each item is parsed by itself, so that one that is damaged (a bare `&` is the usual damage) keeps none of the others.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.formats.source import opened_text
from trimtab.catalog.feeds.formats.xml_structure import categories_in, item_element, path_in
from trimtab.catalog.feeds.reshaping.nested_variants import LISTS
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, texts
from trimtab.catalog.rejections import Rejection
from trimtab.core.errors import BadFile

ITEMS = ("item", "entry", "product", "shopitem", "offer", "row")
"""Elements that are an item, the first kind found in a file."""
_CATEGORY_IDS = {"categoryId", "category_id", "categoryid"}
_VARIANTS = frozenset(LISTS)
_CALLED = ("name", "attribute-id", "attribute_id", "attribute-name")
"""Attributes of an element that say what its text is: `PARAM name="Colour"`."""
_PAIRS = (("attribute_name", "attribute_value"), ("param_name", "val"), ("fname", "fvalue"), ("name", "value"))
"""What the members of an element that is a pair are called."""
MAX_ITEM_CHARACTERS = 4_000_000
_BLOCK_CHARACTERS = 1 << 18

_OPEN = re.compile(rf"<((?:[\w.-]+:)?(?:{'|'.join(ITEMS)}))(?=[\s>])", re.IGNORECASE)
_ALONE = re.compile(r"""(?:[^<>"']++|"[^"]*+"|'[^']*+')*+(?<=/)>""")
"""The rest of a tag that has all of an item in its attributes. No part is read again in another way: tags are long."""
_NAMESPACE = re.compile(r"""xmlns:([\w.-]+)\s*=\s*["']""")
_PREFIX = re.compile(r"</?([\w.-]+):|\s([\w.-]+):[\w.-]+\s*=")
_BARE_AMPERSAND = re.compile(r"&(?!(?:#\d+|#x[\da-fA-F]+|amp|lt|gt|quot|apos);)")
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][\w]{1,31});")
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)


def read_xml(path: Path) -> Rows:
    """The items of an XML file.

    Raises:
        BadFile: there is no element that is an item.
    """
    n_items = 0
    tree: dict[str, tuple[str, str]] = {}
    name = _item_name(path)
    with opened_text(path) as file:
        buffer, line = "", 1
        while True:
            block = file.read(_BLOCK_CHARACTERS)
            buffer += block
            at = 0
            if n_items == 0:
                tree |= categories_in(buffer)
            while (found := _next_item(buffer, at, name)) is not None:
                start, end, name = found
                n_items += 1
                line += buffer.count("\n", at, start)
                yield from _rows(buffer[start:end], line, tree)
                line += buffer.count("\n", start, end)
                at = end
            keep = _kept_from(buffer, at, name)
            line += buffer.count("\n", at, keep)
            buffer = buffer[keep:]
            if not block:
                break
            if len(buffer) > MAX_ITEM_CHARACTERS:
                raise BadFile(path, f"has an element of more than {MAX_ITEM_CHARACTERS:,} characters", row=line)
    if n_items == 0:
        raise BadFile(path, f"has no element that is an item; looked for: {', '.join(ITEMS)}")
    if name and re.search(rf"<{re.escape(name)}[\s>]", buffer):
        yield Rejection(line, "row is cut off")


def _item_name(path: Path) -> str | None:
    """What items are called where it is none of the usual names."""
    with opened_text(path) as file:
        head = file.read(_BLOCK_CHARACTERS)
    return None if _OPEN.search(head) else item_element(head)


def _next_item(buffer: str, at: int, name: str | None) -> tuple[int, int, str] | None:
    """Where the next item begins and ends and what its element is called; None where none is whole."""
    opening = _opening(buffer, at, name)
    if opening is None:
        return None
    alone = _ALONE.match(buffer, opening.end())
    if alone is not None:
        return opening.start(), alone.end(), opening[1]
    closing = f"</{opening[1]}>"
    end = _outside_cdata(buffer, closing, opening.end())
    return None if end < 0 else (opening.start(), end + len(closing), opening[1])


def _opening(buffer: str, at: int, name: str | None) -> re.Match[str] | None:
    """The tag that opens the next item; its group is what the element is called."""
    pattern = _OPEN if name is None else re.compile(rf"<({re.escape(name)})(?=[\s>])")
    return pattern.search(buffer, at)


def _outside_cdata(buffer: str, tag: str, at: int) -> int:
    """Where a tag stands first, but in a CDATA section; -1 where it does not. Nothing is looked through twice."""
    while (found := buffer.find(tag, at)) >= 0:
        section = buffer.rfind("<![CDATA[", at, found)
        if section < 0:
            return found
        at = buffer.find("]]>", section)
        if at < 0:
            return -1
        if at < found:
            return found
    return -1


def _kept_from(buffer: str, at: int, name: str | None) -> int:
    """What has been read of an item that is not whole yet has to stay; so does the end, where a tag may be cut."""
    opening = _opening(buffer, at, name)
    return max(at, len(buffer) - 256) if opening is None else opening.start()


def _rows(text: str, line: int, tree: dict[str, tuple[str, str]]) -> Iterator[Row | Rejection]:
    try:
        element = _parsed(text)
    except ElementTree.ParseError:
        try:
            element = _parsed(_repaired(text))
        except ElementTree.ParseError as error:
            yield Rejection(line, f"row is not XML ({error})")
            return
    variants = _taken_variants(element)
    cells = {**element.attrib, **_cells(element)}
    for name in cells.keys() & _CATEGORY_IDS if tree else ():
        cells["category"] = [path_in(tree, one) for one in texts(cells.pop(name))]
    if not variants:
        yield Row(line, cells)
    group = next((first_text(value) for name, value in cells.items() if _is_id(name)), "")
    for number, variant in enumerate(variants, 1):
        own = {**variant.attrib, **_cells(variant)}
        key = next((first_text(own.pop(name)) for name in list(own) if _is_id(name)), f"{group}-{number}")
        shared = {name: value for name, value in cells.items() if not _is_id(name)}
        yield Row(line, {**shared, **own, "id": key, "group_id": group})


def _cells(element: ElementTree.Element) -> dict[str, Value]:
    cells: dict[str, list[Any]] = {}
    for name, value in _values(element, ""):
        cells.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in cells.items()}


def _taken_variants(item: ElementTree.Element) -> list[ElementTree.Element]:
    """The variants in an item, each with members of its own, which are taken out of it."""
    for holder in item:
        if holder.tag.lower() in _VARIANTS and len(holder) and all(len(one) > 1 for one in holder):
            item.remove(holder)
            return list(holder)
    return []


def _is_id(name: str) -> bool:
    return role_named(name) == "item_id"


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
                yield name, " ".join(filter(None, (text or str(href), _unit_of(child))))
            elif not child.get("rel"):
                yield from ((f"{name}.{key}", value) for key, value in child.attrib.items())


def _unit_of(element: ElementTree.Element) -> str:
    """The unit or the currency that an attribute says of a number."""
    return next((element.attrib[name] for name in ("unit", "currency") if element.get(name)), "")


def _is_markup(element: ElementTree.Element) -> bool:
    """Whether the members are marked-up text (Atom's XHTML), not values."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _pair(element: ElementTree.Element) -> tuple[str, str] | None:
    """The name and the value of an element that is a pair: `g:product_detail`, `PARAM`."""
    called = next((element.attrib[key] for key in _CALLED if element.get(key)), None)
    if called is not None and element.text and not len(element):
        return called, f"{element.text.strip()} {_unit_of(element)}".strip()
    parts = {child.tag.rpartition("}")[2].lower(): (child.text or "").strip() for child in element}
    for name, value in _PAIRS:
        if parts.get(name) and parts.get(value):
            return parts[name], " ".join(filter(None, (parts[value], parts.get("funit", ""))))
    return None
