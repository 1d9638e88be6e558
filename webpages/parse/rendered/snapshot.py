"""What a browser is given of a page, and what is read from its snapshot.

A page is untrusted input. What is rendered is not the page but its columns written out again: no scripts, no frames, no
event handlers, every element numbered.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.rendered.layout import VIEWPORT, Layout

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_DROPPED = frozenset(
    {
        "script",
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "base",
        "link",
        "svg",
        "math",
        "meta",
        "frame",
        "frameset",
    }
)
STYLES = ("display", "visibility", "font-size", "font-weight", "text-decoration-line", "opacity")
_MARK = "data-element"


def safe_html(dom: Dom) -> str:
    """The page written out from its columns: every element numbered, nothing that could run or load a frame."""
    parts = ["<!doctype html>"]
    closing: list[tuple[int, int, str]] = []  # (end, end of text, tag)
    segment = 0

    def text_until(end: int) -> None:
        nonlocal segment
        while segment < end:
            parts.append(html.escape(dom.segments[segment], quote=False) + " ")
            segment += 1

    skip_until = -1
    for element, tag in enumerate(dom.tags):
        while closing and closing[-1][0] <= element:
            _, last, name = closing.pop()
            text_until(last)
            parts.append(f"</{name}>")
        text_until(dom.segment_starts[element])
        if element < skip_until or tag in _DROPPED:
            skip_until = max(skip_until, dom.ends[element])
            segment = max(segment, dom.segment_ends[element])
            continue
        attributes = "".join(
            f' {name}="{html.escape(value)}"'
            for name, value in dom.attributes[element].items()
            if not name.startswith("on")
            and name.replace("-", "").replace("_", "").isalnum()
            and name not in ("srcdoc", "action", "formaction", "ping")
        )
        parts.append(f'<{tag}{attributes} {_MARK}="{element}">')
        if tag not in _VOID and tag != "style":
            closing.append((dom.ends[element], dom.segment_ends[element], tag))
        elif tag == "style":
            parts.append("</style>")
    while closing:
        _, last, name = closing.pop()
        text_until(last)
        parts.append(f"</{name}>")
    sheets = "".join(f"<style>{sheet.replace('</', '<')}</style>" for sheet in dom.styles)
    return "".join(parts) + sheets


def read_snapshot(taken: dict[str, Any], dom: Dom) -> Layout:
    """Columns by element from `DOMSnapshot.captureSnapshot`, found by the numbers `safe_html` wrote."""
    strings, document = taken["strings"], taken["documents"][0]
    nodes, layout = document["nodes"], document["layout"]
    n = len(dom)
    element_of_node: dict[int, int] = {}
    mark = strings.index(_MARK) if _MARK in strings else -1
    for node, attributes in enumerate(nodes["attributes"]):
        for name, value in zip(attributes[::2], attributes[1::2], strict=True):
            if name == mark and strings[value].isdigit() and int(strings[value]) < n:
                element_of_node[node] = int(strings[value])
    boxes = np.zeros((n, 4), dtype=np.float32)
    hidden = np.ones(n, dtype=bool)
    struck = np.zeros(n, dtype=bool)
    sizes = np.full(n, np.nan, dtype=np.float32)
    weights = np.full(n, np.nan, dtype=np.float32)
    for node, bounds, styles in zip(layout["nodeIndex"], layout["bounds"], layout["styles"], strict=True):
        element = element_of_node.get(node)
        if element is None or len(styles) < len(STYLES):
            continue
        display, visibility, size, weight, decoration, opacity = (strings[s] if s >= 0 else "" for s in styles)
        left, top, width, height = bounds
        boxes[element] = left, top, left + width, top + height
        hidden[element] = display == "none" or visibility == "hidden" or opacity == "0"
        struck[element] = "line-through" in decoration
        sizes[element] = _number(size.removesuffix("px"))
        weights[element] = _number(weight)
    for element, parent in enumerate(dom.parents):
        if parent >= 0 and struck[parent]:
            struck[element] = True
    return Layout(boxes, hidden, struck, sizes, weights, width=float(VIEWPORT[0]))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
