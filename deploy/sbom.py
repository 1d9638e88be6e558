"""`make sbom`: a software bill of materials (CycloneDX) of an environment, checked against `deploy/requirements`.

    python deploy/sbom.py PYTHON OUT      PYTHON: the interpreter of the environment in which trimtab is installed

cyclonedx-py of build/tools writes it and validates it by the schema of CycloneDX. What is checked here: it lists every
package of `deploy/requirements/serve.txt` that this platform installs, in that version, with torch and trimtab, and
nothing else. Licences are what `deploy/dependencies.py` checks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dependencies import ROOT
from lock import entries
from packaging.utils import canonicalize_name

BESIDE_THE_LOCK = frozenset({"torch", "trimtab", "pip"})


def main() -> None:
    """Write the bill, or exit 1 with one line for each problem."""
    interpreter, out = sys.argv[1:]
    command = [ROOT / "build/tools/bin/cyclonedx-py", "environment", "--validate", "--output-reproducible"]
    given = ["--pyproject", ROOT / "pyproject.toml", "--output-file", out, interpreter]
    subprocess.run([*command, *given], check=True)  # noqa: S603  (fixed arguments)
    bill = json.loads(Path(out).read_text())
    problems = sorted(check(bill))
    sys.stdout.writelines(f"sbom: {problem}\n" for problem in problems)
    if problems:
        sys.exit(1)
    sys.stdout.write(f"sbom: {out} lists {len(bill['components'])} packages, as in deploy/requirements/serve.txt\n")


def check(bill: dict[str, Any]) -> Iterator[str]:
    """What differs between a bill and the lock."""
    listed = {canonicalize_name(one["name"]): one for one in bill["components"]}
    locked = entries("serve")
    for name, component in listed.items():
        if name not in locked:
            if name not in BESIDE_THE_LOCK:
                yield f"{name} is installed and not in serve.txt"
        elif component["version"] != locked[name].version:
            yield f"{name} {component['version']} is installed, serve.txt has {locked[name].version}"
    needed = {name for name, entry in locked.items() if not entry.marker} | {"torch"}
    yield from (f"{name} is in serve.txt and not installed" for name in needed - listed.keys())


if __name__ == "__main__":
    main()
