"""Kernels that were compiled before are read, in a process that could not compile them as quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUMS = """
import numpy as np
from trimtab.core.compiled import kernel

@kernel("i8[:]", "out i8[:]")
def sums(values, out):
    seen = np.zeros(len(values), dtype=np.int64)
    for n in range(len(values)):
        seen[n] = values[n] + (seen[n - 1] if n else 0)
    if seen[-1] < 0:
        raise ValueError("less than nothing")
    out[:] = seen
"""
RUN = """
import sys
import numpy as np
from sums import sums
out = np.empty(3, dtype=np.int64)
sums(np.array([2, 3, 5]), out)
try:
    sums(np.array([-1]), out)
except ValueError as error:
    print(*out, error, "numba.np.arrayobj" in sys.modules)
"""


@pytest.mark.slow  # compiling takes seconds
def test_what_was_compiled_is_read_without_what_compiles(tmp_path: Path) -> None:
    (tmp_path / "sums.py").write_text(SUMS)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    said = [
        subprocess.run(
            [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert said == [f"2 5 10 less than nothing {is_compiled}\n" for is_compiled in (True, False)]
