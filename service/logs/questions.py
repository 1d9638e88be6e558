"""Questions about the log, each answered by a process of its own: a large log takes seconds and gigabytes to read.

One process runs at a time. It answers those that wait with the question that it was started for, as long as that is
quick, so that a page of several questions waits for one start; answers are given again for a while. The serving process
never sees the log's rows, only the JSON that was made of them.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from trimtab.core.errors import Unavailable
from trimtab.core.work.children import Child
from trimtab.service.logs.question import Question

PROCESS = "trimtab.service.logs.question_process"
ANSWER_SECONDS = 120.0
"""The longest time that an answer may take."""
MOST_WAITING = 64
"""Questions that wait for those before them: the pages of six people, which ask ten each."""
TOGETHER_SECONDS = 0.05
"""How long the first question waits for those that are asked with it: a start takes twenty times as long."""
KEPT_SECONDS = 30.0
"""How long an answer is given again."""
KEPT_BYTES = 8_000_000
"""The size of all answers that are kept."""

_log = structlog.get_logger()


class LogQuestions:
    """Has questions answered."""

    def __init__(self, data_folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            clock: by which answers grow old.
        """
        self._folder = data_folder
        self._clock = clock
        # One thread, so that questions wait for each other even where those who asked have gone.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trimtab-questions")
        self._known: dict[Question, tuple[float, bytes]] = {}
        self._waiting: set[Question] = set()
        self._child = Child()
        self._n_asked = 0

    async def ask(self, question: Question) -> bytes:
        """The answer, a list as JSON.

        Raises:
            Unavailable: too many questions wait, or the log cannot be read, or not in the time and memory that one
                question may take.
        """
        if self._n_asked > MOST_WAITING:
            raise Unavailable("too many questions about the log at once", retry_after_seconds=10)
        self._n_asked += 1
        self._waiting.add(question)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)
        finally:
            self._n_asked -= 1
            self._waiting.discard(question)

    def _answer(self, question: Question) -> bytes:
        now = self._clock()
        self._known = {one: known for one, known in self._known.items() if now - known[0] <= KEPT_SECONDS}
        if question not in self._known:
            time.sleep(TOGETHER_SECONDS)
            beside = [one for one in list(self._waiting) if one != question and one not in self._known]
            asked = [question, *beside]
            answered = list(zip(asked, self._made(asked), strict=False))
            for one, answer in reversed(answered):  # the one that is asked for last, so that it is kept
                self._known[one] = self._clock(), answer
            while sum(len(answer) for _, answer in self._known.values()) > KEPT_BYTES and len(self._known) > 1:
                del self._known[next(iter(self._known))]
        return self._known[question][1]

    def stop(self) -> None:
        """End, and the answer under way with it."""
        self._child.stop()
        self._thread.shutdown()

    def _made(self, asked: Sequence[Question]) -> list[bytes]:
        """The answers to the first of some questions, at least to the very first."""
        texts = [one.model_dump_json(exclude_defaults=True) for one in asked]
        try:
            done = self._child.run(PROCESS, self._folder, *texts, timeout_seconds=ANSWER_SECONDS)
        except subprocess.TimeoutExpired as late:
            answers = _whole(late.output)
            if answers:
                return answers
            raise Unavailable("the log takes too long to read; ask about a shorter time") from None
        answers = _whole(done.stdout)
        if answers:
            return answers
        _log.error("the log cannot be read", problem=done.stderr.decode(errors="replace").strip(), exit=done.returncode)
        if done.returncode < 0:  # polars ends the process where it gets no more memory
            raise Unavailable("the log is too large to be read at once; ask about a shorter time")
        raise Unavailable("the log cannot be read; the service's own log says why")


def _whole(written: bytes | None) -> list[bytes]:
    """The lines that were written to their end."""
    return (written or b"").split(b"\n")[:-1]
