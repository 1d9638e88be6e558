"""The server that is put under load: how it ends."""

from __future__ import annotations

import subprocess
import sys

WAITS = "import sys; sys.stdin.read()"
STARTS = f"""
import subprocess, sys
from loadtests.serving import end_with_parent
subprocess.Popen([sys.executable, "-c", {WAITS!r}], preexec_fn=end_with_parent)
print("started", flush=True)
sys.stdin.read()
"""


def test_a_child_that_nobody_else_would_stop_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        parent.kill()
        # Both have the pipe: it ends when neither is there any more, and nothing is written into the child's.
        assert parent.stdout.read() == ""
