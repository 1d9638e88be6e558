"""Kernels that were compiled before are read, in a process that could not compile them as quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.core.compiled import LEVELS

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
import os
import sys
import tempfile
import numpy as np

def refuse(dir):
    raise PermissionError(dir)

if "READ_ONLY" in os.environ:
    tempfile.TemporaryFile = refuse  # by which Numba finds out where it can write
from sums import sums
out = np.empty(3, dtype=np.int64)
sums(np.array([2, 3, 5]), out)
try:
    sums(np.array([-1]), out)
except ValueError as error:
    print(*out, error, "numba.np.arrayobj" in sys.modules)
"""


@pytest.mark.slow  # compiling takes seconds
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"NUMBA_CACHE_DIR": "cache"}, {"NUMBA_CACHE_DIR": "cache"}),
        ({}, {"NUMBA_CACHE_DIR": "another"}),
        ({}, {"READ_ONLY": "1"}),
        *(({"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ""}, {"READ_ONLY": "1"}) for level in list(LEVELS)[-1:]),
    ],
)
def test_what_was_compiled_is_read_without_what_compiles(
    tmp_path: Path, first: dict[str, str], then: dict[str, str]
) -> None:
    said = [said_in(tmp_path, SUMS, variables) for variables in (first, then)]
    assert said == [f"2 5 10 less than nothing {is_compiled}\n" for is_compiled in (True, False)]


@pytest.mark.slow  # compiling takes seconds
def test_what_is_beside_a_module_of_which_it_was_not_compiled_is_compiled_anew(tmp_path: Path) -> None:
    changed = SUMS.replace("n - 1", "n - 1 + 0")
    said = [said_in(tmp_path, SUMS, {}), said_in(tmp_path, changed, {"READ_ONLY": "1"})]
    assert said == ["2 5 10 less than nothing True\n"] * 2


def said_in(folder: Path, source: str, variables: dict[str, str]) -> str:
    (folder / "sums.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
