"""A page as columns: one linear pass over lexbor's tree, within limits, whatever the bytes.

Elements are numbered in document order, so the subtree of element `i` is the range `i .. ends[i]`, and its text is the
range of text segments `segment_starts[i] .. segment_ends[i]`. Everything downstream works on these ranges.

A page is untrusted input: it is cut where it leaves the limits (`webpages.parse.limits`); what stands before is
analysed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser, LexborNode

from trimtab.webpages.parse.limits import MAX_BYTES, MAX_DEPTH, within_limits

MAX_INLINE_SCRIPTS = 1_500_000

_OPAQUE = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})
"""Elements whose content a shopper does not read."""

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_-]{2,20})""", re.IGNORECASE)
_KNOWN_CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-?8859-?\d{1,2}|latin1|windows-?125\d|cp125\d|koi8-?[ru]|shift[-_]?jis|sjis|euc-?(?:jp|kr)"
    r"|iso-2022-jp|gb2312|gbk|gb18030|big5(?:-?hkscs)?|ks_c_5601-1987|tis-620",
    re.IGNORECASE,
)
_UTF8 = ("utf-8", "utf8")
_SPACE = re.compile(r"\s+")
_DIGIT = re.compile(r"\d")
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")


@dataclass(frozen=True, slots=True)
class Ranges:
    """Columns of a `Dom` as arrays, [n] int64 each.

    Attributes:
        parents, depths, ends: as in `Dom`.
        firsts, lasts: its `segment_starts` and `segment_ends`.
        lengths: characters of text in the subtree.
    """

    parents: NDArray[np.int64]
    depths: NDArray[np.int64]
    ends: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, dom: Dom) -> Ranges:
        parents, depths, ends, firsts, lasts = (
            np.asarray(column, dtype=np.int64)
            for column in (dom.parents, dom.depths, dom.ends, dom.segment_starts, dom.segment_ends)
        )
        offsets = np.asarray(dom.text_offsets)
        return cls(parents, depths, ends, firsts, lasts, offsets[lasts] - offsets[firsts])


@dataclass
class Dom:
    """Columns by element, in document order; [n] each.

    Attributes:
        tags: lower-case tag names.
        attributes: attribute -> value, empty where there is none.
        parents: index of the parent, -1 for the root.
        depths: 0 for the root.
        ends: one past the last element of the subtree.
        segment_starts, segment_ends: range of the text segments in the subtree.
        segments: the page's text, whitespace normalised, one entry a text node.
        segment_owners: the element each segment stands in.
        scripts: (element, type, source) of `<script>` elements that hold data.
        inline_scripts: (element, source) of other scripts, MAX_INLINE_SCRIPTS characters at most; never run, only read
            as text.
        styles: embedded style sheets.
        ordinals: number of the element in document order when the inside of `<svg>` and the like is counted too.
        by_tag, by_attribute: elements of a tag, and those with an attribute of a name, in document order.
        marks, by_mark: filled by `trimtab.webpages.parse.candidates.mark`; elements by their mark.
        n_before: elements of a tag before each element, of the tags that were asked for.
        truncated: whether the page was cut to fit the limits.
    """

    tags: list[str] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    segment_starts: list[int] = field(default_factory=list)
    segment_ends: list[int] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    segment_owners: list[int] = field(default_factory=list)
    text_offsets: list[int] = field(default_factory=lambda: [0])
    ordinals: list[int] = field(default_factory=list)
    scripts: list[tuple[int, str, str]] = field(default_factory=list)
    inline_scripts: list[tuple[int, str]] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    by_tag: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_attribute: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    marks: list[str] = field(default_factory=list)
    by_mark: dict[str, list[int]] = field(default_factory=dict)
    n_before: dict[str, list[int]] = field(default_factory=dict)
    n_inside_opaque: int = 0
    n_script_characters: int = 0
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.tags)

    @cached_property
    def ranges(self) -> Ranges:
        """The columns as arrays, for work on many elements at once."""
        return Ranges.of(self)

    @cached_property
    def by_class(self) -> dict[str, list[int]]:
        """Elements by the value of their class attribute, in document order; most share it with others."""
        found: dict[str, list[int]] = {}
        for element in self.having("class"):
            found.setdefault(self.attributes[element]["class"], []).append(element)
        return found

    @cached_property
    def with_digits(self) -> NDArray[np.bool_]:
        """[n_segments] whether a text segment has a digit."""
        return np.asarray([_DIGIT.search(segment) is not None for segment in self.segments], dtype=bool)

    @cached_property
    def hidden(self) -> NDArray[np.bool_]:
        """[n] whether an attribute or an inline style hides the element or one around it."""
        hiding = np.zeros(len(self) + 1, dtype=np.int64)
        styled = (e for e in self.having("style") if _HIDING.search(self.attributes[e]["style"][:300].lower()))
        for element in {*self.having("hidden"), *styled}:
            if not self.has_most_text(element):
                hiding[element] += 1
                hiding[self.ends[element]] -= 1
        return np.asarray(np.cumsum(hiding)[:-1] > 0)

    def of_tags(self, *tags: str) -> list[int]:
        """Elements of these tags, in document order."""
        of_each = [self.by_tag[tag] for tag in tags if tag in self.by_tag]
        return of_each[0] if len(of_each) == 1 else sorted(chain.from_iterable(of_each))

    def having(self, name: str) -> list[int]:
        """Elements with an attribute of that name, in document order."""
        return self.by_attribute.get(name, [])

    def text_length(self, element: int) -> int:
        """Characters of text in the subtree, in constant time."""
        return self.text_offsets[self.segment_ends[element]] - self.text_offsets[self.segment_starts[element]]

    def has_most_text(self, element: int) -> bool:
        """Whether most of the page's text is in the subtree: a script shows it, or there would be no page."""
        return 2 * self.text_length(element) > self.text_offsets[-1]

    def has_any(self, block: int, elements: Sequence[int]) -> bool:
        """Whether one of ascending elements is in a block."""
        at = bisect_left(elements, block)
        return at < len(elements) and elements[at] < self.ends[block]

    def has_tag(self, block: int, tag: str) -> bool:
        """Whether an element of a tag is in a block, itself included; in constant time, for many questions."""
        if tag not in self.n_before:
            marked = np.zeros(len(self) + 1, dtype=np.int64)
            marked[np.asarray(self.of_tags(tag), dtype=np.int64) + 1] = 1
            self.n_before[tag] = marked.cumsum().tolist()
        n_before = self.n_before[tag]
        return n_before[self.ends[block]] > n_before[block]

    def text(self, element: int, separator: str = " ") -> str:
        return separator.join(self.segments[self.segment_starts[element] : self.segment_ends[element]])

    def attribute(self, element: int, name: str) -> str:
        return self.attributes[element].get(name, "")

    def ancestors(self, element: int, limit: int = MAX_DEPTH) -> list[int]:
        """From the parent upwards, `limit` of them at most."""
        found: list[int] = []
        parent = self.parents[element]
        while parent >= 0 and len(found) < limit:
            found.append(parent)
            parent = self.parents[parent]
        return found

    def path(self, element: int) -> str:
        """XPath-like address: `/html/body/div[2]/span`, counting from 1 among siblings of one tag; [1] is left out."""
        steps = []
        while element >= 0:
            parent = self.parents[element]
            rank = 1
            sibling = parent + 1 if parent >= 0 else element
            while sibling < element:
                rank += self.tags[sibling] == self.tags[element]
                sibling = self.ends[sibling]
            steps.append(self.tags[element] + (f"[{rank}]" if rank > 1 else ""))
            element = parent
        return "/" + "/".join(reversed(steps))

    def find(self, path: str) -> int | None:
        """The element at a path, None where the page has none there."""
        steps = path.strip("/").split("/")
        if not self.tags or steps[0] != self.tags[0]:
            return None
        element = 0
        for step in steps[1:]:
            tag, _, rank = step.partition("[")
            wanted = int(rank.rstrip("]")) if rank else 1
            child, last = element + 1, self.ends[element]
            while child < last:
                if self.tags[child] == tag:
                    wanted -= 1
                    if wanted == 0:
                        break
                child = self.ends[child]
            else:
                return None
            element = child
        return element


def normalise_space(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def decode(html: bytes) -> str:
    """Text of a page: byte order mark, else declared charset, else UTF-8, else Windows-1252. Never fails."""
    return _decoded(html)[0]


def _decoded(html: bytes) -> tuple[str, bytes | None]:
    """The text, and the page itself where it is the text's UTF-8 already."""
    if html.startswith((b"\xff\xfe", b"\xfe\xff")):
        return html.decode("utf-16", errors="replace"), None
    declared = _META_CHARSET.search(html, 0, 4096)
    names = [declared.group(1).decode("ascii")] if declared else []
    for name in [*names, "utf-8"]:
        # Only charsets of real pages: `punycode`, `unicode_escape` and the like are codecs too, and some are quadratic.
        if _KNOWN_CHARSET.fullmatch(name):
            try:
                return html.decode(name), html if name.lower() in _UTF8 else None
            except (UnicodeDecodeError, LookupError):
                continue
    broken = html.decode("utf-8", errors="replace")
    is_little = broken.count("\ufffd") < len(broken) / 100
    return broken if is_little else html.decode("cp1252", errors="replace"), None


def _in_utf8(html: bytes) -> bytes:
    text, as_it_is = _decoded(html)
    return text.encode() if as_it_is is None else as_it_is


def parse(html: bytes | str) -> Dom:
    """Columns of a page. Never fails: an empty or broken page has few or no elements."""
    raw = html.encode("utf-8", errors="replace") if isinstance(html, str) else _in_utf8(html[: MAX_BYTES * 2])
    kept = within_limits(raw)
    dom = Dom(truncated=len(kept) < len(raw) or (isinstance(html, bytes) and len(html) > MAX_BYTES * 2))
    if not kept.strip():
        return dom
    root = LexborHTMLParser(kept).root
    if root is not None:
        _walk(root, dom)
        index(dom)
    return dom


def _walk(root: LexborNode, dom: Dom) -> None:
    """Fill the columns in document order; what stands in no open element stands inside something opaque or too deep."""
    opened: dict[int, int] = {}
    tags, parents, depths, segments = dom.tags, dom.parents, dom.depths, dom.segments
    # Called for each of tens of thousands of nodes: looked up once.
    add_tag, add_parent, add_depth, add_owner = tags.append, parents.append, depths.append, dom.segment_owners.append
    add_attributes, add_ordinal, add_start = dom.attributes.append, dom.ordinals.append, dom.segment_starts.append
    parent_of, add_segment = opened.get, segments.append
    n_elements = 0
    for node in root.traverse(include_text=True, skip_empty=True):
        above = node.parent
        parent = -1 if above is None else parent_of(above.mem_id, -1)
        if parent < 0 and n_elements:
            continue
        tag = node.tag
        if tag == "-text":
            text = " ".join((node.text_content or "").split())
            if text:
                add_segment(text)
                add_owner(parent)
            continue
        depth = depths[parent] + 1 if parent >= 0 else 0
        if not tag or tag[0] in "-!_#":
            continue
        if depth > MAX_DEPTH:
            dom.truncated = True
            continue
        attributes: dict[str, Any] = node.attributes
        if None in attributes.values():
            attributes = {name: value or "" for name, value in attributes.items()}
        add_tag(tag)
        add_parent(parent)
        add_depth(depth)
        add_attributes(attributes)
        add_ordinal(n_elements + dom.n_inside_opaque)
        add_start(len(segments))
        if tag in _OPAQUE:
            _read_opaque(node, n_elements, dom)
        else:
            opened[node.mem_id] = n_elements
        n_elements += 1


def _read_opaque(node: LexborNode, element: int, dom: Dom) -> None:
    tag, attributes = dom.tags[element], dom.attributes[element]
    if tag == "script" and "src" not in attributes:
        source = node.text() or ""
        if "ld+json" in attributes.get("type", "").lower():
            dom.scripts.append((element, attributes["type"].lower(), source))
        elif dom.n_script_characters + len(source) <= MAX_INLINE_SCRIPTS:
            dom.n_script_characters += len(source)
            dom.inline_scripts.append((element, source))
    elif tag == "style":
        dom.styles.append(node.text() or "")
    elif tag in ("svg", "math", "object"):
        dom.n_inside_opaque += sum(1 for _ in node.traverse()) - 1


def index(dom: Dom) -> None:
    """Ranges of the subtrees, from the number of elements and of text segments in each; elements by tag, attribute."""
    sizes = [1] * len(dom)
    for element in range(len(dom) - 1, 0, -1):
        sizes[dom.parents[element]] += sizes[element]
    dom.ends = list(map(add, range(len(dom)), sizes))
    owners = np.asarray(dom.segment_owners, dtype=np.int64)
    n_before = np.append(0, np.bincount(owners, minlength=len(dom)).cumsum())
    dom.segment_ends = (dom.segment_starts + n_before[dom.ends] - n_before[:-1]).tolist()
    dom.text_offsets = np.cumsum([0, *(len(segment) + 1 for segment in dom.segments)]).tolist()
    for element, (tag, attributes) in enumerate(zip(dom.tags, dom.attributes, strict=True)):
        dom.by_tag[tag].append(element)
        for name in attributes:
            dom.by_attribute[name].append(element)
