"""Everything is imported as `trimtab.<room>`, once, whichever way it is reached."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "trimtab"
ROOMS = sorted(link.name for link in SOURCE.iterdir() if link.is_symlink())

IMPORT_EVERYTHING = """
import importlib, pathlib, pkgutil, sys, trimtab
for module in pkgutil.walk_packages(trimtab.__path__, "trimtab."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
rooms, checkout = sys.argv[1].split(","), sys.argv[2]
wrong = [name for name in sys.modules if name.partition(".")[0] in rooms]
loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
files = [str(pathlib.Path(file).resolve()) for file in loaded if file is not None]
ours = [file for file in files if file.startswith(checkout) and "site-packages" not in file]
twice = sorted({file for file in ours if ours.count(file) > 1})
print(len([name for name in sys.modules if name.startswith("trimtab.")]), wrong, twice)
"""


def test_every_link_is_relative_and_leads_to_a_room() -> None:
    assert "core" in ROOMS
    for room in ROOMS:
        assert os.readlink(SOURCE / room) == f"../../{room}"
        assert (SOURCE / room / "__init__.py").is_file()


def test_no_module_is_loaded_under_two_names(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_EVERYTHING, ",".join(ROOMS), str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    n_modules, _, found = run.stdout.strip().partition(" ")
    assert int(n_modules) > 200
    assert found == "[] []"


def test_the_image_is_built_from_every_room() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"!src", *(f"!{room}" for room in ROOMS)} <= set(lines)
