"""Lines of the shared order that left the stream in Redis, in the folder that all machines see.

    changes/000000000001-000000000120-<digest of the last line>.jsonl

Files may overlap, and may hold lines of an order that was lost and is not the one that counts: lines are taken
backwards from one that does, by the digest of the line that each of them follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from trimtab.catalog.live.change_lines import START, ChangeLine, LogPlace, read_line
from trimtab.core.errors import BadFile
from trimtab.service.shared_folder import SharedFolder

FOLDER = "changes"
SUFFIX = ".jsonl"
FILE_BYTES = 16_000_000


class _File(NamedTuple):
    name: str
    first: int
    last: LogPlace


class ChangeArchive:
    """Reads and writes the files."""

    def __init__(self, folder: SharedFolder) -> None:
        self._folder = folder

    def end(self) -> LogPlace:
        """The place behind the last line that is there.

        Raises:
            Unavailable: the folder cannot be reached.
        """
        return max((file.last for file in self._files()), default=START)

    def last_line(self) -> ChangeLine | None:
        """The last line that is there.

        Raises:
            Unavailable: the folder cannot be reached.
            BadFile: a file holds something else.
        """
        file = max(self._files(), key=lambda one: one.last, default=None)
        if file is None:
            return None
        lines = list(self._lines(file))
        if not lines or lines[-1].place != file.last:
            raise BadFile(file.name, "does not end with the line that its name says: it was cut off or changed")
        return lines[-1]

    def add(self, lines: Iterable[ChangeLine]) -> None:
        """Keep lines that follow one another.

        Raises:
            Unavailable: the folder cannot be reached.
        """
        kept, n_bytes = list[ChangeLine](), 0
        for line in lines:
            kept.append(line)
            n_bytes += len(line.raw)
            if n_bytes > FILE_BYTES:
                self._write(kept)
                kept, n_bytes = [], 0
        if kept:
            self._write(kept)

    def before(self, line: ChangeLine) -> Iterator[ChangeLine]:
        """The lines before one, backwards, as far as they are there.

        Raises:
            Unavailable: the folder cannot be reached.
            BadFile: a file holds something else.
        """
        files, opened = self._files(), set[str]()
        known: dict[int, dict[str, ChangeLine]] = {}
        while line.change.version > 1:
            version = line.change.version - 1
            for file in files:
                if file.first <= version <= file.last.version and file.name not in opened:
                    opened.add(file.name)
                    for one in self._lines(file):
                        known.setdefault(one.change.version, {})[one.place.digest] = one
            found = known.pop(version, {})
            # A line that one machine wrote alone does not say what it follows.
            before = found.get(line.previous) if line.previous is not None else next(iter(found.values()), None)
            if before is None:
                return
            yield before
            line = before

    def _write(self, lines: list[ChangeLine]) -> None:
        last = lines[-1].place
        name = f"{lines[0].change.version:012d}-{last.version:012d}-{last.digest}{SUFFIX}"
        with self._folder.new_file(f"{FOLDER}/{name}") as file:
            file.writelines(line.raw for line in lines)

    def _files(self) -> list[_File]:
        found = []
        for name in self._folder.names(FOLDER):
            parts = name.removesuffix(SUFFIX).split("-")
            if name.endswith(SUFFIX) and len(parts) == 3 and parts[0].isdecimal() and parts[1].isdecimal():
                found.append(_File(name, int(parts[0]), LogPlace(int(parts[1]), parts[2])))
        return found

    def _lines(self, file: _File) -> Iterator[ChangeLine]:
        with self._folder.reading(f"{FOLDER}/{file.name}") as content:
            for raw in content:
                yield read_line(raw, file.name)
