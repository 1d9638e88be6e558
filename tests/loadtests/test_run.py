"""One real run: locust against the real service, judged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from loadtests.serving import is_loopback
from tests.support.services import serving
from trimtab.service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LENIENT = "[[objective]]\nname = 'answers'\nmeasure = 'error_rate'\nat_most = 0.0\n"
IMPOSSIBLE = "[[objective]]\nname = 'faster than light'\nmeasure = 'p50_ms'\nat_most = 0.0\n"


@pytest.fixture
def service(small_bundle: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(Settings(bundle=small_bundle, data_folder=tmp_path / "data")) as client:
        yield client


def run(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests.run", "--bundle", str(bundle), "--seconds", "1", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


def test_a_run_ends_with_a_verdict(service: httpx.Client, small_bundle: Path, tmp_path: Path) -> None:
    slo = tmp_path / "slo.toml"
    slo.write_text(LENIENT + IMPOSSIBLE)
    done = run(small_bundle, "--rate", "20", "--host", str(service.base_url), "--slo", str(slo))
    assert done.returncode == 1, done.stderr
    lines = {line.split("│")[1].strip(): line for line in done.stdout.splitlines() if line.startswith("│")}
    assert "met" in lines["answers"]
    assert "missed" in lines["faster than light"]
    # A second of warming up, and the second that counts: every arrival was sent.
    served = service.get("/metrics").text
    assert 'trimtab_searches_total{outcome="hits"}' in served
    counted = [float(line.split()[-1]) for line in served.splitlines() if line.startswith("trimtab_searches_total{")]
    assert sum(counted) == 40


def test_only_this_machine_is_put_under_load(small_bundle: Path) -> None:
    refused = run(small_bundle, "--host", "http://192.0.2.1:8000")
    assert refused.returncode == 2
    assert "only this machine" in refused.stderr


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("http://0.0.0.0:80", False),
        ("http://example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("127.0.0.1:8000", False),
    ],
)
def test_loopback(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours
