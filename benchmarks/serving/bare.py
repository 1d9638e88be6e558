"""A search beside the bare calls of the libraries that it began as: `python -m benchmarks.serving.bare --bundle B`.

The same bundle is asked the same texts in turns, two words out of titles, none asked twice: once by `Engine.slate`, and
once by tokens and vector of the text, the nearest 200 by FAISS, the best 200 by tantivy and the heads in TorchScript
for 200 rows of features, each with inputs that are prepared and, like the search, the first time that it sees the text.
One thread; medians of milliseconds of processor time, by call and of their sum.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import faiss
import numpy as np
import tantivy
from tantivy import Occur

from benchmarks.serving.parts import N_WARM, WEIGHTS, two_words_of_titles
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.ranker.artifact import FILE, ScriptedRanker
from trimtab.ranker.features import FEATURES
from trimtab.retrieval.dense.index import DenseIndex
from trimtab.retrieval.encoders.registry import load_encoder
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.index_files import open_index
from trimtab.retrieval.lexical.term_scores import BOOSTS, TIE_BREAKER

DEPTH = 200


def main() -> None:
    """Print a line for each call, their sum, the search and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True)
    bundle: Path = parser.parse_args().bundle
    engine = Engine.load(bundle)
    calls = _bare_calls(engine, bundle)
    spent = defaultdict(list)
    for number, text in enumerate(two_words_of_titles(engine)):
        taken = {name: _milliseconds(call) for name, call in calls(text).items()}
        taken["bare calls"] = sum(taken.values())
        taken["search"] = _milliseconds(partial(engine.slate, Query(text, weights=WEIGHTS, group=False)))
        if number >= N_WARM:
            for name, milliseconds in taken.items():
                spent[name].append(milliseconds)
    medians = {name: median(each) for name, each in spent.items()}
    for name, milliseconds in medians.items():
        sys.stdout.write(f"{name:24}{milliseconds:9.3f} ms\n")
    sys.stdout.write(f"{'search / bare calls':24}{medians['search'] / medians['bare calls']:9.2f}\n")


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start)


def _bare_calls(engine: Engine, bundle: Path) -> Callable[[str], dict[str, Callable[[], object]]]:
    """Text -> name -> the call, with everything it needs prepared."""
    faiss.omp_set_num_threads(1)
    encoder, preparing = (load_encoder(engine.retriever.encoder.name) for _ in range(2))
    dense, lexical = engine.retriever.dense, engine.retriever.lexical
    if not isinstance(dense, DenseIndex) or not isinstance(lexical, LexicalIndex):
        raise SystemExit("the bundle is searched by a server")
    words = open_index(bundle / "retrieval" / "lexical")
    searcher = words.searcher()
    heads = ScriptedRanker((bundle / "ranker" / FILE).read_bytes())
    generator = np.random.Generator(np.random.PCG64(0))
    features = generator.normal(size=(DEPTH, len(FEATURES))).astype(np.float32)
    values = np.ones((DEPTH, len(engine.objectives)), np.float32)

    def calls(text: str) -> dict[str, Callable[[], object]]:
        vector = preparing.encode([text])
        query = _query(lexical, words.schema, text)
        return {
            "tokens and vector": lambda: encoder.encode([text]),
            "FAISS": lambda: dense.index.search(vector, DEPTH),
            "tantivy": lambda: searcher.search(query, DEPTH, count=False),
            "TorchScript": lambda: heads.gains(features, values),
        }

    return calls


def _query(lexical: LexicalIndex, schema: Any, text: str) -> tantivy.Query:
    """Any reading of any word in any field, the best field counting."""
    terms = {term for word in lexical.terms(text) for reading in word.readings for term in reading}
    clauses = [
        tantivy.Query.disjunction_max_query(
            [
                tantivy.Query.boost_query(tantivy.Query.term_query(schema, field, term, "freq"), boost)
                for field, boost in BOOSTS.items()
            ],
            TIE_BREAKER,
        )
        for term in sorted(terms)
    ]
    return tantivy.Query.boolean_query([(Occur.Should, clause) for clause in clauses])


if __name__ == "__main__":
    main()
