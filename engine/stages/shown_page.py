"""What a page shows beside its hits: facets, the size of the result set, other variants, what the words have met."""

from __future__ import annotations

from itertools import islice

import numpy as np

from trimtab.catalog.groups import nth_of_each
from trimtab.core.records import Slate, changed
from trimtab.engine.plan.degradation import FACETS, Degradation
from trimtab.engine.plan.search_plan import ScoredSearch
from trimtab.engine.stages.candidate_source import CandidateSource
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.retrieval.understanding.explanation import FIELDS, matched_fields

MAX_VARIANTS = 50
"""The most variants that are shown of one hit."""


def with_facets(slate: Slate, found: ScoredSearch, source: CandidateSource, degradation: Degradation) -> Slate:
    """The slate with its facets and the size of the result set, or with the note that it goes without them."""
    query, scored, watch = slate.query, found.scored, found.watch
    if FACETS in degradation.levels_before("facets"):
        return changed(slate, degraded=(FACETS, *slate.degraded))
    is_small = len(scored) < source.n_candidates(query) and not (scored.degraded or query.constraints.pins)
    is_looked_at = query.facets or query.sort is not None or not query.wording.words or scored.n_ranked is not None
    if not is_looked_at:
        return changed(slate, n_matches_exact=True) if is_small else slate
    results = source.results(query) if found.results is None else found.results
    facets = results.facets(query.facets, query.facet_limit, of_items=query.facet_items)
    watch.lap("facets")
    return changed(slate, facets=facets, n_matches=len(results), n_matches_exact=True, seconds=watch.total())


def with_variants(slate: Slate, source: CandidateSource) -> Slate:
    """The slate with the other items of each item's group, without those that must not be shown."""
    groups = source.groups(slate.query)
    if groups is None:
        return slate
    hidden = source.hidden_rows(slate.query)
    others, places = groups.others_of(slate.rows)
    if len(hidden):
        may = ~np.isin(others, hidden)
        others, places = others[may], places[may]
    counts = np.bincount(places, minlength=len(slate.rows))
    item_ids = iter(source.store.item_ids(others[nth_of_each(counts) < MAX_VARIANTS]))
    variants = tuple(tuple(islice(item_ids, min(n, MAX_VARIANTS))) for n in counts.tolist())
    return changed(slate, variants=variants, n_variants=tuple(counts.tolist()))


def listed_variant(item_id: str, pipeline: Pipeline) -> str | None:
    """A variant of an item's product that a page lists with it; None where it lists the item, or knows no such."""
    (row,) = pipeline.store.rows_of([item_id])
    if row < 0 or pipeline.groups is None:
        return None
    others = pipeline.groups.others(int(row))
    is_listed = np.searchsorted(others, row) < MAX_VARIANTS
    return None if is_listed else pipeline.store.item_ids(others[:1])[0]


def with_matched_words(slate: Slate, pipeline: Pipeline) -> Slate:
    """The slate with what each word of the query has met."""
    store, analyser = pipeline.store, pipeline.retriever.knowledge.analyser
    columns = {field: store.texts(field, slate.rows) for field in FIELDS}
    columns["attributes"] = list(map(store.searched_attributes_at, slate.rows.tolist()))
    texts = [dict(zip(FIELDS, one, strict=True)) for one in zip(*(columns[field] for field in FIELDS), strict=True)]
    return changed(slate, matched=tuple(matched_fields(slate.query.wording, texts, analyser)))
