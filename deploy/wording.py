"""`make check`: words and phrases that a reader would have to decode, and what to write instead.

    python deploy/wording.py [FILE ...]     without files: every tracked .py, .md, .toml and .yml

A line that means one of them says why on that line: `# wording: allow (reason)`, in Markdown
`<!-- wording: allow (reason) -->`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = (".py", ".md", ".toml", ".yml", ".yaml")
ALLOWED = re.compile(r"wording: allow \(.{5,}\)")


class Rule(NamedTuple):
    """A pattern that no line may contain.

    Attributes:
        instead: what the field says.
    """

    pattern: re.Pattern[str]
    instead: str


def _rule(pattern: str, instead: str) -> Rule:
    return Rule(re.compile(pattern), instead)


RULES = (
    _rule(r"(?i)\brungs?\b", "degradation level"),
    _rule(r"(?i)\bladders?\b", "degradation levels"),
    _rule(r"(?i)\bdear(er|est)?\b", "expensive"),
    _rule(r"(?i)(?<![a-z])(shelves|shelved)(?![a-z])", "partition"),
    _rule(r"(?i)(?<![a-z])(tally|tallies|tallied)(?![a-z])", "sums, counts"),
    _rule(r"\btold\b|\b(def|\.) ?_?tell\b", "published, notified, given"),
    _rule(r"\bdef _?saw\b|\.saw\(", "record, observe"),
    _rule(r"\bdef _?over\b", "at_state, or the verb for what it does"),
    _rule(r"\w*way_of\b", "a name for what is returned"),
    _rule(r"\bclass _?(Peek|Shortcut|Accounting|Analyst|Searching|Watching)\b|\bdef _?peek", "the field's term"),
    _rule(r"(?<![Tt]here )\bis no (?!longer\b|more\b|less\b|fewer\b|worse\b|better\b|slower\b|faster\b)", "is not a"),
    _rule(r"(?i)\bnone of ours\b", "does not belong to trimtab"),
    _rule(r"(?i)\bso many\b", "the number, or `as many as`"),
    _rule(r"(?i)\bwho gives no\b", "without a"),
    _rule(r"# noqa: [A-Z0-9, ]+$", "the reason for the exception behind it"),
    _rule(r'^\s*"""(Of|Without) ', "a docstring that begins with a sentence or a noun phrase"),
)


def problems(text: str) -> Iterator[tuple[int, str, str]]:
    """(line number, what was found, what to write instead) for every hit in a file's text."""
    for number, line in enumerate(text.splitlines(), start=1):
        if ALLOWED.search(line):
            continue
        for rule in RULES:
            found = rule.pattern.search(line)
            if found is not None:
                yield number, found[0].strip(), rule.instead


def checked_files() -> list[Path]:
    """The tracked files in which people write prose or names."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / line for line in listed.stdout.splitlines() if line.endswith(SUFFIXES)]
    return [file for file in files if file != Path(__file__).resolve() and file.is_file()]


def report(files: Iterable[Path]) -> list[str]:
    """One line for each hit."""
    return [
        f"{file.relative_to(ROOT)}:{number}: {found!r}, better: {instead}"
        for file in files
        for number, found, instead in problems(file.read_text(encoding="utf-8"))
    ]


def main(arguments: Sequence[str]) -> None:
    """Exit 1 where a file has one of the words."""
    named = [Path(argument).resolve() for argument in arguments if argument.endswith(SUFFIXES)]
    lines = report([file for file in named if file != Path(__file__).resolve()] if arguments else checked_files())
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if lines:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
