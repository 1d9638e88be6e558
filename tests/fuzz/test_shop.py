"""A shop with price lists, stores, places and variants, asked for anything by everybody: shoppers, agents, feeds, and
who reads analytics. Never a 5xx, and what is refused is refused in one clear sentence.

Some hundred requests in `make test`, more than twenty thousand in `make fuzz`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.test_hostile import ANYTHING, INTEGERS, MOMENTS, NUMBERS, WORDS, body_of, failed, serving_with
from tests.support.redis_servers import running_redis
from trimtab.catalog.shop import Shop
from trimtab.engine.build.build import build_bundle

SHOP = Shop.parse(
    """
[variants]
group_by = "style"

[prices.b2b]
column = "price_b2b"
currency = "USD"

[stores.lyon]
stock = "stock_lyon"
latitude = 45.764
longitude = 4.836

[stores.lille]
stock = "stock_lille"
latitude = 50.629
longitude = 3.057

[objectives.close]
value = "exp(-distance / 100)"
"""
)
N_ITEMS = 24
LEAKS = (
    "Traceback",
    "object at 0x",
    "<class",
    "pydantic",
    "NoneType",
    "Errno",
    "numpy",
    "polars",
    "ArrowInvalid",
    "/tmp/",
)
"""What an answer has where the words are not ours, or it says something of the machine."""

CODES = st.sampled_from(["fr", "de-AT", "tr", "zh", "xx", "FR", "-", "en_US.UTF-8", "a" * 40, "\u00e9", ""])
PLACES = st.builds("{},{}".format, NUMBERS, NUMBERS) | st.sampled_from(
    ["48.857,2.352", "90,180", "-90,-180", "91,0", "nan,nan", "inf,0", "48,857,2,352", "1", ",", "1e400,0", "", "a,b"]
)
NAMES = st.sampled_from(["b2b", "lyon", "lille", "none", "B2B", "a" * 300, "\u0000", "b2b,lyon", " lyon ", ""])
FIELDS = st.sampled_from(
    ["price", "colour", "style", "distance", "stock_lyon", "released", "nothing", "attr_colour", ""]
)
VALUES = NUMBERS | WORDS | MOMENTS | st.sampled_from(["red", "1..", "..", "10..1", "true", "> Boots", "a:b:c", "-"])
CONDITIONS = st.builds("{}{}:{}".format, st.sampled_from(["", "-", "--"]), FIELDS, VALUES)
ORDERS = st.builds("{}{}".format, FIELDS, st.sampled_from(["", ":asc", ":desc", ":up", ":"]))
FLAGS = st.sampled_from(["true", "false", "1", "yes", "2", ""])
OF_A_SEARCH: dict[str, st.SearchStrategy[Any]] = {
    "near": PLACES,
    "price_list": NAMES,
    "store": NAMES,
    "language": CODES,
    "group": FLAGS,
    "exact": FLAGS,
    "correct": FLAGS,
    "sort": ORDERS,
    "filter": st.lists(CONDITIONS, max_size=3),
    "facets": st.lists(FIELDS, max_size=3),
    "facet_count": st.sampled_from(["groups", "items", "all"]),
    "facet_limit": INTEGERS,
    "k": INTEGERS,
    "offset": INTEGERS,
    "mode": st.sampled_from(["weights", "attainment", "x"]),
    "w_close": NUMBERS,
    "w_revenue": NUMBERS,
    "max_close_loss": NUMBERS,
    "max_relevance_loss": NUMBERS,
    "session_id": WORDS,
    "user_id": WORDS,
    "user_token": WORDS,
    "explore": FLAGS,
}
SEARCHES = st.fixed_dictionaries({"q": WORDS}, optional=OF_A_SEARCH)
BESIDE = st.fixed_dictionaries({}, optional=OF_A_SEARCH)
ITEM_IDS = st.sampled_from(["style-1-red", "nothing", "a/b", "..", "%2e%2e", "\u00e9" * 90, "x" * 600, " "])
SUGGESTED = st.fixed_dictionaries({"q": WORDS | st.just("")}, optional={"k": INTEGERS, "user_id": WORDS})
ANALYSED = st.fixed_dictionaries(
    {},
    optional={
        "since": MOMENTS | WORDS,
        "until": MOMENTS | WORDS,
        "at": MOMENTS | WORDS,
        "channel": st.sampled_from(["agent", "shopper", ""]),
        "limit": INTEGERS,
        "of": st.sampled_from(["top", "empty", "x"]),
        "every": st.sampled_from(["hour", "day", "week", "century"]),
    },
)
REPORTS = st.sampled_from(["overview", "queries", "categories", "times", "ranks", "change", "nothing"])
META = {"ucp-agent": {"profile": "https://agent.example/profile.json"}}
CATALOGS = {
    "search_catalog": {
        "query": "shirt",
        "filters": {"categories": ["Shirts"], "price": {"min": 100, "max": 2000}, "availability": ["in_stock"]},
        "pagination": {"limit": 3},
        "steering": {"objectives": {"relevance": 1, "close": 0.5}, "price_list": "b2b", "store": "lyon"},
    },
    "lookup_catalog": {"ids": ["style-1-red", "nothing"], "steering": {"price_list": "b2b"}},
    "get_product": {"id": "style-1", "selected": [{"name": "colour", "label": "red"}], "preferences": ["colour"]},
}


def called(tool: str) -> st.SearchStrategy[dict[str, Any]]:
    """Calls of a tool, right ones with some of their fields turned into anything."""
    return st.builds(
        lambda catalog, meta: {"name": tool, "arguments": {"meta": meta, "catalog": catalog}},
        body_of(CATALOGS[tool]) | ANYTHING,
        st.just(META) | body_of(META),
    )


CALLS = st.sampled_from(sorted(CATALOGS)).flatmap(called) | st.builds(lambda name: {"name": name}, WORDS)
METHODS = st.sampled_from(["tools/call", "tools/list", "initialize", "ping", "resources/list", "nothing"])
MESSAGES = st.builds(
    lambda method, call, number: {"jsonrpc": "2.0", "id": number, "method": method, "params": call},
    METHODS,
    CALLS,
    INTEGERS | WORDS,
) | body_of({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
CELLS = st.sampled_from(["style-1-red", "new", "", "red", "1,5", "-1", "1e39", '"', "\u0000", "2025-02-30", "x" * 500])
FEEDS = (
    st.lists(st.lists(CELLS, min_size=4, max_size=4).map(",".join), max_size=4).map(
        lambda rows: "\n".join(["item_id,title,price,colour", *rows]).encode()
    )
    | st.sampled_from([b"", b"\x1f\x8b", b"PK\x03\x04", b"<rss><channel>", b"{", b"[{}]", b"\xff\xfe", b"a\n" * 100])
    | st.binary(max_size=60)
)
KINDS = st.sampled_from(["text/csv", "application/octet-stream", "text/plain", "application/xml", ""])
SENT_FEEDS = st.fixed_dictionaries(
    {"mode": st.sampled_from(["full", "delta", "x"])},
    optional={"dry_run": FLAGS, "max_removed_share": NUMBERS},
)
BODIES = st.sampled_from(
    [
        ("POST", "/search", {"q": "shirt", "near": "48.9,2.3", "price_list": "b2b", "store": "lyon", "group": True}),
        (
            "PUT",
            "/items",
            {"item_id": "style-1-red", "attr_colour": "red", "attr_stock_lyon": 3, "attr_released": "2025"},
        ),
        ("PUT", "/drafts/profiles/p", {"definition": {"weights": {"close": 1}}, "note": "why"}),
        ("POST", "/drafts/profiles/p/publish", {}),
        ("POST", "/comparisons", {"queries": ["shirt"], "before": {"weights": {"close": 1}}, "k": 5}),
        ("POST", "/query-sets/fuzzed/sample", {"n": 5}),
        ("PUT", "/query-sets/fuzzed", {"queries": ["shirt"], "note": "why"}),
        ("PUT", "/query-sets/fuzzed/judgments", {"query": "shirt", "grades": {"style-1-red": 3}}),
        ("PUT", "/accounts/fuzzed", {"role": "viewer", "password": "x"}),
        ("PUT", "/session/password", {"password": "correct horse battery", "new": "another password"}),
        ("POST", "/pages", {"html": "<h1>Shirt</h1>", "url": "https://shop.example/p/1", "currency": "EUR"}),
    ]
)
WITH_BODY = BODIES.flatmap(lambda route: st.tuples(st.just(route[0]), st.just(route[1]), body_of(route[2])))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    colours = ("red", "blue", "green")
    frame = pl.DataFrame(
        [
            {
                "item_id": f"style-{n // 3}-{colours[n % 3]}",
                "title": f"Cotton shirt {n // 3} {colours[n % 3]}",
                "category": "Shirts > Cotton",
                "price": 10.0 + n,
                "attr_style": f"style-{n // 3}",
                "attr_colour": colours[n % 3],
                "attr_price_b2b": None if n == 0 else 5.0 + n,
                "attr_stock_lyon": float(n % 2),
                "attr_stock_lille": float(n % 5),
                "attr_released": f"2025-0{1 + n % 9}-01",
            }
            for n in range(N_ITEMS)
        ]
    )
    folder = tmp_path_factory.mktemp("shop")
    build_bundle(frame, folder / "bundle", source="shirts", encoder="wordllama", shop=SHOP)
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield from serving_with(folder / "bundle", folder / "data", redis)


def check(answer: httpx.Response) -> None:
    """Check that the service has not failed, and that a refusal says in one sentence what is wrong."""
    said = (str(answer.request.url), answer.request.content[:500], answer.status_code, answer.text[:1000])
    assert answer.status_code < 500, said
    if answer.status_code < 400:
        return
    assert answer.headers["content-type"] == "application/problem+json", said
    problem = answer.json()
    sentences = [problem["detail"], *(part for one in problem.get("errors", ()) for part in one.values())]
    for sentence in sentences:
        assert is_clear(sentence), said


def is_clear(sentence: object) -> bool:
    """Whether it is one line of words, and of ours."""
    return (
        isinstance(sentence, str)
        and 0 < len(sentence) <= 2100
        and "\n" not in sentence
        and not any(leak in sentence for leak in LEAKS)
    )


def check_agent(answer: httpx.Response) -> None:
    """The same for an agent, to whom problems come in the words of its protocol."""
    if answer.headers.get("content-type") == "application/problem+json":
        check(answer)
        return
    said = (answer.request.content[:500], answer.status_code, answer.text[:1000])
    assert answer.status_code < 500, said
    if not answer.content:  # to what needs no answer
        return
    answered = answer.json()
    result = answered.get("result", {})
    sentences = [answered["error"]["message"]] if "error" in answered else []
    sentences += [part["text"] for part in result.get("content", ())] if result.get("isError") else []
    assert all(map(is_clear, sentences)), said


@pytest.mark.parametrize("examples", [20, pytest.param(2_900, marks=pytest.mark.slow)])
def test_nothing_that_is_asked_of_a_shop_is_a_failure(shop: httpx.Client, examples: int) -> None:
    sent: Iterator[int] = itertools.count()

    def ask(method: str, path: str, judge: Callable[[httpx.Response], None] = check, **request: Any) -> None:
        next(sent)
        judge(shop.request(method, path, **request))

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(SEARCHES, BESIDE, ITEM_IDS, SUGGESTED, st.tuples(REPORTS, ANALYSED), MESSAGES, st.data())
    def everybody(
        search: dict[str, Any],
        beside: dict[str, Any],
        item_id: str,
        suggested: dict[str, Any],
        analysed: tuple[str, dict[str, Any]],
        message: dict[str, Any],
        data: st.DataObject,
    ) -> None:
        ask("GET", "/search", params=search)
        ask("GET", "/frontier", params=search)
        ask("GET", f"/items/{item_id}/similar", params=beside)
        ask("GET", f"/items/{item_id}/together", params=beside)
        ask("GET", "/suggest", params=suggested)
        agent = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        ask("POST", "/mcp", check_agent, content=json.dumps(message), headers=agent)
        method, path, body = data.draw(WITH_BODY)
        ask(method, path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        # Both have a process of their own each.
        if data.draw(st.integers(0, 19)) == 0:
            ask("GET", f"/analytics/{analysed[0]}", params=analysed[1])
        if data.draw(st.integers(0, 99)) == 0:
            kind = {"Content-Type": data.draw(KINDS)}
            ask("POST", "/feeds", params=data.draw(SENT_FEEDS), content=data.draw(FEEDS), headers=kind)

    everybody()
    n_sent = next(sent)
    assert n_sent >= 7 * examples
    assert shop.get("/readyz").status_code == 200
    assert failed(shop) == []
