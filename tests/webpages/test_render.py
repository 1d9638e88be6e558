# ruff: noqa: E501  # markup reads better unbroken
"""Rendering by the real Chromium: boxes come back, nothing runs, nothing is fetched."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.rendered.render import Browser, chromium_path
from trimtab.webpages.parse.rendered.snapshot import safe_html

needs_chromium = pytest.mark.skipif(chromium_path() is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


def test_nothing_that_runs_is_written() -> None:
    html = '<body onload="x()"><script>1</script><a href=# onclick="y()">a</a><iframe srcdoc="<b>"></iframe><svg onload=z()></svg><p>kept'
    written = safe_html(parse(html))
    assert "kept" in written
    for word in ("script", "onload", "onclick", "iframe", "srcdoc", "svg"):
        assert word not in written


def test_every_element_keeps_its_number_and_its_text() -> None:
    dom = parse(product())
    again = parse(safe_html(dom))
    numbered = {
        int(attributes["data-element"]): i
        for i, attributes in enumerate(again.attributes)
        if "data-element" in attributes
    }
    for element, tag in enumerate(dom.tags):
        if tag in ("h1", "span", "button", "li"):
            assert again.text(numbered[element]) == dom.text(element)


@needs_chromium
def test_boxes_and_styles(browser: Browser) -> None:
    dom = parse(
        "<body style='margin:0'><h1 style='height:50px;width:300px;font-size:30px'>Lamp</h1><del>9</del><p style='display:none'>gone</p>"
        "<style>b{font-weight:700;text-decoration:line-through}</style><b>8</b>"
    )
    layout = browser.layout(dom)
    assert layout is not None
    heading, struck, gone, bold = (dom.tags.index(tag) for tag in ("h1", "del", "p", "b"))
    left, top, right, bottom = layout.boxes[heading]
    assert (right - left, bottom - top) == (300, 50)
    assert layout.sizes[heading] == 30
    assert layout.struck[struck]
    assert layout.struck[bold]
    assert layout.weights[bold] == 700
    assert layout.hidden[gone]


@needs_chromium
def test_nothing_is_fetched_and_nothing_runs(browser: Browser) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        there = f"http://127.0.0.1:{server.server_port}"
        html = (
            f"<body style='background:url({there}/css)'><img src='{there}/img'><style>@import url({there}/sheet);p{{background:url({there}/p)}}</style>"
            f"<script src='{there}/script'></script><script>document.body.innerHTML=''</script><p>kept</p><video src='{there}/v' autoplay></video>"
            f"<meta http-equiv=refresh content='0;url={there}/meta'><object data='{there}/o'></object><embed src='{there}/e'>"
        )
        dom = parse(html)
        layout = browser.layout(dom)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []
    assert layout is not None
    assert layout.boxes[dom.tags.index("p")].any()


@needs_chromium
def test_layout_is_asked_only_where_it_is_needed(browser: Browser) -> None:
    page = analyze_page(product(stated="49.90"), PRODUCT_URL, browser)
    assert page.elements["price"].value == "49.90"
    struck = product(
        block="<div><span class=a>79,90 €</span> <span class=b>49,90 €</span></div>",
        head="<style>.a{text-decoration:line-through}</style>",
    )
    assert analyze_page(struck, PRODUCT_URL, browser).elements["price"].value == "49.90"


@needs_chromium
def test_a_closed_browser_gives_no_layout() -> None:
    started = Browser()
    started.close()
    assert started.layout(parse(product())) is None
    started.close()
