# markup reads better unbroken
"""The columns of a page against the tree they were read from, and the limits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.webpages.pages_made_here import product
from trimtab.webpages.parse.dom import decode, normalise_space, parse
from trimtab.webpages.parse.limits import MAX_BYTES, MAX_DEPTH, MAX_DOUBTFUL_TAGS, MAX_TAGS, within_limits

TAGS = ["div", "p", "span", "b", "ul", "li", "table", "tr", "td", "a", "svg", "template", "select", "option"]


@st.composite
def markup(draw: st.DrawFn) -> str:
    """Tags that open and close as they like, with text between."""
    pieces = []
    for _ in range(draw(st.integers(0, 40))):
        tag = draw(st.sampled_from(TAGS))
        kind = draw(st.integers(0, 2))
        pieces.append(
            f"<{tag} class='{tag}'>" if kind == 0 else f"</{tag}>" if kind == 1 else draw(st.text("ab1€ ", max_size=6))
        )
    return "".join(pieces)


@given(markup())
@settings(max_examples=150)
def test_every_path_finds_its_element_and_ranges_nest(html: str) -> None:
    dom = parse(html)
    for element in range(len(dom)):
        assert dom.find(dom.path(element)) == element
        parent = dom.parents[element]
        assert parent < element
        if parent >= 0:
            assert dom.ends[element] <= dom.ends[parent]
            assert (
                dom.segment_starts[parent]
                <= dom.segment_starts[element]
                <= dom.segment_ends[element]
                <= dom.segment_ends[parent]
            )
            assert dom.depths[element] == dom.depths[parent] + 1


def test_text_is_what_the_parser_gives() -> None:
    html = product()
    tree = LexborHTMLParser(html)
    dom = parse(html)
    for selector in ("h1", "main", "form", "ul"):
        node = tree.css_first(selector)
        assert node is not None
        element = dom.tags.index(selector)
        assert dom.text(element) == normalise_space(node.text(separator=" "))


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 100_000 + b"x",
        b"<a " + b" ".join(b"a%d=1" % i for i in range(100_000)) + b">",
        (b"<p " + b" ".join(b"%x" % i for i in range(350)) + b">") * 3_000,
        b"<p>a" * 1_000_000,
        b"<" * 1_000_000,
        b"<!--" * 300_000,
        b"<script>" * 300_000,
        b"<p>a</p>" * 7_000_000,
        b"<div></b>" * 500_000,
        b"<script></SCRIPT>" + b"<div>" * 900_000,
        b"<!-->" + b"<div>" * 900_000,
        b'<p a=">" ' + b" ".join(b"a%d=1" % i for i in range(200_000)) + b">",
        (b'<p a=">" ' + b" ".join(b"%x" % i for i in range(3_000)) + b">") * 200,
        b'<p a=">" b="<' * 300_000,
    ],
    ids=[
        "deep",
        "attributes of one tag",
        "attributes of all tags",
        "tags",
        "angles",
        "comments",
        "scripts",
        "56 MB",
        "closing tags of nothing",
        "script closed in capitals",
        "comment that ends at once",
        "attributes behind a quoted >",
        "such attributes of many tags",
        "quotes that end elsewhere",
    ],
)
def test_limits_hold(html: bytes) -> None:
    dom = parse(html)
    assert len(dom) <= MAX_TAGS + 10
    assert max(dom.depths, default=0) <= MAX_DEPTH + 2
    assert len(within_limits(html)) <= MAX_BYTES


@pytest.mark.parametrize(
    "unit",
    [
        b"<svg><![CDATA[</div>]]></svg><div>",
        b"<div a='></div>'>",
        b'<div "><div a="</div></div>">',
        b"<div><textarea></div></textarea>",
        b"<div><select></div></select>",
        b"<div><template></div></template>",
        b"<div><table><td></div></table>",
        b"<svg></template><style><button>",
        b"</b><math><script>",
        b"<div a='><!--'>",
        b"<path/>",
    ],
)
def test_tags_that_may_be_none_hide_no_depth(unit: bytes) -> None:
    """Each of these closes what the parser leaves open, or opens what a scan does not see."""
    kept = within_limits(unit * (4_500_000 // len(unit)))
    assert len(re.findall(rb"<[a-z]", kept)) <= MAX_DOUBTFUL_TAGS + 10


def test_drawings_do_not_nest() -> None:
    icon = b'<svg><path d="M0 0"/><use href="#a"/></svg>'
    page = b"<div>" + icon * 3_000 + b"x" * 1_000_000 + b"</div>"
    assert within_limits(page) == page


def test_a_page_of_few_tags_with_many_attributes_in_all_is_cut() -> None:
    tag = b"<p " + b" ".join(b"a%d" % number for number in range(299)) + b">"
    page = tag * (1_900_000 // len(tag))
    assert len(within_limits(page)) < len(page)


def test_what_looks_like_a_tag_in_a_script_cuts_no_page() -> None:
    script = b"<script>if (a<b && " + b" ".join(b"v%d = 1;" % number for number in range(700)) + b"</script>"
    page = script * 20 + b"<p>45.00</p>"
    assert within_limits(page) == page


def test_a_small_page_may_nest_and_is_cut_where_it_is_too_deep() -> None:
    dom = parse(b"<div>" * 5_000 + b"x")
    assert dom.truncated
    assert max(dom.depths) == MAX_DEPTH


def test_an_ordinary_page_is_not_cut() -> None:
    assert not parse(product()).truncated


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Preis 5 €".encode(), "Preis 5 €"),
        ("<meta charset='windows-1252'>5 €".encode("cp1252"), "<meta charset='windows-1252'>5 €"),
        ("<meta charset=Shift_JIS>価格".encode("shift_jis"), "<meta charset=Shift_JIS>価格"),
        ("価格".encode("utf-16"), "\ufeff価格"),
        ("Größe".encode("latin-1"), "Größe"),
    ],
)
def test_charsets(raw: bytes, text: str) -> None:
    assert decode(raw).lstrip("\ufeff") == text.lstrip("\ufeff")


@pytest.mark.parametrize("name", ["punycode", "unicode_escape", "zlib", "idna", "no-such-thing"])
def test_a_declared_codec_that_is_no_charset_is_not_used(name: str) -> None:
    assert decode(f"<meta charset={name}>\\u0041".encode()) == f"<meta charset={name}>\\u0041"
