"""Where the time of a search goes, function by function: `python -m benchmarks.serving.parts --bundle B`.

Searches two words out of titles, none asked twice, and times what is named in `PARTS` and every kernel in place: with
the caches as a search leaves them, in which most of it takes two or three times as long as in a loop of its own. Times
are medians in microseconds over the searches that came by, and include what a part calls; the clocks themselves add
a tenth to the whole.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from trimtab.core.compiled import KERNELS
from trimtab.core.records import Query
from trimtab.engine import Engine

PARTS = (
    "retrieval.understanding.understand:understand",
    "retrieval.understanding.bounds:price_bounds",
    "retrieval.understanding.understand:_relaxed",
    "text.query:QueryReader._read",
    "retrieval.retriever:Retriever.retrieve",
    "retrieval.retriever:Retriever._encode",
    "retrieval.lexical.index:LexicalIndex.search",
    "retrieval.lexical.index:LexicalIndex.wanted",
    "retrieval.lexical.term_scores:WordScores.search",
    "retrieval.dense.index:DenseIndex.search",
    "retrieval.dense.index:_found",
    "retrieval.fusion:fused",
    "ranker.features:build_features",
    "ranker.words:ItemWords.of_query",
    "ranker.word_features:word_features",
    "engine.stages.scoring:Scoring.values",
    "ranker.networks:Networks.gains",
    "engine.stages.choosing:choose",
    "engine.stages.slate_stage:slate_stage",
    "engine.stages.slate_stage:SlateStage.best",
    "engine.stages.slate_stage:SlateStage.ordered",
    "engine.stages.choosing:_receipt",
    "engine.stages.choosing:_decision_id",
)
WEIGHTS = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}
N_SEARCHES, N_WARM = 1300, 100

Spent = dict[str, list[float]]


def main() -> None:
    """Print a line for each part, in the order in which a search comes to them first."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True)
    engine = Engine.load(parser.parse_args().bundle)
    spent: Spent = defaultdict(list)
    for part in PARTS:
        _time(part, spent)
    for kernel in KERNELS:
        name = f"  kernel {kernel.function.__module__.rpartition('.')[2]}.{kernel.function.__name__}"
        kernel.__dict__["compiled"] = _timed(kernel.compiled, name, spent)
    for number, text in enumerate(two_words_of_titles(engine)):
        if number == N_WARM:
            spent.clear()
        start = time.perf_counter()
        engine.slate(Query(text, weights=WEIGHTS, group=False))
        spent["search"].append(time.perf_counter() - start)
    n = len(spent["search"])
    for name, seconds in spent.items():
        sys.stdout.write(f"{name:48}{1e6 * median(seconds):9.1f} us {len(seconds) / n:7.2f} a search\n")


def two_words_of_titles(engine: Engine) -> list[str]:
    """Two words out of titles, none twice."""
    generator = random.Random(3)
    titles = map(str.split, engine.store.titles(list(range(0, len(engine.store), 37))))
    return list(dict.fromkeys(" ".join(generator.sample(words, min(2, len(words)))) for words in titles))[:N_SEARCHES]


def _time(part: str, spent: Spent) -> None:
    """Put a clock around a function, wherever a module has it by name, or around a method."""
    module_name, _, name = part.partition(":")
    owner: Any = import_module(f"trimtab.{module_name}")
    *classes, name = name.split(".")
    for one in classes:
        owner = getattr(owner, one)
    function = vars(owner)[name]
    timed = _timed(function, ".".join((*classes, name)), spent)
    setattr(owner, name, timed)
    for module in list(sys.modules.values()):
        if (
            not classes
            and getattr(module, "__name__", "").startswith("trimtab.")
            and vars(module).get(name) is function
        ):
            setattr(module, name, timed)


def _timed(function: Callable[..., Any], name: str, spent: Spent) -> Callable[..., Any]:
    @wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        found = function(*arguments, **named)
        spent[name].append(time.perf_counter() - start)
        return found

    return timed


if __name__ == "__main__":
    main()
