"""A bundle loaded, verified, proved and compared in a process of its own.

`python -m trimtab.engine.bundle.check CANDIDATE RUNNING`

A bundle that is damaged, crashes, eats memory or takes for ever does so here, behind everything else, and not in a
process that answers. One JSON object on stdout: `report`, or the `problem` in one sentence.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleMismatch, TrimtabError
from trimtab.core.work.children import limit_this_process
from trimtab.engine.bundle.manifest import require_same_objectives
from trimtab.engine.bundle.parity import compare, golden_queries, prove
from trimtab.engine.search import Engine

NICENESS = 5
"""Behind whatever answers; any further behind, a busy machine would starve it."""


def check(candidate: Path, running: Path, queries: Sequence[str] = ()) -> dict[str, Any]:
    """The report on a bundle that is fit to serve.

    Args:
        queries: golden ones; none takes names of the running bundle's catalogue.

    Raises:
        BundleDamaged, BundleMismatch: it is not.
    """
    start = time.perf_counter()
    engine = _loaded(candidate)
    load_seconds = time.perf_counter() - start
    reference = Engine.load(running)
    golden = list(queries) or golden_queries(reference)
    require_same_objectives(reference.objectives, engine.objectives)
    prove(engine, golden)
    parity = compare(reference, engine, golden)
    return {
        "bundle_id": engine.bundle_id,
        "against": reference.bundle_id,
        "load_seconds": load_seconds,
        **parity.as_dict(),
    }


def _loaded(folder: Path) -> Engine:
    try:
        return Engine.load(folder)
    except TrimtabError:
        raise
    except Exception as error:
        # What the checksums guard may still be wrong: a ranker of another shape fails when it is warmed up.
        raise BundleMismatch(f"it cannot search ({type(error).__name__})") from error


def main() -> None:
    """Candidate, running bundle, and a file of golden queries where there is one."""
    limit_this_process(niceness=NICENESS)
    candidate, running, *golden = map(Path, sys.argv[1:])
    queries = [line for file in golden for line in file.read_text().splitlines() if line.strip()]
    answer: dict[str, Any]
    try:
        answer = {"report": check(candidate, running, queries)}
    except TrimtabError as error:
        answer = {"problem": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
