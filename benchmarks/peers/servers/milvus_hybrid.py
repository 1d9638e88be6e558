"""Milvus Lite's hybrid search by vectors, full text and reciprocal ranks: `python milvus_hybrid.py FOLDER PORT`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI, Response
from pymilvus import AnnSearchRequest, DataType, Function, FunctionType, MilvusClient, RRFRanker
from static_encoder import encode

SHOWN, AT_ONCE, LONGEST = 20, 2_000, 4_000

with (Path(sys.argv[1]) / "items.jsonl").open() as file:
    items = list(map(json.loads, file))
vectors = encode([item["title"] for item in items])
# A file: the client starts the server on the loopback alone, in this process.
client = MilvusClient(str(Path(tempfile.mkdtemp()) / "items.db"))
schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
schema.add_field("item_id", DataType.VARCHAR, max_length=LONGEST, is_primary=True)
schema.add_field("title", DataType.VARCHAR, max_length=LONGEST, enable_analyzer=True)
schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
schema.add_function(Function("bm25", FunctionType.BM25, ["title"], ["words"]))
indices = client.prepare_index_params()
indices.add_index("vector", index_type="AUTOINDEX", metric_type="COSINE")
indices.add_index("words", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
client.create_collection("items", schema=schema, index_params=indices)
for start in range(0, len(items), AT_ONCE):
    rows = zip(items[start : start + AT_ONCE], vectors[start : start + AT_ONCE], strict=True)
    client.insert("items", [{**item, "vector": vector} for item, vector in rows])
client.flush("items")
client.load_collection("items")
shown = list(items[0])
app = FastAPI()


@app.get("/search")
def search(q: str, k: int = SHOWN) -> Response:
    asked = [
        AnnSearchRequest(encode([q]), "vector", {"metric_type": "COSINE"}, k),
        AnnSearchRequest([q], "words", {"metric_type": "BM25"}, k),
    ]
    found = client.hybrid_search("items", asked, RRFRanker(), limit=k, output_fields=shown)
    hits = [{**hit["entity"], "score": hit["distance"]} for hit in found[0]]
    return Response(orjson.dumps({"query": q, "hits": hits}), media_type="application/json")


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
