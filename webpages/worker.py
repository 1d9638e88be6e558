"""The process that analyses pages, `python -m trimtab.webpages.worker`: tasks on its input, answers on its output.

Its argument is how many seconds of processor time a page may take; its memory is limited too.

A page is untrusted input for a parser written in C, and computing over it holds the interpreter's lock; whoever serves
shoppers keeps both away from them. Frames (`trimtab.webpages.frames`) go both ways. The first one out says that the
model is loaded.
"""

from __future__ import annotations

import math
import resource
import sys
from datetime import datetime
from typing import Any

from trimtab.core.work.children import limit_this_process
from trimtab.webpages.commands import post_page, track_page
from trimtab.webpages.counters import PageCounters
from trimtab.webpages.frames import read_frame, write_frame
from trimtab.webpages.predict.model import shipped_model

NICENESS = 5
"""Lower priority than searches."""
MAX_DATA_BYTES = 512_000_000
"""The most memory for data; a page that needs more fails, or ends the process."""
MAX_FILES = 64


def main() -> None:
    """Answer until the input ends."""
    limit_this_process(niceness=NICENESS)
    shipped_model()
    seconds = float(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA_BYTES, MAX_DATA_BYTES))  # of pages: the model is there
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    write_frame(outgoing, {"ready": True})
    while (task := read_frame(incoming)) is not None:
        _allow(seconds)
        try:
            write_frame(outgoing, answer(task))
        except TypeError as error:  # half a character is not text
            write_frame(outgoing, {"problem": str(error)})


def _allow(seconds: float) -> None:
    """End the process once it has used that much more of the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # The kernel counts whole seconds.
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds) + 1, hard))


def answer(task: dict[str, Any]) -> dict[str, Any]:
    """The result of a task, or its `problem` where the page makes the analysis fail."""
    try:
        if task["task"] == "track":
            at = datetime.fromisoformat(task["at"])
            visit, watch = track_page(task["html"], task["url"], task["known"], at)
            return {"visit": visit, "watch": watch}
        counters = PageCounters()
        found = post_page(task["html"], task["url"], counters=counters, currency=task["currency"])
        return {**found, "counted": counters.as_dict()}
    except Exception as error:  # noqa: BLE001  # whatever a page does to the analysis, the next page is analysed
        return {"problem": type(error).__name__}


if __name__ == "__main__":
    main()
