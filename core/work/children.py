"""Child processes that run a module of trimtab: the check and the rebuild of a bundle, the shadow, page analysis,
questions about the log."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from trimtab.core.work.memory_room import has_room

ENDED_FIRST = "1000"
"""Where memory is short, the kernel ends a child before whoever serves shoppers, however much that takes."""
TAKEN_BYTES = 96 << 20
"""What a child takes at least: where a container leaves less, the kernel could end who serves."""
HARMLESS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")
"""Variables without secrets, for a child that must not have any."""


def start_module(
    module: str, *arguments: object, variables: Mapping[str, str] = os.environ, **options: Any
) -> subprocess.Popen[Any]:
    """A process that runs `module`, which is imported from where this process would import it.

    Args:
        variables: its environment.
        options: for `subprocess.Popen`.

    Raises:
        OSError: the system gives no process, or no memory for it.
    """
    if not has_room(TAKEN_BYTES):
        raise OSError(errno.ENOMEM, "the container leaves too little memory for a process more")
    # -P: otherwise the current folder comes first, and a package in it could stand for one of the child's imports.
    command = [sys.executable, "-P", "-m", module, *map(str, arguments)]
    environment = {**variables, "PYTHONPATH": _import_path()}
    process = subprocess.Popen(command, env=environment, **options)  # noqa: S603  (our own module)
    with suppress(OSError):  # elsewhere than on Linux
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(ENDED_FIRST)
    return process


def limit_this_process(*, niceness: int, data_bytes: int | None = None) -> None:
    """Let this child give way to those that serve, and end without a dump of its memory where it takes too much.

    Args:
        data_bytes: the most memory for data; no limit where None.
    """
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if data_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))


def harmless_variables() -> dict[str, str]:
    """The environment of this process without what a child that reads hostile input could give away."""
    return {name: os.environ[name] for name in HARMLESS if name in os.environ}


def run_module(module: str, *arguments: object, timeout_seconds: float) -> subprocess.CompletedProcess[bytes]:
    """What `module` wrote and how it ended.

    Raises:
        subprocess.TimeoutExpired: it took too long and was killed.
    """
    return Child().run(module, *arguments, timeout_seconds=timeout_seconds)


class Child:
    """Runs one module after the other in a process of its own, until it is stopped."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[Any] | None = None
        self._is_stopping = False

    def run(
        self, module: str, *arguments: object, timeout_seconds: float | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """What `module` wrote and how it ended.

        Raises:
            subprocess.TimeoutExpired: it took too long and was killed.
        """
        with start_module(module, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self._process = process
            if self._is_stopping:
                process.kill()
            try:
                written, errors = process.communicate(timeout=timeout_seconds)
            except BaseException:
                process.kill()
                raise
        self._process = None
        return subprocess.CompletedProcess(process.args, process.returncode, written, errors)

    def kill(self) -> None:
        """End the one that runs."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """End the one that runs and those that would follow."""
        self._is_stopping = True
        self.kill()


def _import_path() -> str:
    """The import path of this process without the current folder, which `python -m` puts there."""
    current = Path.cwd()
    return os.pathsep.join(entry for entry in sys.path if entry and Path(entry) != current)
