"""A process of `trimtab.core.work.processes`: computes what it is sent until nothing more comes."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from trimtab.core.work.tasks import attempted


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it is interrupted too, and closes the pipe
    task: Any = None
    shared: Any = None
    with Connection(int(sys.argv[1])) as pipe, suppress(EOFError, BrokenPipeError):
        while True:
            job, item = pipe.recv()
            task, shared = job or (task, shared)
            pipe.send(attempted(task, shared, item))


if __name__ == "__main__":
    main()
