"""The client of the process that analyses pages (`webpages.worker`): one page at a time, in limited time."""

from __future__ import annotations

import asyncio
import subprocess
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from typing import Any

import structlog

from trimtab.core.errors import BadParameter, Unavailable
from trimtab.core.work.children import harmless_variables, start_module
from trimtab.webpages.frames import read_frame, write_frame

MOST_WAITING = 16
RETRY_SECONDS = 2.0
START_SECONDS = 60.0

_log = structlog.get_logger()


class PageWorker:
    """Starts the process with the first page, and again after a page that it did not survive."""

    def __init__(self, *, seconds: float) -> None:
        """
        Args:
            seconds: the longest time of one page; after it the process is ended.
        """
        self._seconds = seconds
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trimtab-pages")
        self._process: subprocess.Popen[bytes] | None = None
        self._n_waiting = 0

    async def ask(self, task: dict[str, Any]) -> dict[str, Any]:
        """The answer to a task of `trimtab.webpages.worker`.

        Raises:
            BadParameter: the page cannot be analysed, or not in time.
            Unavailable: too many pages wait.
        """
        if self._n_waiting >= MOST_WAITING:
            raise Unavailable("too many pages wait to be analysed", retry_after_seconds=RETRY_SECONDS)
        self._n_waiting += 1
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._executor, self._ask, task)
        finally:
            self._n_waiting -= 1
        if answer is None:
            raise BadParameter("html", f"takes more than {self._seconds:g} seconds, or ends the analysis", "a page")
        if "problem" in answer:
            _log.error("a page makes the analysis fail", problem=answer["problem"])
            raise BadParameter("html", "cannot be analysed", "a page")
        return answer

    def stop(self) -> None:
        self._executor.shutdown()
        self._end()

    def _ask(self, task: dict[str, Any]) -> dict[str, Any] | None:
        process = self._running()
        answer = _in_time(process, task, self._seconds)
        if answer is None:
            self._end()
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = start_module(
                "trimtab.webpages.worker",
                self._seconds,
                variables=harmless_variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            _in_time(self._process, None, START_SECONDS)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            with self._process:  # closes the pipes and waits
                self._process.kill()
            self._process = None


def _in_time(process: subprocess.Popen[bytes], task: dict[str, Any] | None, seconds: float) -> dict[str, Any] | None:
    """What the process says next, having been sent a task; None where it ends, or has to be ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    alarm = Timer(seconds, process.kill)
    alarm.start()
    try:
        if task is not None:
            write_frame(process.stdin, task)
        return read_frame(process.stdout)
    except BrokenPipeError:
        return None
    finally:
        alarm.cancel()
