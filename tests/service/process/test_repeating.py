"""Background work of the service."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from trimtab.service.repeating import Repeating


def test_work_that_failed_is_logged_and_done_again() -> None:
    did = threading.Event()
    outcomes = iter([SystemError("once"), None])

    def work() -> None:
        error = next(outcomes, None)
        if error is not None:
            raise error
        did.set()

    with capture_logs() as logged:
        repeating = Repeating("example", work, every_seconds=0.001)
        repeating.start()
        try:
            assert did.wait(10)
        finally:
            repeating.stop()
    assert [(one["event"], one["work"]) for one in logged] == [("background work failed", "example")]
