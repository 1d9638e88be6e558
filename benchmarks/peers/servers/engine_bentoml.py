"""The engine behind BentoML: `python engine_bentoml.py BUNDLE PORT [tuned]`.

As its documentation has it, a method runs in a pool of threads and answers are written by pydantic; tuned, it runs in
the loop of events, answers with text, and nothing is logged or counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import bentoml
import orjson

from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.response import response_of

BUNDLE, TUNED = "BENCH_BUNDLE", "BENCH_TUNED"
WEIGHTS = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}
QUIET = {"metrics": {"enabled": False}, "logging": {"access": {"enabled": False}}} if os.environ.get(TUNED) else {}


@bentoml.service(**QUIET)
class Search:
    """Searches one text after the other."""

    def __init__(self) -> None:
        self.engine = Engine.load(Path(os.environ[BUNDLE]))

    def _found(self, text: str) -> dict[str, Any]:
        return response_of(self.engine.slate(Query(text, weights=WEIGHTS, group=False)), self.engine.store)

    if os.environ.get(TUNED):

        @bentoml.api  # type: ignore[untyped-decorator]
        async def search(self, q: str, context: bentoml.Context) -> str:
            """The slate as text."""
            context.response.headers["content-type"] = "application/json"
            return orjson.dumps(self._found(q)).decode()

    else:

        @bentoml.api  # type: ignore[untyped-decorator]
        def search(self, q: str) -> dict[str, Any]:
            """The slate."""
            return self._found(q)


if __name__ == "__main__":
    os.environ |= {BUNDLE: sys.argv[1], TUNED: "1" if "tuned" in sys.argv else "", "BENTOML_DO_NOT_TRACK": "True"}
    os.environ["BENTOML_HOME"] = tempfile.mkdtemp()
    here = Path(__file__)
    command = ["serve", f"{here.stem}:Search", "--working-dir", str(here.parent), "--host", "127.0.0.1"]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *command, "--port", sys.argv[2]])  # noqa: S606  # this interpreter
