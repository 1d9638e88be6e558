"""How much memory a container leaves. Its limit gives no error to handle: who asks for more is ended by the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
VERSIONS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""The files of a control group that hold its limit and what is used, and what `memory.stat` calls the part that the
kernel takes back by itself: in version 2 and 1."""


def has_room(n_bytes: int) -> bool:
    """Whether the containers that this process is in leave so much memory."""
    room = room_in(_own_groups())
    return room is None or room >= n_bytes


def room_in(groups: Iterable[Path]) -> int | None:
    """The fewest bytes that any of some control groups of memory leaves; None where none has a limit."""
    return min((room for group in groups for room in _rooms(group)), default=None)


def _rooms(group: Path) -> Iterator[int]:
    for limit, usage, reclaimable in VERSIONS:
        with suppress(OSError, ValueError, KeyError):  # not this version, or `max`: no limit
            most, used = int((group / limit).read_text()), int((group / usage).read_text())
            parts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            yield most - used + int(parts[reclaimable])


@cache
def _own_groups() -> Sequence[Path]:
    """The control groups of this process that have something to say of memory, and those around them."""
    with suppress(OSError):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        controllers = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
        return [group for names in ("memory", "") for group in _around(MOUNT / names, controllers.get(names, "/"))]
    return ()


def _around(mount: Path, path: str) -> Iterator[Path]:
    """A group, which a container sees as the mount itself, and those it is in."""
    inner = mount / path.lstrip("/")
    groups = (folder for folder in (inner, *inner.parents) if folder.is_relative_to(mount))
    yield from (group for group in groups if (group / "memory.stat").is_file())
