"""Names of events that came lately, in memory of one size however many come."""

from __future__ import annotations

DIGEST_BYTES = 16
N_PLACES = 16
"""Names of one line; the oldest makes room for the next one."""
LINE_BYTES = DIGEST_BYTES * N_PLACES


class RecentNames:
    """A table in which the digest of a name says its line. The last names are known, of older ones fewer and fewer."""

    def __init__(self, n_lines: int = 1 << 14) -> None:
        """
        Args:
            n_lines: with the usual number, of 4 MB in all, hardly one of the last 100,000 names is lost.
        """
        self._n_lines = n_lines
        self._table = bytearray(n_lines * LINE_BYTES)
        self._next = bytearray(n_lines)

    def __contains__(self, digest: bytes) -> bool:
        start = self._line(digest) * LINE_BYTES
        return digest in self._table[start : start + LINE_BYTES]

    def add(self, digest: bytes) -> None:
        """Know a digest of 16 bytes."""
        if digest in self:
            return
        line = self._line(digest)
        start = line * LINE_BYTES + self._next[line] * DIGEST_BYTES
        self._table[start : start + DIGEST_BYTES] = digest
        self._next[line] = (self._next[line] + 1) % N_PLACES

    def _line(self, digest: bytes) -> int:
        return int.from_bytes(digest[:4], "big") % self._n_lines
