"""LanceDB's hybrid search by vectors, full text and reciprocal ranks: `python lancedb_hybrid.py FOLDER PORT`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import lancedb
import orjson
import pyarrow as pa
import uvicorn
from fastapi import FastAPI, Response
from lancedb.rerankers import RRFReranker
from static_encoder import encode

SHOWN = 20

with (Path(sys.argv[1]) / "items.jsonl").open() as file:
    items = list(map(json.loads, file))
vectors = encode([item["title"] for item in items])
table = pa.table(
    {
        **{name: [item[name] for item in items] for name in items[0]},
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
    }
)
stored = lancedb.connect(tempfile.mkdtemp()).create_table("items", table)
# Its documentation asks for an index of vectors only from 100,000 rows on.
stored.create_fts_index("title", use_tantivy=False)
reranker = RRFReranker()
app = FastAPI()


@app.get("/search")
def search(q: str, k: int = SHOWN) -> Response:
    found = stored.search(query_type="hybrid").vector(encode([q])[0]).text(q)
    hits = found.rerank(reranker).limit(k).select(list(items[0])).to_list()
    return Response(
        orjson.dumps({"query": q, "hits": hits}, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json"
    )


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
