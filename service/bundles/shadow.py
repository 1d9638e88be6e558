"""The shadow: another bundle searches what was answered, in a process of its own, logged and never shown.

It reads log rows and searches again what they say was asked, as a replayed decision does, so nothing of the answer's
path is touched: a row is put into a short queue, and where that is full (the shadow is slower than the traffic) it is
dropped and counted. A shadow that dies takes nobody with it. Its log is `<data folder>/shadow/impressions`, with the
`decision_id` of what was shown.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import structlog

from trimtab.core.experiments.assignment import place
from trimtab.core.log import impression_row
from trimtab.core.work.children import limit_this_process, start_module
from trimtab.engine import Engine
from trimtab.engine.log.decisions import query_of
from trimtab.engine.log.rows import json_line, row_of_line
from trimtab.service.catalogue.live_catalogue import LiveCatalogue, limits_of
from trimtab.service.logs.impression_log import ImpressionLog
from trimtab.service.observability import process_log as logs
from trimtab.service.observability.metrics import Metrics
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.records import SearchCompleted
from trimtab.service.settings import Settings

FOLDER = "shadow"
MAX_WAITING = 256
STOP_SECONDS = 10.0
NICENESS = 5

_log = structlog.get_logger()


class Shadow:
    """The shadow's process, where there is one, and what is sent to it."""

    def __init__(self, data_folder: Path, metrics: Metrics) -> None:
        self._data_folder = data_folder
        self._metrics = metrics
        self._lock = threading.Lock()
        self._bundle: Path | None = None
        self._share = 0.0
        self._feed: _Feed | None = None

    def follow(self, bundle: Path | None, *, share: float) -> None:
        """Use this bundle as the shadow from now on; None ends it."""
        with self._lock:
            self._share = share
            if bundle == self._bundle:
                return
            self._bundle = bundle
            before, self._feed = self._feed, None
            if before is not None:
                before.close()
            if bundle is not None:
                self._feed = _Feed(bundle, self._data_folder, self._metrics)

    def on_search(self, completed: SearchCompleted) -> None:
        """Search again what was answered, if it is in the shadow's share; never waits."""
        feed, unit_id = self._feed, completed.search.unit_id or completed.slate.decision_id
        if feed is not None and place("shadow", unit_id) < self._share:
            feed.offer(json_line(impression_row(completed.impression)))

    def stop(self) -> None:
        self.follow(None, share=0.0)


class _Feed:
    """One process and the threads that write to it and read from it."""

    def __init__(self, bundle: Path, data_folder: Path, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lines: queue.Queue[bytes | None] = queue.Queue(MAX_WAITING)
        self._process = start_module(
            "trimtab.service.bundles.shadow",
            bundle,
            data_folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us: it ends when its input does
        )
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._write, self._read)]
        for thread in self._threads:
            thread.start()

    def offer(self, line: bytes) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._metrics.shadow_searches.labels("dropped").inc()

    def close(self) -> None:
        """End the process: rows that wait are dropped, the search under way is finished."""
        while True:
            try:
                self._lines.put_nowait(None)
                break
            except queue.Full:
                self._lines.get_nowait()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                while (line := self._lines.get()) is not None:
                    pipe.write(line)
                    pipe.flush()
        except OSError:
            _log.error("the shadow's process ended", exit=self._process.poll())
            while self._lines.get() is not None:
                self._metrics.shadow_searches.labels("dropped").inc()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for line in pipe:
                found = orjson.loads(line)
                if "overlap" in found:
                    self._metrics.shadow_overlap.observe(found["overlap"])
                    self._metrics.shadow_seconds.observe(found["seconds"])
                self._metrics.shadow_searches.labels(found["outcome"]).inc()


def search_again(engine: Engine, row: dict[str, Any], log: ImpressionLog) -> dict[str, Any]:
    """Search what a row says was asked; logs the slate and returns how it compares with the one shown."""
    start = time.perf_counter()
    try:
        query = query_of(row)
        engine = engine.in_market(query)
        slate = engine.slate(query)
    except Exception:  # noqa: BLE001  # whatever it is, it is what this process is there to find out
        return {"outcome": "failed"}
    impression = engine.impression(slate, row["timestamp"], arm=FOLDER)
    log.record(replace(impression, decision_id=row["decision_id"]))
    shown, found = row["item_ids"], slate.item_ids
    longer = max(len(shown), len(found))
    return {
        "outcome": "searched",
        "overlap": len(set(shown) & set(found)) / longer if longer else 1.0,
        "seconds": time.perf_counter() - start,
    }


def main() -> None:
    """Search again what rows on stdin say was asked, until the input ends; writes one line a row to stdout."""
    logs.configure()
    limit_this_process(niceness=NICENESS)
    bundle, data_folder = map(Path, sys.argv[1:])
    settings = Settings(bundle=bundle, data_folder=data_folder / FOLDER)
    pseudonyms = Pseudonyms(settings.id_salt)  # the rows have pseudonyms where there is a salt
    catalogue = LiveCatalogue(
        data_folder,
        Metrics(),
        load=lambda path: pseudonyms.engine(Engine.load(path)),
        limits=limits_of(settings),
    )
    built = catalogue.load(bundle)
    catalogue.start()
    log = ImpressionLog(settings, lambda outcome, n: None)  # noqa: ARG005  # nobody counts them here
    log.start()
    for row in map(row_of_line, sys.stdin.buffer):
        found = search_again(catalogue.newest(built), row, log)
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
    log.close()
    catalogue.stop()


if __name__ == "__main__":
    main()
