"""The engine behind LitServe: `python engine_litserve.py BUNDLE PORT [tuned]`.

With the settings of its documentation; tuned, processes speak by its fast queue, and answers are bytes.
"""

import sys
from pathlib import Path
from typing import Any

import litserve
import litserve.server
import orjson
from fastapi import Request, Response

from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.response import response_of

litserve.server._MCP_AVAILABLE = False  # noqa: SLF001  # it would look for agents' packages that this bench lacks
TUNED = "tuned" in sys.argv
WEIGHTS = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}


class SearchAPI(litserve.LitAPI):  # type: ignore[misc]  # untyped
    """Searches one text after the other."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # there is one
        """Load the engine in the process that computes."""
        self.engine = Engine.load(Path(sys.argv[1]))

    def decode_request(self, request: Request) -> str:
        """The words, out of what LitServe gives for an annotation of `Request`: the object of the body."""
        return str(request["q"])

    def predict(self, text: str) -> Any:
        """The slate."""
        return self.engine.slate(Query(text, weights=WEIGHTS, group=False))

    def encode_response(self, slate: Any) -> Any:
        """What is answered."""
        found = response_of(slate, self.engine.store)
        return Response(orjson.dumps(found), media_type="application/json") if TUNED else found


if __name__ == "__main__":
    server = litserve.LitServer(SearchAPI(), accelerator="cpu", workers_per_device=1, fast_queue=TUNED)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
