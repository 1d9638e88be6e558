"""Compile every kernel of a search beside its module: `python -m trimtab.engine.kernels`, while that may be written.

With `--every-level` for all processors that it may be served by, as the image is built, whose services then compile
nothing (`trimtab.core.compiled`).
"""

from __future__ import annotations

import os
import subprocess
import sys

import trimtab.engine.search  # noqa: F401  # the modules that have kernels
from trimtab.core.compiled import LEVELS, compile_kernels


def main() -> None:
    if sys.argv[1:] != ["--every-level"] or not LEVELS:
        compile_kernels()
        return
    for level in LEVELS:  # Numba compiles for one in a process
        variables = {**os.environ, "NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ""}
        subprocess.run([sys.executable, "-P", "-m", "trimtab.engine.kernels"], env=variables, check=True)


if __name__ == "__main__":
    main()
