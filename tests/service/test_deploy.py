"""What `deploy/` says about the service is so: its metrics exist, and its settings are settings."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import httpx
import pytest
import yaml

from trimtab.service.settings import Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
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
