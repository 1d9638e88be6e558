"""The engine behind plain FastAPI: `python engine_fastapi.py BUNDLE PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI, Response

from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.response import response_of

engine = Engine.load(Path(sys.argv[1]))
app = FastAPI()


@app.get("/search")
async def search(q: str, w_relevance: float = 0.6, w_revenue: float = 0.3, w_diversity: float = 0.1) -> Response:
    weights = {"relevance": w_relevance, "revenue": w_revenue, "diversity": w_diversity}
    slate = engine.slate(Query(q, weights=weights, group=False))
    return Response(orjson.dumps(response_of(slate, engine.store)), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
