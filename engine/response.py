"""A slate as the plain values of the HTTP interface; the command line prints the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import Any

import orjson

from trimtab.catalog.store import ItemStore
from trimtab.core.records import ReceiptLine, Slate
from trimtab.ranker.features import FEATURES

SHOWN_TEXTS = ("title", "brand", "category")
ADDRESSES = ("image", "url")
MAX_TEXT_BYTES = 400_000
"""The most that the texts of all hits take in an answer, which stays below a megabyte with the rest."""
MAX_ESCAPED_BYTES = 6
"""What a character may take in JSON."""


def response_of(
    slate: Slate,
    store: ItemStore,
    *,
    arm: str | None = None,
    hidden: Collection[str] = (),
    private: Collection[str] = (),
) -> dict[str, Any]:
    """The response of `GET /search`; its fields are described in `service/search/response.py`.

    Args:
        arm: of an experiment, that the slate was chosen by.
        hidden: features that `explain` leaves out.
        private: objectives whose values are left out; their receipts are in units of the baseline.
    """
    return {
        "decision_id": slate.decision_id,
        "query": slate.query.text,
        "understood": slate.query.wording.as_dict(),
        "hits": _fitted(list(_hits(slate, store, hidden, private))),
        "currency": store.currency,
        "n_candidates": slate.n_candidates,
        "n_matches": slate.n_matches,
        "n_matches_exact": slate.n_matches_exact,
        "weights": dict(slate.weights),
        "receipt": {name: _line(line, is_private=name in private) for name, line in slate.receipt.items()},
        "infeasible": slate.infeasible,
        "note": slate.note,
        "degraded": list(slate.degraded),
        "facets": {field: dict(facet.counts) for field, facet in slate.facets.items()},
        "facet_details": {field: facet.details() for field, facet in slate.facets.items()},
        "bundle": slate.bundle,
        "arm": arm,
        "variant": arm,  # the name that `arm` had before, for one version
        "took_ms": {stage: round(seconds * 1e3, 3) for stage, seconds in slate.seconds.items()},
    }


def _line(line: ReceiptLine, *, is_private: bool) -> dict[str, Any]:
    unit = (abs(line.baseline) or abs(line.expected) or 1.0) if is_private else 1.0
    return {"expected": line.expected / unit, "baseline": line.baseline / unit, "change": line.change}


def _hits(
    slate: Slate, store: ItemStore, hidden: Collection[str], private: Collection[str]
) -> Iterator[dict[str, Any]]:
    gains, scores, propensities = slate.gains.tolist(), slate.scores.tolist(), slate.propensities.tolist()
    objectives = [(m, name) for m, name in enumerate(slate.objectives) if name not in private]
    hits = store.displays(slate.rows)
    variants = repeat(None) if slate.variants is None else _variants(hits, slate.variants, store)
    for index, (hit, others) in enumerate(zip(hits, variants, strict=False)):
        its = gains[index]
        hit["variants"] = others
        hit["n_variants"] = None if slate.n_variants is None else slate.n_variants[index]
        hit["position"] = slate.query.offset + index
        hit["score"] = scores[index]
        hit["objectives"] = {name: its[m] for m, name in objectives}
        hit["propensity"] = propensities[index]
        if slate.query.explain:
            features = zip(FEATURES, slate.features[index].tolist(), strict=True)
            hit["features"] = {name: value for name, value in features if name not in hidden}
        if slate.matched:
            hit["matched"] = {word: list(fields) for word, fields in slate.matched[index].items()}
        yield hit


VARIANT_FIELDS = ("item_id", "title", "price", "in_stock", "image", "url")


def _variants(
    hits: Sequence[Mapping[str, Any]], variants: Sequence[Sequence[str]], store: ItemStore
) -> list[list[dict[str, Any]]]:
    """By hit the other items of its group, with the attributes in which they differ; None where they lack one."""
    every = iter(store.displays(store.rows_of([*chain.from_iterable(variants)]), VARIANT_FIELDS))
    found = [list(islice(every, len(item_ids))) for item_ids in variants]
    for hit, others in zip(hits, found, strict=True):
        own = hit["attributes"]
        lacking = dict.fromkeys(own)
        for one in others:
            if own or one["attributes"]:
                its = lacking | one["attributes"]
                one["attributes"] = {name: value for name, value in its.items() if own.get(name) != value}
    return found


def _fitted(hits: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The hits, whose longest texts are cut and longest addresses left out where they are too much for one answer."""
    names = (*SHOWN_TEXTS, *ADDRESSES)
    n_characters = sum(map(len, chain.from_iterable(map(itemgetter(*names), hits))))
    if n_characters * MAX_ESCAPED_BYTES <= MAX_TEXT_BYTES:
        return hits
    if sum(_size(hit[name]) for hit in hits for name in names) <= MAX_TEXT_BYTES:
        return hits
    share = MAX_TEXT_BYTES // (len(hits) * len(names))
    for hit in hits:
        for name in names:
            if _size(hit[name]) > share:
                hit[name] = hit[name][: share // MAX_ESCAPED_BYTES] + "…" if name in SHOWN_TEXTS else ""
    return hits


def _size(text: str) -> int:
    return len(orjson.dumps(text))
