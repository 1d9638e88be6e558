"""Another bundle over HTTP: checked, loaded unseen, tried on a share, made to answer, undone; and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.services import beside, load_bundle, metric, serving
from tests.support.waiting import eventually
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.service.bundles.plan_store import PLANS
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}


def settings_for(bundle_folder: Path, redis: RedisProcess, folder: Path) -> Settings:
    """With few golden queries: a check is mostly the start of a process."""
    golden = folder / "golden.txt"
    golden.write_text("soup\nyogurt\n")
    return Settings(
        bundle=bundle_folder / "small",
        data_folder=folder / "data",
        redis_url=redis.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        golden_queries=golden,
        admin_key="sesame",
    )


@pytest.fixture
def settings(bundle_folder: Path, redis_server: RedisProcess, tmp_path: Path) -> Settings:
    return settings_for(bundle_folder, redis_server, tmp_path)


@pytest.fixture(scope="module")
def shop_settings(
    bundle_folder: Path, module_redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    return settings_for(bundle_folder, module_redis, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def shop_with_rules(shop_settings: Settings) -> Iterator[httpx.Client]:
    """One service for the tests that leave it as it was, with the bundle `rules` loaded."""
    with serving(shop_settings) as client:
        loaded(client, "rules")
        yield client


@pytest.fixture
def shop(shop_with_rules: httpx.Client) -> Iterator[httpx.Client]:
    yield shop_with_rules
    for role in ("canary", "shadow"):
        shop_with_rules.delete(f"/bundles/rules/{role}", headers=KEY)
    assert state(shop_with_rules)["plan"]["active"] == "small"


def take(shop: httpx.Client, step: str, **body: object) -> dict:
    response = shop.post(f"/bundles/{step}", headers=KEY, timeout=120, **({"json": body} if body else {}))
    assert response.status_code == 200, response.text
    answer: dict = response.json()
    return answer


def refused(shop: httpx.Client, step: str, status: int, **body: object) -> str:
    response = shop.post(f"/bundles/{step}", headers=KEY, timeout=120, **({"json": body} if body else {}))
    assert response.status_code == status, response.text
    detail: str = response.json()["detail"]
    return detail


def loaded(shop: httpx.Client, name: str) -> dict:
    """The report of the check of a bundle that is loaded."""
    job = load_bundle(shop, name, KEY)
    assert job["state"] == "loaded", job
    report: dict = job["report"]
    return report


def unfit(shop: httpx.Client, name: str) -> str:
    """Why a bundle is not loaded."""
    job = load_bundle(shop, name, KEY)
    assert (job["state"], job["report"]) == ("refused", None)
    problem: str = job["problem"]
    return problem


def state(shop: httpx.Client) -> dict:
    response = shop.get("/bundles", headers=KEY)
    assert response.status_code == 200, response.text
    answer: dict = response.json()
    return answer


def answers(shop: httpx.Client, session_id: str | None = None) -> str:
    """Id of the bundle that answers."""
    parameters = {"q": "soup", **({"session_id": session_id} if session_id else {})}
    bundle: str = shop.get("/search", params=parameters).json()["bundle"]
    return bundle


def test_a_new_ranker_comes_to_serve_and_goes_again(settings: Settings, redis_server: RedisProcess) -> None:
    with serving(settings) as one, serving(beside(settings)) as two:
        there = state(one)
        ids = {name: bundle["bundle_id"] for name, bundle in there["bundles"].items()}
        assert there["bundles"].keys() == {"small", "rules", "same-rules"}
        assert there["bundles"]["small"]["roles"] == ["active"]
        assert answers(one) == ids["small"]
        assert "not loaded" in refused(one, "rules/activate", 409)

        report = loaded(one, "rules")
        assert (report["bundle_id"], report["against"]) == (ids["rules"], ids["small"])
        assert 0 <= report["least_overlap"] <= report["overlap"] < 1
        assert answers(one) == ids["small"], "loading shows nothing"
        details = one.get("/bundles/rules", headers=KEY).json()
        assert details["parity"] == report
        assert details["training"]["method"] == "cold_start"
        eventually(lambda: all("rules" in worker["loaded"] for worker in state(one)["workers"]))
        assert len(state(one)["workers"]) == 2

        plan = take(one, "rules/activate")
        assert (plan["active"], plan["previous"]) == ("rules", "small")
        assert answers(one) == ids["rules"]
        assert one.get("/readyz").json()["bundle"] == ids["rules"]
        eventually(lambda: answers(two) == ids["rules"])
        assert metric(one, "trimtab_bundle_info", bundle=ids["rules"]) == 1
        assert metric(one, "trimtab_bundle_info", bundle=ids["small"]) == 0

        with redis_server.client() as redis:
            redis.flushall()
            eventually(lambda: redis.exists(PLANS))

    with serving(settings) as again:
        assert answers(again) == ids["rules"], "what was chosen survives a restart and a Redis that was emptied before"
        eventually(lambda: state(again)["bundles"]["small"]["loaded"])
        assert take(again, "rollback")["active"] == "small"
        assert answers(again) == ids["small"]
        assert "nothing to roll back" in refused(again, "rollback", 409)
    with redis_server.client() as redis:
        redis.flushall()
    with serving(settings.model_copy(update={"bundle": settings.bundle.parent / "rules"})) as fresh:
        assert answers(fresh) == ids["rules"], "with an empty Redis the bundle of the start serves"


def test_a_load_is_a_job_that_every_worker_knows_and_that_is_not_doubled(settings: Settings) -> None:
    with serving(settings) as one, serving(beside(settings)) as two:
        assert one.get("/bundles/rules/load", headers=KEY).status_code == 404
        first = one.post("/bundles/rules/load", headers=KEY)
        assert (first.status_code, first.headers["Location"]) == (202, "/bundles/rules/load")
        again = two.post("/bundles/rules/load", headers=KEY)
        assert again.json() | {"stage": None} == first.json() | {"state": "running", "stage": None}
        assert again.json()["stage"] in ("waiting", "checking", "loading")
        eventually(lambda: two.get("/bundles/rules/load", headers=KEY).json()["state"] == "loaded", seconds=120)
        assert two.get("/bundles/rules/load", headers=KEY).json()["stage"] is None
        eventually(lambda: all("rules" in worker["loaded"] for worker in state(one)["workers"]))


def test_a_share_of_the_sessions_sees_the_canary(shop: httpx.Client) -> None:
    ids = {name: bundle["bundle_id"] for name, bundle in state(shop)["bundles"].items()}
    take(shop, "rules/canary", share=0.3)
    sessions = [f"visit-{number}" for number in range(40)]
    served = {session: answers(shop, session) for session in sessions}
    assert set(served.values()) == {ids["small"], ids["rules"]}
    assert {session: answers(shop, session) for session in sessions} == served, "sticky"
    chosen = next(session for session in sessions if served[session] == ids["rules"])
    answer = shop.get("/search", params={"q": "soup", "session_id": chosen}).json()
    assert answer["arm"] == "canary/rules"
    assert answers(shop) == ids["small"], "who cannot be identified is not in it"
    seen = metric(shop, "trimtab_bundle_search_seconds_count", bundle=ids["rules"], role="canary")
    assert seen == 1 + 2 * list(served.values()).count(ids["rules"])
    decision = f"/decisions/{answer['decision_id']}"
    eventually(lambda: shop.get(decision, headers=KEY).status_code == 200)
    assert shop.get(decision, headers=KEY).json()["reproduced"]

    take(shop, "rules/canary", share=1)
    assert {answers(shop, session) for session in sessions} == {ids["rules"]}, "more share moves nobody back"
    assert "end that first" in refused(shop, "rules/unload", 409)
    assert take(shop, "rollback")["canary"] is None
    assert {answers(shop, session) for session in sessions} == {ids["small"]}
    assert "not the canary" in shop.delete("/bundles/rules/canary", headers=KEY).json()["detail"]


def test_the_shadow_is_logged_and_not_shown(shop: httpx.Client, shop_settings: Settings) -> None:
    active = answers(shop)
    take(shop, "rules/shadow", share=1)
    shown = [shop.get("/search", params={"q": "yogurt", "session_id": "s"}).json() for _ in range(5)]
    assert {answer["bundle"] for answer in shown} == {active}
    eventually(lambda: metric(shop, "trimtab_shadow_searches_total", outcome="searched") >= 5)
    assert metric(shop, "trimtab_shadow_overlap_count") >= 5
    assert shop.delete("/bundles/rules/shadow", headers=KEY).json()["shadow"] is None
    parts = read_log(shop_settings.data_folder / "shadow" / "impressions")
    rows = [row for part in parts for row in rows_of(part)]
    by_decision = {row["decision_id"]: row for row in rows}
    for answer in shown:
        row = by_decision[answer["decision_id"]]
        assert row["bundle"] != active
        assert row["arm"] == "shadow"
        assert row["query"] == answer["query"]


def test_an_arm_may_be_a_bundle(shop: httpx.Client) -> None:
    arms = {"control": {"share": 0.5}, "rules": {"share": 0.5, "bundle": "rules"}}
    unknown = {**arms, "rules": {"share": 0.5, "bundle": "same-rules"}}
    early = shop.put("/experiments/ranker", json={"arms": unknown}, headers=KEY)
    assert early.json()["errors"][0]["parameter"] == "bundle"
    shop.put("/experiments/ranker", json={"arms": arms}, headers=KEY).raise_for_status()
    ids = {name: bundle["bundle_id"] for name, bundle in state(shop)["bundles"].items()}
    seen = {}
    for number in range(20):
        answer = shop.get("/search", params={"q": "soup", "session_id": f"visit-{number}"}).json()
        seen[answer["arm"]] = answer["bundle"]
    assert seen == {"ranker/control": ids["small"], "ranker/rules": ids["rules"]}
    assert "experiment 'ranker'" in refused(shop, "rules/unload", 409)
    shop.delete("/experiments/ranker", headers=KEY).raise_for_status()


def test_what_is_damaged_never_serves(settings: Settings, tmp_path: Path) -> None:
    """What else makes a bundle unfit is in tests/engine/test_bundle_check.py."""
    damaged = tmp_path / "bundles" / "damaged"
    shutil.copytree(settings.bundle, damaged)
    shutil.copytree(settings.bundle, damaged.with_name("small"))
    with (damaged / "items.arrow").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    with serving(settings.model_copy(update={"bundle_folder": damaged.parent})) as shop:
        before = answers(shop)
        assert "items.arrow: its sha256" in unfit(shop, "damaged")
        (damaged / "manifest.json").write_text("{")
        assert state(shop)["bundles"]["damaged"]["bundle_id"] is None
        assert state(shop)["plan"]["loaded"].keys() == {"small"}
        assert answers(shop) == before


def test_what_loads_too_slowly_is_given_up(settings: Settings) -> None:
    with serving(settings.model_copy(update={"bundle_check_seconds": 0.01})) as shop:
        assert "took more than 0.01 s" in unfit(shop, "rules")
        assert state(shop)["plan"]["loaded"].keys() == {"small"}


def test_a_folder_that_changes_after_its_check_stays_out(
    settings: Settings, bundle_folder: Path, tmp_path: Path
) -> None:
    """The second worker finds something else under the name that the first has checked."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(bundle_folder / "small", elsewhere / "small")
    shutil.copytree(bundle_folder / "same-rules", elsewhere / "rules")
    with serving(settings) as one, serving(beside(settings, bundle=elsewhere / "small")) as two:
        before = answers(two)
        loaded(one, "rules")
        take(one, "rules/activate")
        eventually(lambda: metric(two, "trimtab_bundle_loads_total", outcome="failed") == 1)
        eventually(lambda: metric(two, "trimtab_bundle_followed") == 0)
        assert "when it was checked" in state(two)["bundles"]["rules"]["problem"]
        assert answers(two) == before != answers(one)


def test_while_redis_is_lost_nothing_is_changed(settings: Settings, redis_server: RedisProcess) -> None:
    with serving(settings) as shop:
        before = answers(shop)
        redis_server.kill()
        eventually(lambda: shop.get("/readyz").json()["redis"] == "down")
        assert "Redis" in refused(shop, "rollback", 503)
        assert "Redis" in refused(shop, "rules/load", 503)
        assert answers(shop) == before
        redis_server.start()


def test_other_objectives_are_told_by_the_manifest_alone(shop: httpx.Client, bundle_folder: Path) -> None:
    manifest = json.loads((bundle_folder / "small" / "manifest.json").read_text())
    manifest["objectives"] = manifest["objectives"][:1]
    (bundle_folder / "other").mkdir()
    (bundle_folder / "other" / "manifest.json").write_text(json.dumps(manifest))
    problem = unfit(shop, "other")
    assert problem.startswith("its objectives are relevance; what serves has relevance, revenue. Build it with")
    shutil.rmtree(bundle_folder / "other")


@pytest.mark.parametrize("name", ["..", ".hidden", "%2e%2e%2fsmall", "http:%2f%2fhost", "link", "nobody", "a b"])
def test_only_names_in_the_folder(shop: httpx.Client, shop_settings: Settings, name: str) -> None:
    link = shop_settings.bundle.parent / "link"
    if not link.is_symlink():
        link.symlink_to(shop_settings.bundle)
    response = shop.post(f"/bundles/{name}/load", headers=KEY)
    assert response.status_code in {404, 405, 422}
    assert "link" not in state(shop)["bundles"]


def test_only_for_admins(shop: httpx.Client) -> None:
    assert shop.get("/bundles").status_code == 401
    assert shop.post("/bundles/rules/load").status_code == 401
