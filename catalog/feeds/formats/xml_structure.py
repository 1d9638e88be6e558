"""What an XML file says around its items: which elements are items, and the tree of categories that they name by id."""

from __future__ import annotations

import html
import re
from collections import Counter

MIN_PARTS = 3
"""Members and attributes that an item has at least."""
MAX_DEPTH = 12
_MARKUP = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
"""Comments and the like, to their end or to that of the text: looking for an end again and again takes long."""
_TAG = re.compile(r"<(/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([\w:.-]++)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CATEGORY = re.compile(r"<category(\s[^<>]*)>([^<]*)</category>", re.IGNORECASE)
_PARENTS = ("parentid", "parent_id", "parent")


def item_element(head: str) -> str | None:
    """The outermost element that stands several times in another and has members enough to be an item."""
    open_: list[tuple[str, Counter[str]]] = []
    often: dict[tuple[str, ...], int] = {}
    parts: Counter[tuple[str, ...]] = Counter()
    for closing, name, attributes, alone in _TAG.findall(_MARKUP.sub("", head)):
        path = (*(one for one, _ in open_), name)
        if closing:
            while open_ and open_.pop()[0] != name:
                pass
            continue
        if open_:
            open_[-1][1][name] += 1
            often[path] = max(often.get(path, 0), open_[-1][1][name])
            parts[path[:-1]] += 1
        parts[path] += len(_ATTRIBUTE.findall(attributes))
        if not alone and len(open_) < MAX_DEPTH:
            open_.append((name, Counter()))
    found = [path for path, n in often.items() if n > 1 and parts[path] >= MIN_PARTS * n]
    return min(found, key=lambda path: (len(path), -often[path]))[-1] if found else None


def categories_in(text: str) -> dict[str, tuple[str, str]]:
    """Id -> name and id of the parent, of elements `category` that have an id (Yandex's market language)."""
    found = {}
    for written, name in _CATEGORY.findall(text):
        attributes = {key.lower(): one or other for key, one, other in _ATTRIBUTE.findall(written)}
        if "id" in attributes:
            parent = next((attributes[key] for key in _PARENTS if key in attributes), "")
            found[attributes["id"]] = html.unescape(name).strip(), parent
    return found


def path_in(tree: dict[str, tuple[str, str]], key: str) -> str:
    """The path of a category, from the outermost; empty where the tree does not have it."""
    steps: list[str] = []
    while key in tree and len(steps) < MAX_DEPTH:
        name, key = tree[key]
        steps.append(name)
    return " > ".join(reversed(steps))
