# ruff: noqa: E501  # markup reads better unbroken
"""Pages that mean harm, and pages that are none. An answer or an abstention, within the limits, never a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.analyze import analyze_page

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
    + "]><svg><text>&j;</text></svg>"
)

HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\t ",
    "nul": b"\0" * 1000,
    "no markup": b"just words",
    "broken encoding": b"<html><h1>\xff\xfe\x80 Lamp</h1><span class=price>\xe2\x82 49,90</span>",
    "utf-16 cut in half": "<h1>Lamp</h1>".encode("utf-16")[:-1],
    "100,000 deep": b"<div>" * 100_000 + b"49,90",
    "billion laughs": LAUGHS.encode(),
    "billion laughs inline": b"<html><body>" + LAUGHS.encode() + product().encode(),
    "scripts that never end": b"<script>while(true){}</script>" * 200 + product().encode(),
    "a thousand prices": b"".join(b"<div><span class=price>%d,99 EUR</span></div>" % i for i in range(5_000)),
    "prices in one another": b"<span class=price>1,99 EUR " * 700,
    "ten thousand forms": b"<form><input name=city></form>" * 10_000,
    "ten thousand ids": b"".join(b"<label for=x%d>City</label><input id=x%d>" % (i, i) for i in range(10_000)),
    "style of a million rules": b"<style>" + b".a .b .c>.d{font-size:12px}" * 60_000 + b"</style>" + product().encode(),
    "style without end": b"<style>" + b"{" * 200_000 + product().encode(),
    "one long word": b"<h1>" + b"A1-" * 300_000 + b"</h1>",
    "one long number": b"<span class=price>" + b"1" * 500_000 + b"</span>",
    "labels without end": b"<p>" + b"SKU: " * 200_000,
    "json of a million": b'<script type="application/ld+json">'
    + b'{"@type":"Product","offers":['
    + b'{"price":1},' * 150_000
    + b"]}</script>",
    "state without end": b"<script>" + b'"sku":"A1",' * 120_000 + b"</script>" + product().encode(),
    "images": b"".join(b"<img src=/%d.jpg alt='Brass Lantern'>" % i for i in range(30_000)),
    "marks": b"".join(b"<div class='price-%d sale old product cart'>%d,00 EUR</div>" % (i, i) for i in range(20_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_or_an_abstention(name: str) -> None:
    page = analyze_page(HOSTILE[name], PRODUCT_URL)
    json.dumps(page.as_dict(), allow_nan=False)
    assert page.kind in ("product", "listing", "checkout", "other")


def test_a_page_in_japanese() -> None:
    html = product("3,980円", block='<p class="price">販売価格：<b>3,980円</b>（税込）</p>').replace(
        "In den Warenkorb", "カートに入れる"
    )
    page = analyze_page(html.replace("Brass Lantern", "真鍮のランタン"), "https://shop.example.co.jp/p/1")
    assert page.elements["price"].value == "3980"
    assert page.elements["price"].currency == "JPY"


@pytest.mark.parametrize("url", [None, "", "not a url", "http://[broken", "https://x.test/%ff%fe?\0"])
def test_any_address(url: str | None) -> None:
    json.dumps(analyze_page(product(), url).as_dict(), allow_nan=False)


@given(st.binary(max_size=3_000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_bytes(html: bytes) -> None:
    json.dumps(analyze_page(html, PRODUCT_URL).as_dict(), allow_nan=False)


@given(st.lists(st.sampled_from([
    "<div class=price>", "</div>", "<h1>", "</h1>", "<del>", "</del>", "<form>", "</form>", "<input name=zip>", "<table><tr><td>",
    "<button>Add to cart</button>", "<img src=a.jpg>", "49,90 €", "$1,299.00", "63", "07", "<script type=application/ld+json>",
    '{"@type":"Product","offers":{"price":"', "</script>", "<style>.price{display:none}</style>", "SKU: A-1", "<svg>", "</svg>",
    "<meta property=og:price:amount content=5>", "itemprop", "<span itemprop=price content=x>", "&#0;", "\x1f", "\ufffd", "<!--", "-->",
]), max_size=60))  # fmt: skip
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_mixture_of_a_shops_pieces(pieces: list[str]) -> None:
    json.dumps(analyze_page("".join(pieces), PRODUCT_URL).as_dict(), allow_nan=False)


FILLERS = [
    b"<p class='a b'>text 1</p>",
    b"<b>x",
    b"<div><span class=price>9,99 EUR</span></div>",
    b"<img src=a.jpg alt=x>",
]
MEASURE = """
import os, resource, sys
from pathlib import Path
from trimtab.webpages.analyze import analyze_page
analyze_page("<h1>warm</h1>")
for name in sys.argv[1:]:
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    analyze_page(Path(name).read_bytes(), "https://shop.example/p/1")
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def megabytes(tmp_path_factory: pytest.TempPathFactory) -> dict[bytes, int]:
    """What the analysis of five megabytes adds to the memory of a process, each page in a process of its own."""
    folder = tmp_path_factory.mktemp("pages")
    files = [folder / f"{number}.html" for number in range(len(FILLERS))]
    for file, filler in zip(files, FILLERS, strict=True):
        file.write_bytes((product().encode() + filler * (5_000_000 // len(filler)))[:5_000_000])
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, cwd=root, check=True)
    return dict(zip(FILLERS, map(int, done.stdout.split()), strict=True))


@pytest.mark.parametrize("filler", FILLERS)
def test_five_megabytes_stay_below_two_hundred(filler: bytes, megabytes: dict[bytes, int]) -> None:
    assert 10 < megabytes[filler] < 200
