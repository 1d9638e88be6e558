"""Bad input over HTTP: a problem document that names the parameter and what is allowed, never a 5xx."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.service.http.problem_documents import MAX_ERRORS, Problem, field_problem

BAD_PARAMETERS = {
    "no query": ({}, "q", "letter or digit"),
    "empty query": ({"q": ""}, "q", "letter or digit"),
    "blank query": ({"q": " \t "}, "q", "letter or digit"),
    "10,000 characters": ({"q": "a" * 10_000}, "q", "512"),
    "punctuation": ({"q": "?!"}, "q", "letter or digit"),
    "a lone emoji": ({"q": "🍦"}, "q", "letter or digit"),
    "binary": ({"q": "\x00\x01ELF"}, "q", "control characters"),
    "k of 0": ({"q": "soup", "k": 0}, "k", "1"),
    "k of 10,000": ({"q": "soup", "k": 10_000}, "k", "200"),
    "k in words": ({"q": "soup", "k": "ten"}, "k", "integer"),
    "k as a fraction": ({"q": "soup", "k": 1.5}, "k", "integer"),
    "k of many digits": ({"q": "soup", "k": "9" * 5000}, "k", "integer"),
    "offset below 0": ({"q": "soup", "offset": -1}, "offset", "0"),
    "an unknown order": ({"q": "soup", "sort": "prise"}, "sort", "price"),
    "an order that is none": ({"q": "soup", "sort": "price:up"}, "sort", "desc"),
    "no facet values": ({"q": "soup", "facets": "brand", "facet_limit": 0}, "facet_limit", "1"),
    "a filter on an unknown kind of price": ({"filter": "price:cheap"}, "filter", "price:5..20"),
    "a negative weight": ({"q": "soup", "w_revenue": -0.1}, "w_revenue", "0 or more"),
    "a weight that is not a number": ({"q": "soup", "w_revenue": "nan"}, "w_revenue", "finite"),
    "an infinite weight": ({"q": "soup", "w_revenue": "inf"}, "w_revenue", "finite"),
    "a weight in words": ({"q": "soup", "w_revenue": "high"}, "w_revenue", "number"),
    "weights all 0": ({"q": "soup", "w_revenue": 0, "w_relevance": 0}, "weights", "w_relevance"),
    "an unknown weight": ({"q": "soup", "w_margin": 1}, "w_margin", "w_relevance, w_revenue, w_diversity"),
    "a mode that is none": ({"q": "soup", "mode": "magic"}, "mode", "'weights' or 'attainment'"),
    "attainment of nothing": ({"q": "soup", "mode": "attainment"}, "mode", "w_revenue, w_diversity"),
    "attainment of the rest": ({"q": "soup", "mode": "attainment", "w_relevance": 0.9}, "w_relevance", "w_revenue"),
    "attainment above 1": ({"q": "soup", "mode": "attainment", "w_revenue": 2}, "w_revenue", "0 to 1"),
    "an unknown parameter": ({"q": "soup", "limit": 5}, "limit", "offset"),
    "an unknown parameter without value": ({"q": "soup", "limit": ""}, "limit", "offset"),
    "an unknown profile": ({"q": "soup", "profile": "nobody"}, "profile", "none"),
    "an unknown filter": ({"q": "soup", "filter": "colour:red"}, "filter", "brand"),
    "a filter without field": ({"q": "soup", "filter": "red"}, "filter", "brand"),
    "a price range backwards": ({"q": "soup", "filter": "price:9..1"}, "filter", "price"),
    "an unknown facet": ({"q": "soup", "facets": "colour"}, "facets", "brand"),
    "a loss above 1": ({"q": "soup", "max_relevance_loss": 1.5}, "max_relevance_loss", "1"),
    "a loss that is not a number": ({"q": "soup", "max_relevance_loss": "nan"}, "max_relevance_loss", "1"),
    "exploring without a session": ({"q": "soup", "explore": "true"}, "explore", "session_id"),
    "exploring perhaps": ({"q": "soup", "explore": "perhaps"}, "explore", "boolean"),
    "a user of 1,000 characters": ({"q": "soup", "user_id": "u" * 1000}, "user_id", "128"),
    "k twice": ({"q": "soup", "k": [1, 2]}, "k", "one value"),
}

BAD_BODIES = {
    "nothing": (b"", "body", "JSON"),
    "no JSON": (b"{q: soup}", "body", "JSON"),
    "half of a JSON": (b'{"q": "sou', "body", "JSON"),
    "a list": (b'["soup"]', "body", "object"),
    "nan": (b'{"q": "soup", "w_revenue": NaN}', "body", "JSON"),
    "not UTF-8": (b'{"q": "\xff\xfe"}', "body", "JSON"),
    "a lone surrogate": (b'{"q": "\\ud83c"}', "body", "JSON"),
    "a deep nest": (b'{"q": ' + b"[" * 60_000, "body", "JSON"),
    "a number for the query": (b'{"q": 7}', "q", "string"),
    "k as a text": (b'{"q": "soup", "k": "5"}', "k", "integer"),
    "a weight as a text": (b'{"q": "soup", "w_revenue": "1"}', "w_revenue", "number"),
    "a weight as a truth": (b'{"q": "soup", "w_revenue": true}', "w_revenue", "number"),
    "weights in an object": (b'{"q": "soup", "weights": {"revenue": 1}}', "weights", "w_revenue"),
    "filters of numbers": (b'{"q": "soup", "filter": [1]}', "filter.0", "string"),
    "filters in an object": (b'{"q": "soup", "filter": {"brand": "A"}}', "filter", "tuple"),
    "control characters": (b'{"q": "so\\u0000up"}', "q", "control characters"),
    "a query nested 900 deep": (b'{"q": ' + b"[" * 900 + b"]" * 900 + b"}", "body", "32"),
    "a query nested 20 deep": (b'{"q": ' + b"[" * 20 + b"]" * 20 + b"}", "q", "string"),
    "a query of many values": (b'{"q": [' + b"1," * 20_000 + b"1]}", "q", "string"),
    "facets nested deep": (b'{"q": "soup", "facets": [' + b"[" * 900 + b"]" * 900 + b"]}", "body", "32"),
    "30,000 filters of numbers": (b'{"q": "soup", "filter": [' + b"1," * 30_000 + b"1]}", "filter.0", "string"),
    "5,000 weights": (b'{"q": "soup"' + b"".join(b', "w_%d": "x"' % n for n in range(4000)) + b"}", "body", "64"),
}
JSON = {"Content-Type": "application/json"}


def problem_of(response: httpx.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(response.json())
    assert problem.status == status
    for leak in ("Traceback", "/site-packages/", ".py", "0x"):
        assert leak not in response.text
    return problem


@pytest.mark.parametrize(("parameters", "name", "allowed"), BAD_PARAMETERS.values(), ids=BAD_PARAMETERS)
def test_bad_parameters(service: httpx.Client, parameters: dict, name: str, allowed: str) -> None:
    problem = problem_of(service.get("/search", params=parameters), 422)
    assert problem.errors[0].parameter == name
    assert allowed in problem.errors[0].allowed
    assert name in problem.detail
    assert len(problem.detail) < 1000


@pytest.mark.parametrize(("body", "name", "allowed"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_bad_bodies(service: httpx.Client, body: bytes, name: str, allowed: str) -> None:
    problem = problem_of(service.post("/search", content=body, headers=JSON), 422)
    assert problem.errors[0].parameter == name
    assert allowed in problem.errors[0].allowed
    assert len(problem.errors[0].problem) < 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/events", {f"f{n}": 1 for n in range(70_000)}),
        ("/events", {"events": [{f"f{n}": 1 for n in range(60)}] * 1000}),
        ("/events", {"events": [1] * 300_000}),
        ("/items/delete", {"item_ids": [1] * 300_000}),
        ("/profiles/a", {"weights": {f"w{n}": "x" for n in range(60_000)}}),
        ("/rules/a", {"action": "hide", "item_ids": [1] * 300_000}),
        ("/rules/a", {"x" * 900_000: 1}),
    ],
)
def test_a_body_that_is_wrong_in_many_places_costs_no_more_than_a_few(
    service: httpx.Client, path: str, body: dict
) -> None:
    method = "POST" if path in ("/events", "/items/delete") else "PUT"
    sent = service.request(method, path, json=body, headers={"Authorization": "Bearer sesame"})
    assert len(problem_of(sent, 422).errors) <= MAX_ERRORS
    assert len(sent.content) < 20_000


def test_a_value_that_cannot_be_written_again_is_refused(service: httpx.Client) -> None:
    nested: dict = {}
    for _ in range(300):
        nested = {"a": nested}
    sent = service.put("/items", json={"item_id": nested}, headers={"Authorization": "Bearer sesame"})
    assert problem_of(sent, 422).errors[0].problem == "is nested too deep"


def test_a_body_must_say_that_it_is_json(service: httpx.Client) -> None:
    body = b'{"q": "soup"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert (
            "application/json"
            in problem_of(service.post("/search", content=body, headers={"Content-Type": kind}), 415).detail
        )
    assert problem_of(service.post("/events", content=body), 415)
    with_charset = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert service.post("/search", content=body, headers=with_charset).status_code == 200
    compressed = service.post("/search", content=gzip.compress(body), headers=JSON | {"Content-Encoding": "gzip"})
    assert "Content-Encoding" in problem_of(compressed, 415).detail


@pytest.mark.parametrize(
    "timestamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+00:01"]
)
def test_a_moment_outside_of_time_is_refused(service: httpx.Client, timestamp: str) -> None:
    event = {"event_id": "e", "action_name": "click", "query_id": "d", "item_id": "i", "timestamp": timestamp}
    assert "9999" in problem_of(service.post("/events", json=event), 422).errors[0].allowed
    rule = {"action": "hide", "item_ids": ["1"], "starts": timestamp}
    sent = service.put("/rules/a", json=rule, headers={"Authorization": "Bearer sesame"})
    assert problem_of(sent, 422).errors[0].parameter == "starts"


@pytest.mark.parametrize(
    ("price", "finds"),
    [
        ("1e39..", False),
        ("..-1e39", False),
        ("..1e39", True),
        ("-1e39..", True),
        ("-1e308..1e308", True),
        ("1e-46..", True),
        ("3.5e38..1e308", False),
    ],
)
def test_prices_beyond_32_bits_are_compared(service: httpx.Client, price: str, finds: bool) -> None:
    found = service.get("/search", params={"q": "soup", "filter": f"price:{price}", "facets": "brand"})
    assert found.status_code == 200
    assert bool(found.json()["hits"]) == finds


def test_repeated_facets_are_counted_once(service: httpx.Client) -> None:
    asked = service.get("/search", params={"q": "soup", "facets": ["brand,brand", "brand"] * 16})
    assert asked.status_code == 200, "merged before they are counted"
    assert list(asked.json()["facets"]) == ["brand"]


def test_bytes_that_are_no_text(service: httpx.Client) -> None:
    assert problem_of(service.get("/search?q=%ff%fe%80"), 422).errors[0].problem == "is not UTF-8"


def test_endless_parameters(service: httpx.Client) -> None:
    query_string = "q=soup&" + "&".join(f"p{n}=1" for n in range(1000))
    assert "64" in problem_of(service.get(f"/search?{query_string}"), 422).detail


def test_every_wrong_parameter_is_named_at_once(service: httpx.Client) -> None:
    problem = problem_of(service.get("/search", params={"q": "", "k": 0, "offset": "x"}), 422)
    assert [error.parameter for error in problem.errors] == ["q", "k", "offset"]


def test_other_paths_and_methods(service: httpx.Client) -> None:
    problem_of(service.get("/serach"), 404)
    problem_of(service.get("/search/"), 404)
    problem_of(service.get("/search/../../etc/passwd"), 404)
    refused = service.delete("/search")
    problem_of(refused, 405)
    assert "GET" in refused.headers["allow"]


def test_a_body_over_the_limit(service: httpx.Client) -> None:
    body = b'{"q": "' + b"a" * 2_000_000 + b'"}'
    problem_of(service.post("/search", content=body, headers=JSON), 413)
    problem_of(service.post("/search", content=iter([body]), headers=JSON), 413)
    problem_of(service.post("/events", content=body, headers=JSON), 413)
    assert service.get("/search", params={"q": "soup"}).status_code == 200


def test_bad_profiles(service: httpx.Client) -> None:
    def put(name: str, content: bytes) -> Problem:
        sent = service.put(f"/profiles/{name}", content=content, headers={"Authorization": "Bearer sesame"} | JSON)
        return problem_of(sent, 422)

    assert put("a", b"{}").errors[0].parameter == "weights"
    assert put("a", b'{"weights": {}}').errors[0].parameter == "weights"
    assert put("a", b'{"weights": {"margin": 1}}').errors[0].parameter == "w_margin"
    assert put("a", b'{"weights": {"revenue": -1}}').errors[0].parameter == "w_revenue"
    assert put("a", b'{"weights": {"revenue": 1}, "max_margin_loss": 0}').errors[0].parameter == "max_margin_loss"
    assert put("a", b'{"weights": {"revenue": 1}, "loss": 0}').errors[0].parameter == "loss"
    assert put("a" * 65, b'{"weights": {"revenue": 1}}').errors[0].parameter == "name"
    assert service.get("/profiles").json() == {}
    gone = service.delete("/profiles/nobody", headers={"Authorization": "Bearer sesame"})
    problem_of(gone, 404)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parameters=st.dictionaries(
        st.sampled_from(["q", "k", "offset", "w_revenue", "w_x", "filter", "facets", "explore", "session_id", "other"]),
        st.text(max_size=40) | st.integers().map(str) | st.floats().map(str),
    )
)
def test_anything_at_all_is_answered_or_refused(service: httpx.Client, parameters: dict[str, str]) -> None:
    by_get = service.get(
        "/search", params={name: value.encode("utf-8", "replace") for name, value in parameters.items()}
    )
    assert by_get.status_code in {200, 422}
    by_post = service.post("/search", content=json.dumps(parameters), headers=JSON)
    assert by_post.status_code in {200, 422}


@pytest.mark.parametrize(
    ("place", "named"),
    [(("body", "query"), "query"), (("query", "k"), "k"), (("query",), "query"), (("body", "grades", "7"), "grades.7")],
)
def test_a_field_keeps_its_name_where_it_is_called_like_a_part_of_a_request(place: tuple[str, ...], named: str) -> None:
    assert field_problem({"loc": place, "type": "missing", "msg": "Field required"}).parameter == named
