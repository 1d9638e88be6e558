"""Pages analysed in a process of its own, asked through its standard input: `python -m trimtab.webpages.worker`.

A page is untrusted input for a parser written in C, and computing over it holds the interpreter's lock; whoever serves
shoppers keeps both away from them. Frames go both ways: eight bytes of length, then JSON. The first one out says that
the model is loaded.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import IO, Any

import orjson

from trimtab.webpages.commands import post_page, track_page
from trimtab.webpages.counters import PageCounters
from trimtab.webpages.predict.model import shipped_model

LENGTH_BYTES = 8
NICENESS = 5
"""Searches come first."""


def main() -> None:
    """Answer until the input ends."""
    os.nice(NICENESS)
    shipped_model()
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    write_frame(outgoing, {"ready": True})
    while (task := read_frame(incoming)) is not None:
        try:
            write_frame(outgoing, answer(task))
        except TypeError as error:  # half a character is no text
            write_frame(outgoing, {"problem": str(error)})


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
    except Exception as error:  # noqa: BLE001
        # Whatever a page does to the analysis, the next page is analysed.
        return {"problem": type(error).__name__}


def write_frame(stream: IO[bytes], values: dict[str, Any]) -> None:
    data = orjson.dumps(values)
    stream.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    """None where the stream ends."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    size = int.from_bytes(head, "big")
    data = stream.read(size)
    return None if len(data) < size else dict(orjson.loads(data))


if __name__ == "__main__":
    main()
