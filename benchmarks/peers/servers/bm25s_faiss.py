"""bm25s, FAISS and LightGBM behind FastAPI: `python bm25s_faiss.py FOLDER PORT`.

What a search engine of libraries is in a hundred lines: 200 candidates of either kind, put in order by trees that were
fitted on judgments, or on what titles and product types say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import bm25s
import faiss
import lightgbm
import numpy as np
import orjson
import uvicorn
from fastapi import FastAPI, Response
from static_encoder import encode

DEPTH, SHOWN, N_QUERIES = 200, 20, 300

with (Path(sys.argv[1]) / "items.jsonl").open() as file:
    items = list(map(json.loads, file))
titles = [item["title"] for item in items]
lexical = bm25s.BM25(backend="numba")
lexical.index(bm25s.tokenize(titles, stopwords="en", show_progress=False), show_progress=False)
vectors = encode(titles)
faiss.omp_set_num_threads(1)
dense = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
dense.add(vectors)
dense.hnsw.efSearch = DEPTH
prices = np.array([item["price"] or 0.0 for item in items], dtype=np.float32)
popularity = np.log1p(np.array([item["popularity"] for item in items], dtype=np.float32))


def candidates(text: str) -> tuple[np.ndarray, np.ndarray]:
    tokens = bm25s.tokenize([text], stopwords="en", show_progress=False)
    if len(tokens.vocab):
        found, scores = lexical.retrieve(tokens, k=DEPTH, show_progress=False, n_threads=1)
    else:
        found, scores = np.empty((1, 0), dtype=np.int64), np.empty((1, 0), dtype=np.float32)  # stop words alone
    vector = encode([text])
    _, near = dense.search(vector, DEPTH)
    rows = np.unique(np.concatenate([found[0], near[0]]))
    by_words = np.zeros(len(rows), dtype=np.float32)
    by_words[np.searchsorted(rows, found[0])] = scores[0]
    cosines = vectors[rows] @ vector[0]
    return rows, np.stack([by_words, cosines, popularity[rows], prices[rows]], axis=1)


def lessons() -> Iterator[tuple[str, Callable[[int], int]]]:
    """Texts, and the grade of a row: as judged where there are judgments, else whether it is of the type asked for."""
    judged = Path(sys.argv[1]) / "judgments.jsonl"
    if judged.exists():
        grades: dict[str, dict[str, int]] = {}
        for line in judged.read_text().splitlines():
            row = json.loads(line)
            grades.setdefault(row["query"], {})[row["item_id"]] = int(row["grade"])
        for text, of_items in grades.items():
            yield text, partial(grade_of, of_items)
    else:
        for name in sorted({item["product_type"] for item in items if item["product_type"]})[:N_QUERIES]:
            yield name, partial(is_of_type, name)


def grade_of(grades: Mapping[str, int], row: int) -> int:
    return grades.get(items[row]["item_id"], 0)


def is_of_type(name: str, row: int) -> int:
    return int(items[row]["product_type"] == name)


def fitted() -> lightgbm.Booster:
    """Trees that put candidates in order."""
    features, labels, sizes = [], [], []
    for text, grade in lessons():
        rows, of_query = candidates(text)
        features.append(of_query)
        labels += list(map(grade, rows))
        sizes.append(len(rows))
    data = lightgbm.Dataset(np.concatenate(features), labels, group=sizes)
    settings = {"objective": "lambdarank", "num_leaves": 31, "verbose": -1, "num_threads": 1}
    return lightgbm.train(settings, data, num_boost_round=100)


ranker = fitted()
app = FastAPI()


@app.get("/search")
async def search(q: str, k: int = SHOWN) -> Response:
    rows, features = candidates(q)
    scores = np.asarray(ranker.predict(features, num_threads=1))
    order = np.argsort(scores)[::-1][:k]
    hits = [{**items[rows[place]], "score": float(scores[place])} for place in order]
    return Response(orjson.dumps({"query": q, "hits": hits}), media_type="application/json")


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
