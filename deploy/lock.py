"""The files of `deploy/requirements`: every package of an install with its version and the hashes of its files.

    python deploy/lock.py            resolve them again from the package index, with uv in build/tools
    python deploy/lock.py --check    part of `make check`: they are complete and as constraints.txt; needs no network

An install from them takes nothing else: `pip install --require-hashes --no-deps -r deploy/requirements/serve.txt`.
torch is not in them, because each index has builds of its own under the same version: `TORCH_HASH` of the Dockerfile.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dependencies import BESIDE, INSTALLED_FIRST, ROOT, closure, read_pins
from packaging.utils import canonicalize_name

FOLDER = ROOT / "deploy" / "requirements"
EXTRAS = {"serve": ("pages", "mcp", "otel", "milvus"), "build": ("pages", "mcp", "otel", "milvus", "build")}
"""What is installed beside what searching needs, by file."""

TOOLS = ("cyclonedx-bom", "pip-audit", "uv")
"""What `make sbom` and `make audit` run, in `tools.txt`; no part of a service."""

OLDEST_PYTHON = "3.11"
FROM_ELSEWHERE = re.compile(r"torch|triton|(nvidia|cuda)-.*")
"""torch, and what only its CUDA build needs."""

ENTRY = re.compile(r"^([\w.-]+)==([^\s;\\]+)([^\n\\]*)((?:\\\n[^\n\\]*)*)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


class Entry(NamedTuple):
    """One package of a file.

    Attributes:
        marker: on which platforms it is installed; empty for all.
    """

    version: str
    marker: str
    hashes: list[str]


def main() -> None:
    """Write the files, or exit 1 with one line for each problem in them."""
    if sys.argv[1:] != ["--check"]:
        write()
        return
    problems = [problem for name in EXTRAS for problem in check(name)]
    problems += [f"tools.txt: {name} has no hash" for name, entry in entries("tools").items() if not entry.hashes]
    sys.stdout.writelines(f"lock: {problem}\n" for problem in sorted(problems))
    if problems:
        sys.exit(1)
    sys.stdout.write("lock: deploy/requirements is complete, every file by its sha256\n")


def write() -> None:
    """Resolve every file again."""
    for name, extras in EXTRAS.items():
        project = [f"--extra={extra}" for extra in extras]
        _write(name, [*_resolve(["pyproject.toml", *project]), *_resolve(["--no-deps", "-"], BESIDE[0])])
    _write("tools", _resolve(["--no-emit-package=pip", "-"], "\n".join(TOOLS)))


def _resolve(arguments: Sequence[str], requirements: str = "") -> list[str]:
    """The entries of what requirements lead to, on every platform and supported Python."""
    uv = [ROOT / "build" / "tools" / "bin" / "uv", "pip", "compile", *arguments, "--constraint=constraints.txt"]
    options = ["--universal", f"--python-version={OLDEST_PYTHON}", "--generate-hashes", "--no-annotate", "--no-header"]
    run = subprocess.run(  # noqa: S603  (fixed arguments)
        [*uv, *options, "--quiet"], input=requirements, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=True
    )
    return [found[0] for found in ENTRY.finditer(run.stdout) if not FROM_ELSEWHERE.fullmatch(found[1])]


def _write(name: str, found: Sequence[str]) -> None:
    text = "# Made by: python deploy/lock.py\n" + "".join(f"{entry}\n" for entry in found)
    (FOLDER / f"{name}.txt").write_text(text)


def entries(name: str) -> dict[str, Entry]:
    """What a file has, by package."""
    found = ENTRY.finditer((FOLDER / f"{name}.txt").read_text())
    return {canonicalize_name(one[1]): Entry(one[2], one[3].strip(" ;"), HASH.findall(one[4])) for one in found}


def check(name: str) -> Iterator[str]:
    """What a file lacks, or has in another version than constraints.txt."""
    pins = read_pins(ROOT / "constraints.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [required for extra in EXTRAS[name] for required in project["optional-dependencies"][extra]]
    found = entries(name)
    for required in closure([*project["dependencies"], *extras, BESIDE[0]]):
        if required not in found and not FROM_ELSEWHERE.fullmatch(required):
            yield f"{name}.txt lacks {required}"
    for package, entry in found.items():
        if package not in INSTALLED_FIRST and pins.get(package, entry.version) != entry.version:
            yield f"{name}.txt has {package} {entry.version}, constraints.txt {pins[package]}"
        if not entry.hashes:
            yield f"{name}.txt: {package} has no hash"


if __name__ == "__main__":
    main()
