"""What of a page is parsed: the longest prefix that costs no more than a second or two, whatever the bytes.

Lexbor is quadratic in the nesting depth and in the attributes of one tag (measured: 15 s for 100,000 nested `<div>`). A
scan counts both. It is not a parser: where what looks like a tag may be text (in attributes, CDATA sections, text
areas, scripts inside drawings) the depth is doubtful, and of such a page only as many tags are let through as take
little time at any depth.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

MAX_BYTES = 5_000_000
MAX_TAGS = 120_000
MAX_DOUBTFUL_TAGS = 28_000
"""The number of tags that nest, on a page of which the scan cannot say how deep; the worst nesting found took 1.1 s."""
MAX_DEPTH = 800
MAX_ATTRIBUTES = 300
"""In one tag."""
MAX_TIMES_READ, SMALL_STRETCH, STRETCH_COST = 4, 100_000, 200
"""What is read of stretches of attributes behind a `>` in quotes, in lengths of the page and in bytes, and what each
stretch costs beside its length: none of 480 pages is cut by it."""
MAX_SEPARATORS = 400_000
"""Spaces, slashes and quotes inside tags, over the page: bounds the attributes of all tags together."""
SMALL_BYTES, SMALL_TAGS, SMALL_OPENING_TAGS = 2_000_000, 20_000, 10_000
"""A page of no more is parsed in .6 s however its tags nest (measured), so that only attributes of long tags are
counted."""
SMALL_COMPARISONS = 63_000_000
"""What the attributes of its tags may cost: each is compared with all others of its tag (2 ns, measured). What looks
like a tag in a script is counted too."""

_SEPARATORS = bytes.maketrans(b"\t\n\f\r/\"'", b"       ")
_VOID = frozenset(b"area base br col embed hr img input link meta source track wbr".split())
_IMPLIED_END = frozenset(b"p li dt dd option tr td th tbody thead tfoot".split())
_SCOPES = frozenset(b"applet marquee object select table template".split())
"""Inside them nothing that is open outside can be closed."""
_FOREIGN = frozenset({b"svg", b"math"})
_DRAWN = frozenset(b"circle ellipse image line path polygon polyline rect stop use".split())
"""Elements of SVG that are closed in their own tag; in HTML they would nest."""
_RAW = frozenset({b"script", b"style"})
"""Elements of HTML whose content is text; in SVG it is not."""
_TEXT_IN_HTML = frozenset(b"iframe noembed noframes textarea title xmp".split())
"""The same, but rare or short enough to be read as if it were tags."""

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})|<!--|<!\[CDATA\[")
_LONG_TAG = re.compile(rb"<[a-zA-Z][^>]{%d,}" % (2 * MAX_ATTRIBUTES))
_ATTRIBUTE = re.compile(rb"""[^\s=>/"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?""")
_VALUE = rb"""=[\t\n\f\r ]*+(?:"[^"]*+"?+|'[^']*+'?+|[^\t\n\f\r >]*+)"""
_EXACT_ATTRIBUTE = rb"(?:=?+[^\t\n\f\r />=]++|=)(?:[\t\n\f\r ]*+%b)?+" % _VALUE
"""As the parser reads it, whatever is wrong with it."""
_GREATER_IN_QUOTES = re.compile(rb"""=(?=[\t\n\f\r ]*+(?:"[^">]*+>|'[^'>]*+>))""")
"""A value with `>` in it, if the parser is in a tag there."""
_FIRST_VALUE, _OTHER_ATTRIBUTES = re.compile(_VALUE), re.compile(rb"(?:[\t\n\f\r /]++|%b)*+" % _EXACT_ATTRIBUTE)
_ONE_ATTRIBUTE = re.compile(_EXACT_ATTRIBUTE)


def within_limits(html: bytes) -> bytes:
    """The longest prefix that stays within the limits above. Linear in the bytes."""
    html = html[:MAX_BYTES]
    html = html[: _end_by_quoted(html)]
    n_tags = html.count(b"<")
    n_opening = n_tags if n_tags <= SMALL_OPENING_TAGS else n_tags - html.count(b"</")
    if len(html) <= SMALL_BYTES and n_tags <= SMALL_TAGS and n_opening <= SMALL_OPENING_TAGS:
        spans = [tag.span() for tag in _LONG_TAG.finditer(html)]
        at_most = sum(((end - start) // 2) ** 2 for start, end in spans)
        if at_most <= SMALL_COMPARISONS or _n_comparisons(html, spans) <= SMALL_COMPARISONS:
            return html
    return html[: _Scan(html).end()]


def _end_by_quoted(html: bytes) -> int:
    """Where attributes behind a `>` in quotes cost too much, which ends no tag, or the page's length.

    Whether the parser is in a tag at such a value is not asked: from there on what it reads is certain. Where these
    stretches together are longer than a page has reason for, they are not read further.
    """
    n_comparisons, n_left = 0, MAX_TIMES_READ * len(html) + SMALL_STRETCH
    for found in _GREATER_IN_QUOTES.finditer(html):
        value = _FIRST_VALUE.match(html, found.start())
        start = value.end() if value else found.end()
        others = _OTHER_ATTRIBUTES.match(html, start)
        end = others.end() if others else start
        n_comparisons += len(_ONE_ATTRIBUTE.findall(html, start, end)) ** 2
        n_left -= end - start + STRETCH_COST
        if n_comparisons > SMALL_COMPARISONS or n_left < 0:
            return max(0, html.rfind(b"<", 0, found.start()))
    return len(html)


class _Scan:
    """One pass over the tags of a page, as far as they stay within the limits."""

    def __init__(self, html: bytes) -> None:
        self._html = html
        self._lower, self._separated = html.lower(), html.translate(_SEPARATORS)
        self._scopes: list[tuple[bytes, Counter[bytes]]] = [(b"", Counter())]
        self._depth = self._n_tags = self._n_nesting = self._n_separators = 0
        self._is_doubtful = self._has_foreign = self._has_long_tag = False
        self._may_have_many = self._separated.count(b" ") > MAX_SEPARATORS

    def end(self) -> int:
        """Where the page leaves the limits, or its length."""
        position = 0
        while (tag := _TAG.search(self._html, position)) is not None:
            position = tag.end()
            if tag.group(2) is None:
                # `<!-->` is a comment too.
                is_comment = tag.group() == b"<!--"
                self._is_doubtful |= not is_comment
                position = self._after(position - 2, b"-->") if is_comment else position
            elif tag.group(1):
                self._n_tags += 1
                self._close(tag.group(2).lower())
            else:
                self._n_tags += 1
                position = self._open(tag.group(2).lower(), position)
            if (
                self._depth > MAX_DEPTH
                or self._n_tags > MAX_TAGS
                or self._n_separators > MAX_SEPARATORS
                or self._has_long_tag
                or (self._is_doubtful and self._n_nesting > MAX_DOUBTFUL_TAGS)
            ):
                return tag.start()
        return len(self._html)

    def _after(self, position: int, mark: bytes) -> int:
        """Where a part that is not markup ends. In doubt it may be markup after all, and counts."""
        found = self._lower.find(mark, position)
        end = len(self._html) if found < 0 else found
        if self._is_doubtful:
            self._n_nesting += self._html.count(b"<", position, end)
        return end

    def _close(self, name: bytes) -> None:
        scope, opened = self._scopes[-1]
        if name == scope:
            # What stays open inside may be open still.
            self._scopes.pop()
            self._scopes[-1][1].update(opened)
            self._depth -= 1
        elif opened[name] > 0:  # a closing tag of what is not open closes nothing
            opened[name] -= 1
            self._depth -= 1

    def _open(self, name: bytes, position: int) -> int:
        """Count an opening tag; returns where to read on."""
        html = self._html
        found = html.find(b">", position)
        end = len(html) if found < 0 else found
        if self._may_have_many or end - position > MAX_ATTRIBUTES:
            n_separators = self._separated.count(b" ", position, end)
            self._n_separators += n_separators
            self._has_long_tag |= n_separators > MAX_ATTRIBUTES and _n_attributes(html, position, end) > MAX_ATTRIBUTES
        is_drawn = name in _DRAWN and html[end - 1 : end] == b"/"
        has_open_quote = html.count(b'"', position, end) % 2 or html.count(b"'", position, end) % 2
        self._has_foreign |= name in _FOREIGN
        self._is_doubtful |= (
            is_drawn or bool(has_open_quote) or name in _TEXT_IN_HTML or (name in _RAW and self._has_foreign)
        )
        if name not in _VOID and name not in _IMPLIED_END:
            self._n_nesting += 1
            self._depth += not is_drawn
            if name in _SCOPES:
                self._scopes.append((name, Counter()))
            else:
                self._scopes[-1][1][name] += not is_drawn
        return self._after(end, b"</" + name) if name in _RAW else end


def _n_comparisons(html: bytes, tags: Sequence[tuple[int, int]]) -> int:
    return sum(len(_ATTRIBUTE.findall(html, start, end)) ** 2 for start, end in tags)


def _n_attributes(html: bytes, start: int, end: int) -> int:
    n, position = 0, start
    while n <= MAX_ATTRIBUTES and (match := _ATTRIBUTE.search(html, position, end)) is not None:
        n += 1
        position = match.end()
    return n
