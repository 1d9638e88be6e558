"""Commands as somebody types them in a terminal, and what the terminal then shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

import httpx
from playwright.sync_api import Page

from tests.support.processes import is_ready
from tests.support.waiting import PATIENCE_SECONDS, eventually

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 300
WIDTH = 140
"""Characters of a line in a picture; answers in JSON have thousands."""

Step = Callable[[str], object]
"""Called with the name of what a page shows now."""


class Terminals:
    """Terminals in one folder, in which `trimtab` is the command of this checkout.

    Attributes:
        commands: what was typed, in its order.
        shown: that and the answers.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.commands: list[str] = []
        self.shown = ""
        self._folder = folder
        commands = Path(tempfile.mkdtemp(dir=folder, prefix=".bin"))
        shim = commands / "trimtab"
        shim.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}/src" exec "{sys.executable}" -m trimtab "$@"\n')
        shim.chmod(0o755)
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TRIMTAB_", "REDIS_"))}
        self._environment = {**own, **environment, "PATH": f"{commands}:{os.environ['PATH']}", "COLUMNS": "100"}

    def run(self, command: str) -> str:
        """What a command says; it must succeed."""
        self._typed(command)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self._folder, env=self._environment, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.shown += done.stdout.rstrip() + "\n"
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    @contextmanager
    def serving(self, command: str, port: int) -> Iterator[httpx.Client]:
        """A command that serves, in a terminal of its own, from the moment that it is ready until Ctrl+C."""
        self._typed(command)
        said = self._folder / ".serving"
        with said.open("w") as output:
            running = subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self._folder, env=self._environment, start_new_session=True,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
                eventually(lambda: is_ready(client) or _is_over(running, said), seconds=READY_SECONDS)
                self.shown += said.read_text().rstrip() + "\n"
                yield client
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGINT)
            running.wait(timeout=PATIENCE_SECONDS)

    def picture(self, page: Page, path: Path, heading: str) -> None:
        """What the terminals have shown, as a picture."""
        text = "\n".join((heading, "", *map(_as_wide_as_a_page, self.shown.splitlines())))
        page.set_content(f"<pre>{escape(text)}</pre>")
        page.screenshot(path=path, full_page=True)

    def _typed(self, command: str) -> None:
        self.commands.append(command)
        self.shown += f"$ {command}\n"


def _is_over(running: subprocess.Popen[bytes], said: Path) -> bool:
    assert running.poll() is None, said.read_text()
    return False


def _as_wide_as_a_page(line: str) -> str:
    """A line of a terminal: commands are wrapped, and of answers the beginning is shown."""
    if line.startswith("$ "):
        return textwrap.fill(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    return line if len(line) <= WIDTH else f"{line[:WIDTH]} ..."
