"""What `deploy/` says about the service is so: its metrics exist, and its settings are settings."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from trimtab.service.settings import Settings

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
GRID_WIDTH = 24
"""Columns of a Grafana dashboard."""
WATCHING = ("prometheus/alerts.yml", "grafana/dashboards/trimtab.json")


@pytest.mark.parametrize("file", WATCHING)
def test_what_is_watched_is_measured(service: httpx.Client, file: str) -> None:
    measured = set(re.findall(r"^# TYPE (trimtab_\w+)", service.get("/metrics").text, re.MULTILINE))
    watched = set(re.findall(r"trimtab_[a-z_]+", (DEPLOY / file).read_text()))
    assert len(watched) > 5
    assert {name.removesuffix("_bucket") for name in watched} <= measured


def test_every_alarm_tells_how_bad_and_what() -> None:
    (group,) = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_panels_do_not_overlap_and_fit_the_width() -> None:
    panels = json.loads((DEPLOY / "grafana/dashboards/trimtab.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 5
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["w"] > 0 < place["h"]
        assert 0 <= place["x"] <= GRID_WIDTH - place["w"]
        for cell in product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])):
            assert cell not in taken, f"{panel['title']} lies on {taken[cell]}"
            taken[cell] = panel["title"]


@pytest.mark.parametrize("file", sorted(DEPLOY.rglob("*.y*ml")), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_settings_that_are_given_exist(file: Path) -> None:
    text = file.read_text()
    assert list(yaml.safe_load_all(text))
    given = set(re.findall(r"^\s+(?:- name: )?TRIMTAB_(\w+)\b", text, re.MULTILINE))
    assert {name.lower() for name in given} <= Settings.model_fields.keys()


def test_kubernetes_manifests_are_all_listed() -> None:
    folder = DEPLOY / "kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")


def _compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def test_every_container_of_compose_is_bounded_and_publishes_to_loopback_only() -> None:
    for name, container in _compose().items():
        assert container["mem_limit"], name
        assert container["pids_limit"], name
        assert container["cap_drop"] == ["ALL"], name
        assert all(port.startswith("127.0.0.1:") for port in container.get("ports", [])), name


@pytest.mark.parametrize("file", ["compose.yaml", "milvus/compose.yaml"])
def test_a_compose_file_names_only_what_it_has(file: str) -> None:
    """No more than can be known without Docker: references lead somewhere, memory and ports are bounded."""
    whole = yaml.safe_load((DEPLOY / file).read_text())
    for name, container in whole["services"].items():
        assert ("image" in container) != ("build" in container), name
        assert container["mem_limit"], name
        needs = container.get("depends_on", {})
        assert set(needs) <= whole["services"].keys(), name
        if isinstance(needs, dict):
            assert all("healthcheck" in whole["services"][needed] for needed in needs), name
        assert set(container.get("networks", ())) <= whole.get("networks", {}).keys(), name
        named = {volume.partition(":")[0] for volume in container.get("volumes", ()) if volume[0] not in "./$"}
        assert named <= whole.get("volumes", {}).keys(), name
        assert all(port.startswith("127.0.0.1:") for port in container.get("ports", ())), name


def test_redis_and_grafana_ask_for_a_password_that_nobody_has_by_default() -> None:
    services = _compose()
    assert "requirepass" in str(services["redis"]["command"])
    assert "REDIS_PASSWORD:?" in services["redis"]["environment"]["REDIS_PASSWORD"]
    assert ":${REDIS_PASSWORD:?" in services["trimtab"]["environment"]["REDIS_URL"]
    assert "ports" not in services["redis"]
    grafana = services["grafana"]["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert "GRAFANA_PASSWORD:?" in grafana["GF_SECURITY_ADMIN_PASSWORD"]


def test_pods_reach_only_what_they_need_and_cannot_fill_the_node() -> None:
    network = yaml.safe_load((DEPLOY / "kubernetes/network.yaml").read_text())["spec"]
    assert set(network["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule["to"] and rule["ports"] for rule in network["egress"])
    assert {port["port"] for rule in network["egress"] for port in rule["ports"]} == {53, 6379, 26379, 4318}
    pod = yaml.safe_load((DEPLOY / "kubernetes/statefulset.yaml").read_text())["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"].keys() == {"memory", "ephemeral-storage"}
    assert all("sizeLimit" in volume["emptyDir"] for volume in pod["volumes"] if "emptyDir" in volume)
