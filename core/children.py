"""Child processes that run a module of trimtab: the check and the rebuild of a bundle, the shadow, page analysis."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HARMLESS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")
"""Variables without secrets, for a child that must not have any."""


def start_module(
    module: str, *arguments: object, variables: Mapping[str, str] = os.environ, **options: Any
) -> subprocess.Popen[Any]:
    """A process that runs `module`, which is imported from where this process would import it.

    Args:
        variables: its environment.
        options: for `subprocess.Popen`.
    """
    # -P: otherwise the current folder comes first, and a package in it could stand for one of the child's imports.
    command = [sys.executable, "-P", "-m", module, *map(str, arguments)]
    environment = {**variables, "PYTHONPATH": _import_path()}
    return subprocess.Popen(command, env=environment, **options)  # noqa: S603  (our own module)


def harmless_variables() -> dict[str, str]:
    """The environment of this process without what a child that reads hostile input could give away."""
    return {name: os.environ[name] for name in HARMLESS if name in os.environ}


def run_module(module: str, *arguments: object, timeout_seconds: float) -> subprocess.CompletedProcess[bytes]:
    """What `module` wrote and how it ended.

    Raises:
        subprocess.TimeoutExpired: it took too long and was killed.
    """
    with start_module(module, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            written, errors = process.communicate(timeout=timeout_seconds)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, written, errors)


def _import_path() -> str:
    """The import path of this process without the current folder, which `python -m` puts there."""
    current = Path.cwd()
    return os.pathsep.join(entry for entry in sys.path if entry and Path(entry) != current)
