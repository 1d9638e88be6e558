"""Searching over HTTP, from the build of a bundle to the answer."""

from __future__ import annotations

import httpx
import pytest

from tests.support.services import metric
from tests.support.waiting import eventually
from trimtab.engine import Engine
from trimtab.service.search.response import EXAMPLE, SearchResponse

WEIGHTS = {"w_relevance": 0.6, "w_revenue": 0.3, "w_diversity": 0.1}


def search(service: httpx.Client, **parameters: object) -> dict:
    response = service.get("/search", params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    return response.json()


def item_ids(answer: dict) -> list[str]:
    return [hit["item_id"] for hit in answer["hits"]]


def test_a_newcomer_searches_and_steers(service: httpx.Client) -> None:
    answer = search(service, q="ice cream", **WEIGHTS)
    assert answer["weights"] == pytest.approx({"relevance": 0.6, "revenue": 0.3, "diversity": 0.1})
    assert len(answer["hits"]) == 20
    assert [hit["position"] for hit in answer["hits"]] == list(range(20))
    assert all("ice cream" in hit["title"].lower() for hit in answer["hits"][:3])
    assert answer["degraded"] == []

    for_revenue = search(service, q="ice cream", w_revenue=1)
    assert for_revenue["receipt"]["revenue"]["expected"] >= answer["receipt"]["revenue"]["expected"]
    assert for_revenue["receipt"]["relevance"]["change"] <= 0

    guarded = search(service, q="ice cream", w_revenue=1, max_relevance_loss=0.02)
    assert guarded["receipt"]["relevance"]["change"] >= -0.02 - 1e-6
    assert not guarded["infeasible"]


def test_a_share_of_what_revenue_can_gain_is_asked_for(service: httpx.Client, engine: Engine) -> None:
    words = ("ice cream", "soup", "coffee", "cheese", "pasta", "yogurt")

    def revenue(**parameters: object) -> float:
        return sum(search(service, q=text, **parameters)["receipt"]["revenue"]["expected"] for text in words)

    shares = [revenue(mode="attainment", w_revenue=share) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(revenue(w_relevance=1))
    assert shares[-1] == pytest.approx(revenue(w_revenue=1))
    answer = search(service, q="soup", mode="attainment", w_revenue=0.5, w_diversity=0.1)
    assert answer["weights"] == pytest.approx(
        {"relevance": 0, "revenue": 0} | engine.weights_for({"revenue": 0.5, "diversity": 0.1})
    )


def test_the_answer_is_as_documented(service: httpx.Client) -> None:
    SearchResponse.model_validate(EXAMPLE)
    plain = search(service, q="yogurt")
    assert plain.keys() == EXAMPLE.keys()
    assert plain["hits"][0].keys() == EXAMPLE["hits"][0].keys()
    SearchResponse.model_validate(plain, strict=True)
    SearchResponse.model_validate(search(service, q="yogurt", explain=True, facets="brand,category"), strict=True)
    SearchResponse.model_validate(search(service, q="zzzzqqqq"), strict=True)


def test_a_body_asks_the_same_as_a_query_string(service: httpx.Client) -> None:
    filters = ["price:1..4", "in_stock:true"]
    by_get = search(service, q="soup", k=7, filter=filters, facets="brand,category", **WEIGHTS)
    body = {"q": "soup", "k": 7, "filter": filters, "facets": ["brand", "category"], "profile": None, **WEIGHTS}
    response = service.post("/search", json=body)
    assert response.status_code == 200, response.text
    by_post = response.json()
    for name in ("query", "hits", "weights", "receipt", "facets", "n_candidates"):
        assert by_post[name] == by_get[name]
    assert all(1 <= hit["price"] <= 4 for hit in by_get["hits"])
    assert set(by_get["facets"]) == {"brand", "category"}


def test_pages_neither_repeat_nor_lose_an_item(service: httpx.Client) -> None:
    whole = search(service, q="coffee", k=60, **WEIGHTS)
    pages = [search(service, q="coffee", k=20, offset=offset, **WEIGHTS) for offset in (0, 20, 40)]
    assert [item for page in pages for item in item_ids(page)] == item_ids(whole)
    assert pages[2]["hits"][0]["position"] == 40


def test_what_is_asked_twice_is_scored_once_and_chosen_anew(service: httpx.Client) -> None:
    before = metric(service, "trimtab_candidate_cache_total", result="local")
    first = search(service, q="cheddar cheese", **WEIGHTS)
    again = search(service, q="cheddar  cheese ", **WEIGHTS)
    steered = search(service, q="cheddar cheese", w_diversity=1)
    assert metric(service, "trimtab_candidate_cache_total", result="local") == before + 2
    assert item_ids(first) == item_ids(again)
    assert first["decision_id"] != again["decision_id"]
    assert steered["receipt"]["diversity"]["expected"] > first["receipt"]["diversity"]["expected"]


def test_exploration_is_a_draw_of_the_session(service: httpx.Client) -> None:
    draws = {n: search(service, q="pasta", explore=True, session_id=f"visit-{n}", **WEIGHTS) for n in range(5)}
    again = search(service, q="pasta", explore=True, session_id="visit-3", **WEIGHTS)
    assert item_ids(draws[3]) == item_ids(again)
    assert len({tuple(item_ids(draw)) for draw in draws.values()}) > 1
    assert all(0 < hit["propensity"] < 1 for hit in draws[0]["hits"])
    assert all(hit["propensity"] == 1 for hit in search(service, q="pasta", session_id="visit-3")["hits"])


def test_explaining_shows_what_the_ranker_saw(service: httpx.Client, engine: Engine) -> None:
    hit = search(service, q="ice cream", k=1, explain=True)["hits"][0]
    assert list(hit["features"]) == list(engine.manifest["features"])


@pytest.mark.parametrize(
    "query",
    [
        "ice cream 🍦",
        "glace à la crème",
        "アイスクリーム",
        "100% 'juice' \"or\" (not) *?~^:",
        "ice AND cream OR -vanilla",
        "a" * 512,
    ],
)
def test_words_of_any_kind_are_a_query(service: httpx.Client, query: str) -> None:
    answer = search(service, q=query)
    assert answer["query"] == query
    assert service.post("/search", json={"q": query}).json()["hits"] == answer["hits"]


def test_no_match_is_an_answer(service: httpx.Client) -> None:
    answer = search(service, q="zzzzqqqq", facets="brand")
    assert answer["hits"] == []
    assert answer["n_candidates"] == 0


def test_parameters_without_a_value_count_as_not_given(service: httpx.Client) -> None:
    blank = search(service, q="soup", k="", profile="", max_relevance_loss="", filter="", facets="", user_id="")
    assert blank["hits"] == search(service, q="soup")["hits"]


def test_a_profile_speaks_where_the_request_is_silent(service: httpx.Client, engine: Engine) -> None:
    key = {"Authorization": "Bearer sesame"}
    bundle_default = search(service, q="soup", max_relevance_loss=1)["weights"]
    assert bundle_default == pytest.approx(dict(engine.default_weights))

    margin = {"weights": {"revenue": 1.0}, "max_relevance_loss": 0.01}
    assert service.put("/profiles/margin", json=margin, headers=key).json() == {**margin, "note": None}
    by_profile = search(service, q="soup", profile="margin")
    assert by_profile["receipt"]["relevance"]["change"] >= -0.01 - 1e-6
    loose = search(service, q="soup", profile="margin", max_relevance_loss=1)
    assert loose["weights"]["revenue"] == 1
    assert search(service, q="soup", profile="margin", w_diversity=2)["weights"]["revenue"] == 0

    service.put("/profiles/default", json={"weights": {"relevance": 1}}, headers=key).raise_for_status()
    assert search(service, q="soup")["weights"]["relevance"] == 1
    assert service.get("/profiles").json().keys() == {"default", "margin"}

    for name in ("default", "margin"):
        assert service.delete(f"/profiles/{name}", headers=key).status_code == 204
    assert search(service, q="soup", max_relevance_loss=1)["weights"] == bundle_default


def test_only_the_admin_changes_profiles(service: httpx.Client) -> None:
    profile = {"weights": {"relevance": 1}}
    refused = service.put("/profiles/mine", json=profile)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert service.put("/profiles/mine", json=profile, headers={"Authorization": "Bearer x"}).status_code == 401
    assert service.delete("/profiles/mine").status_code == 401
    assert "mine" not in service.get("/profiles").json()


def test_metrics_tell_what_was_served(service: httpx.Client) -> None:
    counted = {outcome: metric(service, "trimtab_searches_total", outcome=outcome) for outcome in ("hits", "empty")}
    timed = metric(service, "trimtab_search_stage_seconds_count", stage="total")
    refused = metric(service, "trimtab_requests_total", path="/search", status="422")
    search(service, q="soup", session_id="s", explore=True)
    search(service, q="zzzzqqqq")
    service.get("/search", params={"q": "soup", "k": 0})
    assert metric(service, "trimtab_searches_total", outcome="hits") == counted["hits"] + 1
    assert metric(service, "trimtab_searches_total", outcome="empty") == counted["empty"] + 1
    assert metric(service, "trimtab_search_stage_seconds_count", stage="total") == timed + 2
    assert metric(service, "trimtab_requests_total", path="/search", status="422") == refused + 1
    assert metric(service, "trimtab_searches_explored_total") >= 1
    assert metric(service, "trimtab_redis_up") == 1
    eventually(lambda: metric(service, "trimtab_log_lines_total", log="impressions", outcome="written") >= 2)
    assert metric(service, "trimtab_log_lines_total", log="impressions", outcome="lost") == 0


def test_it_says_that_it_lives_and_what_it_serves(service: httpx.Client, engine: Engine) -> None:
    assert service.get("/healthz").json() == {"status": "ok"}
    assert service.get("/readyz").json() == {"status": "ready", "bundle": engine.bundle_id, "redis": "up"}


def test_any_objective_has_a_budget_and_a_profile_may_set_it(service: httpx.Client) -> None:
    key = {"Authorization": "Bearer sesame"}
    best = search(service, q="soup", w_revenue=1)["receipt"]["revenue"]["expected"]
    bounded = search(service, q="soup", w_relevance=1, max_revenue_loss=0.1)
    assert bounded["receipt"]["revenue"]["expected"] >= 0.9 * best - 1e-6
    assert not bounded["infeasible"]
    profile = {"weights": {"relevance": 1.0}, "max_revenue_loss": 0.1}
    kept = {"max_relevance_loss": None, "note": None, **profile}
    assert service.put("/profiles/earning", json=profile, headers=key).json() == kept
    answered = search(service, q="soup", profile="earning")
    assert answered["weights"] == bounded["weights"]
    assert service.delete("/profiles/earning", headers=key).status_code == 204
    refused = service.get("/search", params={"q": "soup", "max_margin_loss": 0.1})
    assert refused.status_code == 422
    assert "max_margin_loss" in refused.json()["detail"]
    assert "max_revenue_loss" in refused.json()["detail"]
