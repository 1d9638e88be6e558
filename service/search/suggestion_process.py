"""The process that makes an index of suggestions: `python -m trimtab.service.search.suggestion_process TASK`.

It goes through the names of the catalogue and, now and then, the log: seconds and gigabytes where these are large.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from trimtab.core.atomic import new_folder
from trimtab.core.errors import TrimtabError
from trimtab.core.work.children import limit_this_process
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.engine.live.current_store import current_store, shop_of_bundle
from trimtab.engine.log.impressions import ImpressionReader, is_data_folder, log_parts, write_parquet
from trimtab.retrieval.suggestions.entries import Entry, entries_of
from trimtab.retrieval.suggestions.index import SuggestionIndex
from trimtab.retrieval.suggestions.queries import LOGGED, counted, queries_of
from trimtab.retrieval.suggestions.safety import keys_of
from trimtab.service.search.suggestion_indices import FOLDER, INDEX, MADE, Made, Task, forget_older
from trimtab.text.analyser import Analyser
from trimtab.text.words.lexicon import Lexicon

COUNTS = "queries.parquet"
NICENESS = 10
"""Searches come first."""


def make(task: Task) -> Path:
    """Make an index; returns its folder, among which the newest counts.

    Raises:
        BundleDamaged, BadFile: the catalogue cannot be read.
        BadLog: a log cannot be read.
    """
    began = time.time()
    analyser = Lexicon.load(task.bundle / RETRIEVAL).analyser
    store, version = current_store(task.bundle, task.changes)
    known = entries_of(store, shop_of_bundle(task.bundle).variants.attribute)
    index = SuggestionIndex.of([*_queries(task, analyser), *known], analyser)
    out = task.data_folder / FOLDER / f"{time.time_ns():020d}"
    with new_folder(out) as staging:
        index.save(staging / INDEX)
        made = Made(task=task, version=version, began=began, seconds=time.process_time())
        (staging / MADE).write_text(made.model_dump_json(), encoding="utf-8")
    forget_older(task.data_folder)
    return out


def _queries(task: Task, analyser: Analyser) -> Iterator[Entry]:
    if task.count_seconds > 0:
        blocked = keys_of(task.blocked, analyser)
        yield from queries_of(query_counts(task), analyser, min_users=task.min_users, blocked=blocked)


def query_counts(task: Task) -> pl.DataFrame:
    """How often each query of the log was searched, counted anew where that is due."""
    file = task.data_folder / FOLDER / COUNTS
    age = time.time() - file.stat().st_mtime if file.exists() else float("inf")
    if not 0 <= age < task.count_seconds:
        has_log = is_data_folder(task.data_folder) and bool(log_parts(task.data_folder))
        write_parquet(counted(ImpressionReader(task.data_folder, LOGGED) if has_log else ()), file)
    return pl.read_parquet(file)


def main() -> None:
    """Make it, or write one line on stderr."""
    limit_this_process(niceness=NICENESS)
    try:
        make(Task.model_validate_json(sys.argv[1]))
    except (TrimtabError, OSError, pl.exceptions.PolarsError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
