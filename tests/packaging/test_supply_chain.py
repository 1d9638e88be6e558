"""What is installed is named by its hash, what is built on by its digest; what is not is refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + 64 * "0"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What `deploy/lock.py --check` reads, to be changed."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def check_lock(folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, folder / "deploy/lock.py", "--check"], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    return run.stdout if run.returncode else ""


def test_the_lock_is_complete_and_what_it_lacks_is_named(copy: Path) -> None:
    assert check_lock(copy) == ""
    serve = copy / "deploy/requirements/serve.txt"
    text = serve.read_text()
    polars = re.search(r"^polars==.*\n(?:    --hash.*\n)+", text, re.MULTILINE)
    assert polars is not None
    serve.write_text(text.replace(polars[0], "").replace("orjson==", "orjson==0."))
    tools = copy / "deploy/requirements/tools.txt"
    tools.write_text(re.sub(r"^(uv==\S+) \\\n(?:    --hash.*\n)+", r"\1\n", tools.read_text(), flags=re.MULTILINE))
    said = check_lock(copy)
    assert "serve.txt lacks polars\n" in said
    assert "serve.txt has orjson 0." in said
    assert "tools.txt: uv has no hash\n" in said


@pytest.mark.parametrize(
    ("base", "torch_hash", "is_accepted"),
    [
        (f"python:3.12-slim@{DIGEST}", DIGEST, True),
        ("python:3.12-slim", DIGEST, False),
        (f"python:3.12-slim@{DIGEST}0", DIGEST, False),
        (f"python:3.12-slim@{DIGEST}", "", False),
        ("", "", False),
    ],
)
def test_a_release_is_built_on_digests(base: str, torch_hash: str, is_accepted: bool) -> None:
    environment = os.environ | {"BASE": base, "TORCH_HASH": torch_hash}
    run = subprocess.run([ROOT / "deploy/require_digests.sh"], env=environment, capture_output=True, check=False)
    assert (run.returncode == 0) is is_accepted


def test_the_image_installs_nothing_without_a_hash_but_torch() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    installs = [line for line in dockerfile.splitlines() if "pip install" in line and not line.startswith("#")]
    assert len(installs) == 4
    for line in installs:
        assert "--require-hashes" in line or line.endswith("--no-deps --no-build-isolation .")


def test_the_release_asks_for_digests_before_it_builds() -> None:
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    steps = release["jobs"]["image"]["steps"]
    asked = next(number for number, step in enumerate(steps) if step.get("run") == "deploy/require_digests.sh")
    built = next(number for number, step in enumerate(steps) if "build-push-action" in step.get("uses", ""))
    assert asked < built
    assert "make audit" in [step.get("run") for step in release["jobs"]["vulnerabilities"]["steps"]]
    assert not re.search(r"sha256:[0-9a-f]{16}", str(release))  # none is written that was not resolved
