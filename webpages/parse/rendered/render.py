"""Boxes and computed styles from Debian's Chromium, over the DevTools protocol on two pipes.

A page is untrusted input: what is rendered is `safe_html`, scripts are switched off besides, and every request goes to
a proxy that does not exist. Everything else in the package works where Chromium is not installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from trimtab.core.errors import Unavailable
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.rendered.layout import VIEWPORT, Layout
from trimtab.webpages.parse.rendered.snapshot import STYLES, read_snapshot, safe_html

BINARIES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""The first, the same engine without a window, takes a third of the processor time of the others."""
RENDER_SECONDS = 8.0
START_SECONDS = 20.0
MAX_RENDERED = 40_000
"""Elements; a longer page is not rendered."""


def chromium_path() -> str | None:
    """The installed browser, None where there is none."""
    return next((path for name in BINARIES if (path := shutil.which(name))), None)


class Browser:
    """One headless Chromium, started once and used for many pages; close it, or use it as a context.

    Raises:
        Unavailable: no Chromium is installed, or it does not start or answer in time.
    """

    def __init__(self, binary: str | None = None) -> None:
        found = binary or chromium_path()
        if found is None:
            raise Unavailable("no Chromium is installed; pages are analysed without layout", retry_after_seconds=3600)
        self._profile = tempfile.mkdtemp(prefix="trimtab-chromium-")
        self._buffer = b""
        self._number = 0
        self._pid = self._start(found)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, binary: str) -> int:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The protocol wants descriptors 3 and 4; ours are moved above them first, so that neither overwrites the other.
        child_in, child_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_browser, from_browser))
        arguments = [
            binary, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "--disable-gpu",
            "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage",
            "--mute-audio",
            "--disable-component-update", "--disable-default-apps", "--hide-scrollbars",
            "--blink-settings=scriptEnabled=false",
            "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--window-size={VIEWPORT[0]},{VIEWPORT[1]}", "about:blank",
        ]  # fmt: skip
        if os.geteuid() == 0:
            arguments.insert(1, "--no-sandbox")  # Chromium refuses its sandbox to root
        quiet = os.open(os.devnull, os.O_RDWR)
        actions = [
            (os.POSIX_SPAWN_DUP2, quiet, 0),
            (os.POSIX_SPAWN_DUP2, quiet, 1),
            (os.POSIX_SPAWN_DUP2, quiet, 2),
            (os.POSIX_SPAWN_DUP2, child_in, 3),
            (os.POSIX_SPAWN_DUP2, child_out, 4),
        ]
        pid = os.posix_spawn(binary, arguments, dict(os.environ), file_actions=actions, setpgroup=0)
        for fd in (to_browser, from_browser, child_in, child_out, quiet):
            os.close(fd)
        return pid

    def _prepare(self) -> None:
        target = self._call("Target.createTarget", {"url": "about:blank"}, seconds=START_SECONDS)["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for method, parameters in (
            ("Page.enable", {}),
            ("DOMSnapshot.enable", {}),
            ("Emulation.setScriptExecutionDisabled", {"value": True}),
            ("Network.enable", {}),
            (
                "Network.emulateNetworkConditions",
                {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
            ),
            ("Network.setBlockedURLs", {"urls": ["http://*", "https://*", "file://*", "ftp://*", "ws://*", "wss://*"]}),
            (
                "Emulation.setDeviceMetricsOverride",
                {"width": VIEWPORT[0], "height": VIEWPORT[1], "deviceScaleFactor": 1, "mobile": False},
            ),
        ):
            self._call(method, parameters, session=True)
        self._frame = self._call("Page.getFrameTree", {}, session=True)["frameTree"]["frame"]["id"]

    def layout(self, dom: Dom) -> Layout | None:
        """Boxes of a page; None where it is too long or the browser does not answer in time.

        A browser that hung is not used again: `layout` then gives None at once.
        """
        if self._pid == 0 or not 0 < len(dom) <= MAX_RENDERED:
            return None
        try:
            self._call("Page.setDocumentContent", {"frameId": self._frame, "html": safe_html(dom)}, session=True)
            taken = self._call(
                "DOMSnapshot.captureSnapshot", {"computedStyles": list(STYLES), "includeDOMRects": True}, session=True
            )
        except Unavailable:
            self.close()
            return None
        return read_snapshot(taken, dom)

    __call__ = layout

    def _call(
        self, method: str, parameters: dict[str, Any], *, session: bool = False, seconds: float = RENDER_SECONDS
    ) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self._session
        deadline = time.monotonic() + seconds
        try:
            self._send(json.dumps(message).encode() + b"\0", deadline)
            while True:
                answer = json.loads(self._receive(deadline))
                if answer.get("id") == self._number:
                    if "error" in answer:
                        raise Unavailable(
                            f"Chromium refused {method}: {answer['error'].get('message')}", retry_after_seconds=60
                        )
                    return answer.get("result", {})
        except OSError as problem:
            raise Unavailable(f"Chromium ended during {method}: {problem}", retry_after_seconds=60) from None

    def _send(self, data: bytes, deadline: float) -> None:
        os.set_blocking(self._write, False)
        view = memoryview(data)
        while view:
            if not _is_ready(self._write, select.POLLOUT, deadline):
                raise Unavailable("Chromium takes no input", retry_after_seconds=60)
            view = view[os.write(self._write, view[:65_536]) :]

    def _receive(self, deadline: float) -> bytes:
        pieces = [self._buffer]
        while b"\0" not in pieces[-1]:
            if not _is_ready(self._read, select.POLLIN, deadline):
                raise Unavailable("Chromium did not answer in time", retry_after_seconds=60)
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise Unavailable("Chromium ended", retry_after_seconds=60)
            pieces.append(piece)
        message, _, self._buffer = b"".join(pieces).partition(b"\0")
        return message

    def close(self) -> None:
        """End the browser and remove its profile; safe to call twice."""
        if self._pid == 0:
            return
        pid, self._pid = self._pid, 0
        for fd in (self._write, self._read):
            with contextlib.suppress(OSError):
                os.close(fd)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        shutil.rmtree(self._profile, ignore_errors=True)


@contextlib.contextmanager
def rendering() -> Iterator[Browser | None]:
    """A browser for a while, None where there is none to be had."""
    try:
        browser = Browser()
    except Unavailable:
        yield None
        return
    with browser:
        yield browser


def _is_ready(descriptor: int, event: int, deadline: float) -> bool:
    """Whether a pipe can be written or read before a moment; by `poll`, which takes descriptors of any number."""
    waiting = select.poll()
    waiting.register(descriptor, event)
    return bool(waiting.poll(max(0.0, deadline - time.monotonic()) * 1000))
