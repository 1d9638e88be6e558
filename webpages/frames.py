"""Frames between the process that analyses pages and the one that asks it: eight bytes of length, then JSON."""

from __future__ import annotations

from typing import IO, Any

import orjson

LENGTH_BYTES = 8


def write_frame(stream: IO[bytes], values: dict[str, Any]) -> None:
    """Write one frame and flush it."""
    data = orjson.dumps(values)
    stream.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next frame, or None where the stream ends."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    size = int.from_bytes(head, "big")
    data = stream.read(size)
    return None if len(data) < size else dict(orjson.loads(data))
