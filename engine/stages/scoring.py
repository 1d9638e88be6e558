"""What the ranker predicts of candidates, times what the items are worth at a moment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import Candidates, FloatArray, IntArray, Query, ScoredCandidates, Shopper
from trimtab.core.understood import Understood
from trimtab.core.work.stopwatch import Stopwatch
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.plan.degradation import RANKING, Levels
from trimtab.engine.stages.candidate_source import CandidateSource
from trimtab.ranker.features import FEATURES
from trimtab.ranker.item_values import columns_at

SECONDS_KEPT = 60.0
"""How long what changes with the time is taken to stay as it is."""

Floats = NDArray[np.float64]
NOTHING_KNOWN: Mapping[str, FloatArray] = MappingProxyType({})


class Scoring:
    """Gains of items by the heads of one bundle.

    Args:
        source: what is known of a query's candidates beside their features.
    """

    def __init__(self, bundle: Bundle, source: CandidateSource) -> None:
        self._bundle = bundle
        self._source = source
        self._pipeline = bundle.pipeline
        self._store = bundle.pipeline.store
        self._uses_clock = bundle.values.uses_clock

    def prepare(self) -> None:
        """Compute what the first search would."""
        _ = self._pipeline.items.numbers
        if not self._uses_clock:
            _ = self._lasting_values

    def gains(
        self,
        features: FloatArray,
        rows: IntArray,
        *,
        moment: float | Floats | None = None,
        known: Mapping[str, FloatArray] = NOTHING_KNOWN,
    ) -> FloatArray:
        """[n, F] features and [n] rows -> [n, n_objectives], at a moment or [n] moments; now where none is given.

        Args:
            known: [n] predictions that do not come from features, by head.
        """
        values = self.values(rows, self.moment() if moment is None else moment)
        gains = self._bundle.ranker.scorer.gains(features, values)
        for number, one in enumerate(self._bundle.served):
            if one.objective.head in known:
                gains[:, number] = known[one.objective.head] * values[:, number]
        return gains

    def moment(self, asked: float | None = None) -> float:
        """The moment that a search at that time is answered for: its minute, so that candidates may be kept that long.

        Always the same where nothing changes with the time alone.
        """
        if not self._uses_clock:
            return 0.0
        return (time.time() if asked is None else asked) // SECONDS_KEPT * SECONDS_KEPT

    def values(self, rows: IntArray, moment: float | Floats) -> FloatArray:
        """[n, n_objectives] what items are worth to each objective at a moment or [n] moments, winsorised."""
        if not self._uses_clock:
            return self._lasting_values.take(rows, axis=0)
        return self._values_at(rows, moment)

    @cached_property
    def _lasting_values(self) -> FloatArray:
        """[n_items, n_objectives] `values`, which are the same at every moment."""
        return self._values_at(np.arange(len(self._store)), 0.0)

    def _values_at(self, rows: IntArray, moment: float | Floats) -> FloatArray:
        known = self._bundle.values.of(columns_at(self._store, rows), len(rows), moment=moment)
        return self._bundle.bounds.winsorised(known)

    def predict(self, text: str | Understood, candidates: Candidates, user_id: str | None = None) -> FloatArray:
        """[n, n_objectives] gains of any candidates of a query."""
        return self.gains(self._pipeline.featurise(text, candidates, user_id), candidates.rows)

    def predict_for_users(self, query: Query, candidates: Candidates, shoppers: Sequence[Shopper]) -> FloatArray:
        """[n_users, n, n_objectives] gains of one query's candidates for many users: `scored`, for whole logs."""
        features = self._pipeline.featurise_for_users(self._source.wording(query), candidates, shoppers)
        moments = np.repeat([self.moment(one.moment) for one in shoppers], len(candidates))
        rows = np.tile(candidates.rows, len(shoppers))
        known = self._source.predictions(query, rows)
        gains = self.gains(features.reshape(-1, features.shape[-1]), rows, moment=moments, known=known)
        return gains.reshape(len(shoppers), len(candidates), len(self._bundle.objectives))

    def scored(self, query: Query, candidates: Candidates, degraded: Levels, watch: Stopwatch) -> ScoredCandidates:
        """Candidates with their features and gains; with zeros where `ranking` is left out."""
        rows = candidates.rows
        if RANKING in degraded:
            features = np.zeros((len(rows), len(FEATURES)), dtype=np.float32)
            gains = np.zeros((len(rows), len(self._bundle.objectives)), dtype=np.float32)
        else:
            wording = self._source.wording(query)
            features = self._pipeline.featurise(wording, candidates, query.user_id, query.recent)
            watch.lap("featurise")
            known = self._source.predictions(query, rows)
            gains = self.gains(features, rows, moment=query.moment, known=known)
            watch.lap("rank")
        return ScoredCandidates(rows, features, gains, self._store.aspects(rows), tuple(degraded))

    def rescored(self, query: Query, scored: ScoredCandidates, rows: IntArray) -> ScoredCandidates:
        """The scores of some rows; those that are not among the candidates as if retrieval had not found them."""
        new = rows[~np.isin(rows, scored.rows)]
        more = self.scored(query, self._source.unfound(query, new), frozenset(scored.degraded), Stopwatch())
        places = {row: place for place, row in enumerate([*scored.rows.tolist(), *new.tolist()])}
        at = [places[row] for row in rows.tolist()]
        return ScoredCandidates(
            rows,
            np.concatenate([scored.features, more.features])[at],
            np.concatenate([scored.gains, more.gains])[at],
            np.concatenate([scored.aspects, more.aspects])[at],
            scored.degraded,
        )

    def fits(self, scored: ScoredCandidates) -> bool:
        """Whether candidates that came from elsewhere can be those of a search here."""
        rows, n = scored.rows, scored.rows.size
        is_of_shape = (
            rows.shape == (n,)
            and rows.dtype == np.int64
            and scored.features.shape == (n, len(FEATURES))
            and scored.gains.ndim == 2
            and len(scored.gains) == n
            and scored.gains.shape[1] >= len(self._bundle.objectives)
        )
        if not is_of_shape or not np.isfinite(scored.gains).all():
            return False
        are_items = bool(((rows >= 0) & (rows < len(self._store))).all()) and len(np.unique(rows)) == n
        return are_items and np.array_equal(scored.aspects, self._store.aspects(rows))
