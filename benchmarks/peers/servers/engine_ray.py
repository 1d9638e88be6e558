"""The engine behind Ray Serve: `python engine_ray.py BUNDLE PORT [tuned]`.

As its documentation has it, a proxy asks one replica, and answers are written by its framework; tuned, by what its
documentation names for throughput, answers are bytes.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.response import response_of

TUNED = "tuned" in sys.argv
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1" if TUNED else "0"}

import ray  # noqa: E402  # it reads the variables as it is imported
from ray import serve  # noqa: E402  # so does this

WEIGHTS = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}


@serve.deployment
class Search:
    """Searches one text after the other."""

    def __init__(self, bundle: str) -> None:
        self.engine = Engine.load(Path(bundle))

    async def __call__(self, request: Request) -> Any:
        """The slate."""
        text = request.query_params["q"]
        found = response_of(self.engine.slate(Query(text, weights=WEIGHTS, group=False)), self.engine.store)
        return Response(orjson.dumps(found), media_type="application/json") if TUNED else found


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
    serve.run(Search.bind(sys.argv[1]))  # type: ignore[attr-defined]  # typed as the class
    signal.sigwait([signal.SIGTERM])
    ray.shutdown()
