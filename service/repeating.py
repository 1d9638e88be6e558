"""Work that a thread of its own does again and again until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger()


class Repeating:
    """Calls a function every few seconds; `start` and `stop` are those of `service.bootstrap.background`."""

    def __init__(
        self, name: str, work: Callable[[], object], *, every_seconds: float, at_once: bool = True, at_end: bool = False
    ) -> None:
        """
        Args:
            work: called after each pause. What it raises is logged, and it is called again after the next one.
            at_once: it is called before the first pause too.
            at_end: it is called once more when it is stopped.
        """
        self._name = name
        self._work = work
        self._every_seconds = every_seconds
        self._at_once = at_once
        self._at_end = at_end
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"trimtab-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being done is done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        if self._at_once:
            self._call()
        while not self._stopping.wait(self._every_seconds):
            self._call()
        if self._at_end:
            self._call()

    def _call(self) -> None:
        try:
            self._work()
        except Exception:  # noqa: BLE001  # what nobody expected once must not end it for ever
            _log.exception("background work failed", work=self._name)
