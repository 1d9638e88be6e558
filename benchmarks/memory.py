"""What of a process's memory is its own, and what is mapped from files, which processes share."""

from __future__ import annotations

from pathlib import Path


def memory() -> dict[str, int]:
    """Bytes of this process's memory by kind: `RssAnon` is its own, `RssFile` is mapped."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return {name: int(found[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile")}
