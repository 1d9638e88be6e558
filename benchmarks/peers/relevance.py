"""ndcg@10 of whole engines on judged queries, by `python -m benchmarks.peers.relevance --data D --environments E`.

Each engine searches the whole catalogue (`D/icecat`, `D/esci`) and answers with its first 200. `judged` keeps of them
the judged items in their order, `all` counts an item that nobody judged as worth nothing; what was judged and not found
comes last. What learns from judgments (ours, and LightGBM's trees) is asked the queries of a fold after learning from
the other four; `untrained` is ours without judgments. The rest is given the titles alone, and titles with every other
text of an item, and is shown at its better.

What was found is written to `R/SET-KEY.json` at once, and not measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import numpy as np
import polars as pl

from benchmarks.peers.serving import PEERS, Peer, Places, command_of, served
from loadtests.document import replace_section
from trimtab.catalog.datasets.folders import DATA_SETS
from trimtab.catalog.judgments import read_judgments
from trimtab.core.metrics import mean_interval, ndcg_at_k
from trimtab.core.records import MAX_K, Query
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.ranker.training.crossval import folds_of

SETS = ("icecat", "esci")
ENGINES = tuple(peer for peer in PEERS if not peer.serves_bundle)
OURS = {"trimtab": "trimtab, out of fold", "untrained": "trimtab without judgments"}
NAMES = OURS | {peer.key: peer.name for peer in ENGINES}
LEARNS = "bm25s"
TEXTS = ("titles", "everything")
SHOWN = ("item_id", "title", "brand", "category", "product_type", "price", "popularity")

Ask = Callable[[str], Sequence[str]]
"""A query -> ids of what is found, the best first."""
Found = dict[str, tuple[float, float]]
"""Query -> ndcg@10 among the judged, and among all."""


def main() -> None:
    """Measure what has no file yet, and print the table or write it where it is asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with one for each set")
    parser.add_argument("--environments", type=Path, required=True, help="a folder with an environment a peer")
    parser.add_argument("--results", type=Path, default=Path("build/peers-relevance"))
    parser.add_argument("--engine", choices=list(NAMES), action="append", help="these alone")
    parser.add_argument("--document", type=Path, help="a page whose section `relevance` is written")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        judgments = read_judgments(arguments.data / name / "judgments.csv")
        for key in arguments.engine or NAMES:
            path = arguments.results / f"{name}-{key}.json"
            if not path.exists():
                found = _measure(name, key, arguments.data / name, judgments, arguments.environments)
                path.write_text(json.dumps(found) + "\n")
                sys.stderr.write(f"{name}, {key}: {_cells(found)}\n")
    table = table_of(arguments.results)
    sys.stdout.write(table)
    if arguments.document is not None:
        replace_section(arguments.document, "relevance", table)


def _measure(name: str, key: str, data: Path, judgments: pl.DataFrame, environments: Path) -> dict[str, Found]:
    """What an engine is given -> what it finds."""
    if key in OURS:
        return {"everything": _asked(_folds(judgments, _ours(name, data), learns=key == "trimtab"))}
    peer = next(peer for peer in ENGINES if peer.key == key)
    items = DATA_SETS[name].load(data)

    def start(text: str) -> Callable[[pl.DataFrame | None], Any]:
        return lambda known: _peer(peer, _given(items, text), known, environments)

    return {text: _asked(_folds(judgments, start(text), learns=key == LEARNS)) for text in TEXTS}


def _folds(
    judgments: pl.DataFrame, start: Callable[[pl.DataFrame | None], Any], *, learns: bool
) -> Iterator[tuple[Ask, pl.DataFrame]]:
    """How to ask, and the judgments of what is asked."""
    queries = judgments["query"].unique(maintain_order=True).to_numpy().astype(np.str_)
    folds = folds_of(queries) if learns else np.zeros(len(queries), dtype=np.int64)
    for fold in np.unique(folds):
        asked = pl.col("query").is_in(queries[folds == fold].tolist())
        with start(judgments.filter(~asked) if learns else None) as ask:
            yield ask, judgments.filter(asked)


def _asked(folds: Iterator[tuple[Ask, pl.DataFrame]]) -> Found:
    found: Found = {}
    for ask, judgments in folds:
        for (text,), rows in judgments.group_by("query", maintain_order=True):
            grades = dict(zip(rows["item_id"], rows["grade"], strict=True))
            ids = ask(str(text))
            judged = [item for item in ids if item in grades]
            both = (_ndcg(judged, grades), _ndcg(ids, grades))
            if not np.isnan(both[0]):  # a query without a relevant item says nothing
                found[str(text)] = both
    return found


def _ndcg(ids: Sequence[str], grades: Mapping[str, int]) -> float:
    missed = [grade for item, grade in grades.items() if item not in set(ids)]
    return ndcg_at_k(-np.arange(len(ids)), [grades.get(item, 0) for item in ids], k=10, missed=missed)


def _ours(name: str, data: Path) -> Callable[[pl.DataFrame | None], Any]:
    items = DATA_SETS[name].load(data)

    @contextmanager
    def start(judgments: pl.DataFrame | None) -> Iterator[Ask]:
        with TemporaryDirectory() as scratch:
            bundle = Path(scratch) / "bundle"
            build_bundle(items, bundle, source=name, encoder="wordllama", judgments=judgments)
            engine = Engine.load(bundle)

            def ask(text: str) -> Sequence[str]:
                return engine.slate(Query(text, k=MAX_K, group=False)).item_ids

            yield ask

    return start


def _given(items: pl.DataFrame, text: str) -> list[dict[str, Any]]:
    """What a peer indexes."""
    others = [name for name in ("title", "brand", "category", "product_type", "attributes") if name in items.columns]
    title = pl.concat_str(others, separator=" ", ignore_nulls=True) if text == "everything" else pl.col("title")
    shown = items.with_columns(title.alias("title")).select(name for name in SHOWN if name in items.columns)
    return shown.fill_nan(None).to_dicts()


@contextmanager
def _peer(
    peer: Peer, items: Sequence[Mapping[str, Any]], judgments: pl.DataFrame | None, environments: Path
) -> Iterator[Ask]:
    with TemporaryDirectory() as scratch:
        places = Places(Path(scratch), environments, Path(scratch))
        if command_of(peer, places) is None:
            raise SystemExit(f"{peer.name}: not installed")
        empty = dict.fromkeys(SHOWN, "") | {"price": None, "popularity": 0.0}
        lines = (
            json.dumps(empty | {name: value for name, value in item.items() if value is not None}) for item in items
        )
        (places.scratch / "items.jsonl").write_text("\n".join(lines) + "\n")
        if judgments is not None:
            judgments.write_ndjson(places.scratch / "judgments.jsonl")
        with served(peer, places) as running:

            def ask(text: str) -> Sequence[str]:
                address = f"http://127.0.0.1:{running.port}{peer.path_of(MAX_K).replace('TEXT', quote(text))}"
                with urlopen(address, timeout=120) as answer:  # our own server
                    found = json.load(answer)
                return [
                    str(hit.get("item_id") or hit["id"])
                    for hit in (found if isinstance(found, list) else found["hits"])
                ]

            yield ask


def table_of(results: Path) -> str:
    """An engine a line, the best on the first set first, with its better texts on each set."""
    lines = []
    for key, name in NAMES.items():
        paths = [results / f"{one}-{key}.json" for one in SETS]
        cells = [_cells(json.loads(path.read_text())) if path.exists() else ("",) * 3 for path in paths]
        if any(path.exists() for path in paths):
            lines.append((cells, f"| {name} | {' | '.join(cell for one in cells for cell in one)} |"))
    head = ["engine", *(f"{name}, {what}" for name in SETS for what in ("judged", "all", "given"))]
    table = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*table, *(line for _, line in sorted(lines, reverse=True))]) + "\n"


def _cells(found: Mapping[str, Found]) -> tuple[str, str, str]:
    """The mean among the judged with its interval, among all, and what was given, at the better."""
    figures = {text: np.array(list(of.values())) for text, of in found.items()}
    best = max(figures, key=lambda text: float(figures[text][:, 0].mean()))
    judged, everything = (mean_interval(figures[best][:, column]) for column in (0, 1))
    return f"{judged.value:.3f} ({judged.low:.3f} to {judged.high:.3f})", f"{everything.value:.3f}", best


if __name__ == "__main__":
    main()
