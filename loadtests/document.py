"""Sections of a document that a command writes: `<!-- name -->` to `<!-- /name -->`."""

from __future__ import annotations

from pathlib import Path


def replace_section(document: Path, name: str, text: str) -> None:
    """Write `text` between the marks of a section.

    Raises:
        OSError: the document cannot be read or written.
        ValueError: it has no such section.
    """
    written = document.read_text()
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, mark, rest = written.partition(begin)
    _, other_mark, after = rest.partition(end)
    if not (mark and other_mark):
        raise ValueError(f"{document} has no section {name}")
    document.write_text(f"{before}{begin}{text}\n{end}{after}")
