"""What no document describes: values nested deep, numbers at the edges of 32 and 64 bits, moments at the ends of time,
bodies of other kinds, bodies whose sender hangs up. Never a 5xx.

Some hundred requests in `make test`, thousands in `make fuzz`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.redis_servers import RedisProcess, running_redis
from tests.support.services import serving, settings_of

FLOAT32 = np.finfo(np.float32)
EDGES = [0.0, 1.0, 5e-324, 1e-46, 1.1754943e-38, 16777217.0, 3.4028234e38, 3.4028236e38, 1e39, 1.7976931348623157e308]
NUMBERS = st.sampled_from([sign * edge for edge in EDGES for sign in (1, -1)]) | st.floats(allow_nan=False, width=32)
INTEGERS = st.sampled_from([0, -1, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]) | st.integers(-5, 300)
MOMENTS = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "1970-01-01T00:00:00", "2025-02-29T00:00:00"]
    ),
    st.sampled_from(["Z", "+00:00", "+23:59", "-23:59", "+00:01", "-00:01", "+24:00", ""]),
)
WORDS = st.sampled_from(["soup", "ice cream", "a", "*", "soup" * 200, "\u0130stanbul", "\U0001f366 soup", "\x00"])


def nested(depth: int, *, in_objects: bool) -> Any:
    """A value with `depth` lists or objects around it."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if in_objects else [value]
    return value


DEEP = st.builds(nested, st.sampled_from([1, 3, 50, 200, 400]), in_objects=st.booleans())
WIDE = st.builds(lambda value, n: [value] * n, NUMBERS | WORDS, st.sampled_from([0, 33, 1001, 8000]))
ANYTHING = NUMBERS | INTEGERS | MOMENTS | WORDS | DEEP | WIDE | st.none() | st.booleans()
RANGES = st.builds("price:{}..{}".format, NUMBERS | st.just(""), NUMBERS | st.just(""))


def body_of(right: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A right body with some of its fields, and one that it does not have, turned into anything."""
    wrong = st.dictionaries(st.sampled_from([*right, "unknown"]), ANYTHING, max_size=3)
    return wrong.map(lambda fields: right | fields)


SEARCH = {"q": "soup", "k": 3, "filter": ["price:1..9"], "facets": ["brand"], "w_revenue": 0.5, "timeout_ms": 100}
EVENT = {
    **{"event_id": "e", "action_name": "click", "query_id": "d", "item_id": "1", "position": 0, "quantity": 1},
    **{"value": 1.5, "timestamp": "2025-01-01T00:00:00Z", "user_id": "1"},
}
RULE = {"action": "hide", "item_ids": ["1"], "starts": "2025-01-01T00:00:00Z", "ends": "2025-01-02T00:00:00Z"}
BODIES = [
    ("POST", "/search", SEARCH),
    ("POST", "/events", EVENT),
    ("PUT", "/rules/fuzzed", RULE),
    ("PUT", "/profiles/fuzzed", {"weights": {"relevance": 1}, "max_relevance_loss": 0.1}),
    ("PUT", "/experiments/fuzzed", {"unit": "user", "arms": {"a": {"share": 0.5}, "b": {"share": 0.5}}}),
    ("PUT", "/keys/fuzzed", {"scopes": ["search"], "per_minute": 5}),
    ("PUT", "/items", {"item_id": "fuzzed", "title": "Fuzzed soup", "price": 1.5, "in_stock": True}),
    ("PUT", "/synonyms/fuzzed", {"words": ["sofa", "couch"], "starts": "2025-01-01T00:00:00Z"}),
    ("PUT", "/drafts/rules/fuzzed", {"definition": RULE, "note": "why"}),
    ("POST", "/comparisons", {"queries": ["soup"], "after": {"at": "2025-01-01T00:00:00Z"}, "k": 5}),
    ("POST", "/comparisons/difference", {"before": [0.5, 1], "after": [0.25, 0]}),
    ("PUT", "/query-sets/fuzzed", {"queries": ["soup"], "note": "why"}),
    ("PUT", "/query-sets/fuzzed/judgments", {"query": "soup", "grades": {"1": 3}}),
    ("POST", "/session", {"name": "nobody", "password": "correct horse battery"}),
    ("POST", "/items/delete", {"item_ids": ["fuzzed"]}),
    ("POST", "/tracked", {"html": "<p>soup", "url": "https://shop.example/p/1"}),
]
WITH_BODY = st.sampled_from(BODIES).flatmap(
    lambda route: st.tuples(st.just(route[0]), st.just(route[1]), body_of(route[2]))
)
PARAMETERS = st.fixed_dictionaries(
    {"q": WORDS},
    optional={
        "filter": st.lists(RANGES | WORDS, max_size=4),
        "facets": st.lists(st.sampled_from(["brand", "category", "brand,brand", "nothing"]), max_size=4),
        "w_revenue": NUMBERS,
        "w_diversity": NUMBERS,
        "max_relevance_loss": NUMBERS,
        "timeout_ms": NUMBERS,
        "k": INTEGERS,
        "offset": INTEGERS,
        "user_id": WORDS,
        "explain": st.just("true"),
    },
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["text/plain", "application/json; charset=latin-1", "multipart/form-data"]),
        "Content-Encoding": st.sampled_from(["gzip", "identity"]),
        "Host": st.sampled_from(["rebound.example", "localhost", ""]),
        "Priority": st.sampled_from(["u=9", "u=7", "u=" * 1000]),
        "traceparent": WORDS.filter(str.isascii).filter(str.isprintable),
    },
)


@pytest.fixture(scope="module")
def door(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield from serving_with(small_bundle, tmp_path_factory.mktemp("data"), redis)


def serving_with(bundle: Path, data_folder: Path, redis: RedisProcess) -> Iterator[httpx.Client]:
    options = settings_of(bundle, data_folder, redis, admin_key="sesame")
    with serving(options) as client:
        client.headers["Authorization"] = "Bearer sesame"
        yield client


def hang_up(door: httpx.Client, method: str, path: str, body: bytes, kept: float) -> None:
    """Send a request but for the end of its body."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sesame\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body) + 1}\r\n\r\n"
    with socket.create_connection((door.base_url.host, door.base_url.port)) as raw:
        raw.sendall(head.encode() + body[: int(kept * len(body))])


@pytest.mark.parametrize("examples", [40, pytest.param(4000, marks=pytest.mark.slow)])
def test_nothing_hostile_is_a_failure(door: httpx.Client, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(WITH_BODY, PARAMETERS, HEADERS, st.floats(0, 1), st.sampled_from(["/search", "/frontier"]))
    def ask(
        with_body: tuple[str, str, dict[str, Any]],
        parameters: dict[str, Any],
        headers: dict[str, str],
        kept: float,
        path: str,
    ) -> None:
        method, of_body, body = with_body
        content = json.dumps(body).encode()
        sent = door.request(method, of_body, content=content, headers={"Content-Type": "application/json"})
        assert sent.status_code < 500, (method, of_body, body, sent.text)
        odd = door.request(method, of_body, content=content, headers=headers)
        assert odd.status_code < 500, (method, of_body, body, headers, odd.text)
        asked = door.get(path, params=parameters, headers=headers)
        assert asked.status_code < 500, (path, parameters, headers, asked.text)
        hang_up(door, method, of_body, content, kept)

    ask()
    assert door.get("/readyz").status_code == 200
    assert failed(door) == []


def failed(door: httpx.Client) -> list[str]:
    """The counters of answers with a 5xx."""
    lines = door.get("/metrics").text.splitlines()
    return [line for line in lines if line.startswith("trimtab_requests_total") and 'status="5' in line]
