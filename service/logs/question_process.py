"""The process that answers questions about the log.

`python -m trimtab.service.logs.question_process DATA QUESTION [QUESTION ...]`

A question is a `trimtab.service.logs.question.Question` as JSON, its answer a list on a line of the standard output.
The first one is answered, the others in their order as far as that is quick and nothing is wrong. A log that is too
large for the memory that it may take ends the process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, TypeVar

import orjson
import polars as pl

from trimtab.core.errors import TrimtabError
from trimtab.core.work.children import limit_this_process
from trimtab.engine.analytics import report
from trimtab.engine.analytics.reading import open_log
from trimtab.service.logs.question import Question

NICENESS = 10
"""Searches come first."""
BESIDE_SECONDS = 5.0
"""How long after its start the process takes up another question than the first."""
MAX_DATA_BYTES = 4_000_000_000
"""The most memory for data: about ten million searches."""

Given = TypeVar("Given")


def answer_to(data_folder: Path, question: Question) -> list[Any]:
    """The rows of a report, or the queries of a sample.

    Raises:
        BadLog: the log cannot be read.
    """
    log = open_log(data_folder, since=question.since, until=question.until, channel=question.channel, is_service=True)
    shown = report.Shown(min_users=question.min_users, limit=question.limit)
    match question.report:
        case "overview":
            return report.overview(log)
        case "queries":
            return report.queries(log, question.of, shown)
        case "categories":
            return report.categories(log, _categories(_given(question.bundle), _given(question.changes)), shown)
        case "times":
            return report.times(log, question.every)
        case "ranks":
            return report.ranks(log)
        case "change":
            return report.change(log, _given(question.at))
        case "sample":
            return report.sample(log, question.n, seed=question.seed, min_users=question.min_users)


def _categories(bundle: Path, changes: Path) -> pl.DataFrame:
    """The categories of items as they are now. Importing the catalogue takes as long as an answer: it is done here."""
    from trimtab.engine.analytics.items import categories_of  # noqa: PLC0415  # see above
    from trimtab.engine.live.current_store import current_store  # noqa: PLC0415  # see above

    items, _ = current_store(bundle, changes)
    return categories_of(items)


def _given(value: Given | None) -> Given:
    assert value is not None
    return value


def main() -> None:
    """Write the answers, or one line on stderr."""
    started = time.monotonic()
    limit_this_process(niceness=NICENESS, data_bytes=MAX_DATA_BYTES)
    for number, text in enumerate(sys.argv[2:]):
        if number and time.monotonic() - started > BESIDE_SECONDS:
            break
        try:
            rows = answer_to(Path(sys.argv[1]), Question.model_validate_json(text))
        except (TrimtabError, OSError) as error:
            sys.exit(str(error))
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
