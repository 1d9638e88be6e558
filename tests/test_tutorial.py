"""docs/tutorial.md: every command in it runs, in its order and in one folder, and does what is said of it.

The commands are those of the document, but for what would take a reader minutes: the grocery bundle is the small one of
these tests, fewer shoppers are simulated, and the port is a free one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.processes import free_port, is_ready
from tests.support.services import taken
from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab import cli
from trimtab.engine.build import grocery

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
SMALLER = {"--impressions 20000": "--impressions 120"}
IN_PROCESS = "trimtab "
SERVE = "trimtab serve"


def blocks(text: str) -> list[str]:
    """The fenced commands."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Terminal:
    """A folder in which commands are given; those of trimtab run in this process, which has torch loaded already."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        commands = folder / "bin"
        commands.mkdir()
        shim = commands / "trimtab"
        shim.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}/src" exec "{sys.executable}" -m trimtab "$@"\n')
        shim.chmod(0o755)
        (commands / "python").symlink_to(sys.executable)
        # An interpreter under another name finds its packages by the environment.
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TRIMTAB_", "REDIS_"))},
            "PATH": f"{commands}:{os.environ['PATH']}",
        }

    def run(self, block: str) -> None:
        if not block.startswith(IN_PROCESS):
            subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block], cwd=self._folder, env=self._environment, check=True
            )
            return
        for command in block.strip().splitlines():
            self._monkeypatch.setattr("sys.argv", self._split(command))
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(self._folder)
                with pytest.raises(SystemExit, match=r"^0$"):
                    cli.main()

    @contextmanager
    def serving(self, block: str, port: int) -> Iterator[None]:
        """A second terminal, until Ctrl+C."""
        running = subprocess.Popen(
            ["bash", "-c", block], cwd=self._folder, env=self._environment, start_new_session=True
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
                eventually(lambda: is_ready(client))
            yield
        finally:
            os.killpg(running.pid, signal.SIGINT)
            running.wait()

    @staticmethod
    def _split(command: str) -> list[str]:
        words = subprocess.run(["bash", "-c", f'printf "%s\\0" {command}'], capture_output=True, text=True, check=True)
        return words.stdout.rstrip("\0").split("\0")


@pytest.mark.usefixtures("grocery_is_loaded")
def test_every_command_of_the_tutorial_runs(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def build_small(out: Path, **_: object) -> str:
        shutil.copytree(small_bundle, out)
        return str(json.loads((out / "manifest.json").read_text())["bundle_id"])

    monkeypatch.setattr(grocery, "build_grocery", build_small)
    port = free_port()
    text = TUTORIAL.read_text().replace("8000", str(port))
    for full, smaller in SMALLER.items():
        assert full in text
        text = text.replace(full, smaller)
    terminal = Terminal(tmp_path, monkeypatch)
    commands = blocks(text)
    serve = next(number for number, block in enumerate(commands) if SERVE in block)
    for block in commands[:serve]:
        terminal.run(block)
    with terminal.serving(commands[serve], port):
        for block in commands[serve + 1 :]:
            terminal.run(block)
        address = f"http://127.0.0.1:{port}"
        assert list(httpx.get(f"{address}/replays").json()) == ["summer"]
        click = {"event_id": "1", "query_id": "any", "action_name": "click", "item_id": "any"}
        assert taken(httpx.post(f"{address}/events", json=click)) == (0, 1)

    said = capfd.readouterr().out
    assert "Cotton shirt, red" in said
    assert "receipt" in said
    assert "● the front" in said
    assert json.loads((tmp_path / "tuned.json").read_text()).keys() == {"weights"}
    assert '"profile":"tuned"' in said, "the experiment, as the service has it"


def test_the_document_has_no_other_commands() -> None:
    fences = re.findall(r"^```(.*)$", TUTORIAL.read_text(), re.MULTILINE)
    assert set(fences) == {"sh", ""}
    assert fences.count("sh") == len(blocks(TUTORIAL.read_text()))
