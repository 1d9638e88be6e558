"""`docs/literature.md` from `docs/literature.toml`: `python -m benchmarks.ranking.literature`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from trimtab.ranker.study.report import table

DOCS = Path(__file__).resolve().parents[2] / "docs"
DATA, PAGE = DOCS / "literature.toml", DOCS / "literature.md"
TEXTS = ("key", "section", "authors", "title", "venue", "optimises", "cost", "source", "reported", "verdict")
QUESTIONS = {
    "steerable": "steered by the request",
    "says_cost": "says gain and cost",
    "keeps_bound": "keeps a bound",
    "online": "tried online",
}
ANSWERS = ("yes", "partly", "no", "unknown", "-")
READ = {
    "opening": "abstract and opening",
    "summary": "abstract, and a summary of the method",
    "documentation": "documentation",
    "abstract": "abstract",
    "no": "not read",
}
BEYOND_ABSTRACT = ("opening", "summary", "documentation")
Work = dict[str, Any]

HEAD = """# Literature: ranking for several objectives at once

Written by `python -m benchmarks.ranking.literature` from `literature.toml`. The question asked of every work: which way
of trading relevance against revenue and diversity should a shop serve? The last table says of each whether one trained
model follows weights that come with a request, whether it says beforehand what they will gain and cost, whether it
keeps a bound on an objective, and whether it was tried in a live test.

Of {n} works the abstract and more was read of {beyond} (the opening of the text as far as it is openly stored, or a
summary of the method by others, whose place is named), the abstract of {abstract}; {no} were not read for this list and
are cited from general knowledge of the method. No reported figure is given that was not read. Figures on our own data
are in [experiments.md](experiments.md).
"""


def read_works(path: Path = DATA) -> list[Work]:
    works: list[Work] = tomllib.loads(path.read_text())["work"]
    return works


def page_of(works: list[Work]) -> str:
    """The page: a table for each section, then who can do what."""
    numbers = {work["key"]: number for number, work in enumerate(works, 1)}
    counts = {level: sum(work["read"] == level for work in works) for level in READ}
    beyond = sum(counts[level] for level in BEYOND_ABSTRACT)
    parts = [HEAD.format(n=len(works), beyond=beyond, abstract=counts["abstract"], no=counts["no"])]
    for section in dict.fromkeys(work["section"] for work in works):
        rows = [_row(work, numbers) for work in works if work["section"] == section]
        head = ["#", "work", "optimises", "cost", "reported", "read", "verdict"]
        parts.append(f"## {section}\n\n{table(head, rows)}\n")
    matrix = [
        [str(numbers[work["key"]]), short(work), *(work[question] for question in QUESTIONS)]
        for work in works
        if any(work[question] != "-" for question in QUESTIONS)
    ]
    parts.append(f"## Who can do what\n\n{table(['#', 'work', *QUESTIONS.values()], matrix)}\n")
    parts.append(LAST)
    return "\n".join(parts)


LAST = """**Policy learning over weights** (bandits and Bayesian optimisation that choose the weights from logs) is what
`trimtab tune` does with off-policy estimates; it sits on top of any steerable ranker and is not a rival of those above.
"""


def short(work: Work) -> str:
    """The name in brackets at the end of a title, or the title up to its colon."""
    named = re.search(r"\(([^)]+)\)$", work["title"])
    return named[1] if named else work["title"].split(":")[0]


def _row(work: Work, numbers: dict[str, int]) -> list[str]:
    title, *name = re.split(r" (?=\([^)]+\)$)", work["title"])
    cited = f"{work['authors']}: *{title}*{' ' + name[0] if name else ''}, {work['venue']}"
    read = READ[work["read"]] + (f": {work['source']}" if work["source"] else "")
    texts = [work[name].format(**numbers) for name in ("optimises", "cost", "reported")]
    return [str(numbers[work["key"]]), cited, *texts, read, work["verdict"].format(**numbers)]


if __name__ == "__main__":
    PAGE.write_text(page_of(read_works()))
