"""Child processes that run a module of trimtab: the check and the rebuild of a bundle, the shadow, page analysis."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def start_module(module: str, *arguments: object, **options: Any) -> subprocess.Popen[Any]:
    """A process that runs `module`, which is imported from where this process would import it.

    Args:
        options: for `subprocess.Popen`.
    """
    # -P: otherwise the current folder comes first, and a package in it could stand for one of the child's imports.
    command = [sys.executable, "-P", "-m", module, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": _import_path()}
    return subprocess.Popen(command, env=environment, **options)  # noqa: S603  (our own module)


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
