"""The catalogue's side of a query: its candidates and its result set, and what it pins, hides, groups and relates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

from trimtab.catalog.groups import Groups
from trimtab.catalog.market import MOST_KEPT
from trimtab.core.records import Candidates, FloatArray, IntArray, Query
from trimtab.core.understood import Understood
from trimtab.engine.plan.degradation import DENSE, REMOTE, Levels
from trimtab.engine.stages.pipeline import NO_ROWS, Pipeline
from trimtab.engine.stages.related import RelatedItems, related_items
from trimtab.retrieval.filters import filter_mask
from trimtab.retrieval.result_set import ResultSet


class CandidateSource:
    """Looks up what a query whose words are understood asks for, in one state of the catalogue."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.store = pipeline.store
        self._related_to = lru_cache(MOST_KEPT)(partial(related_items, pipeline))

    def found(self, query: Query, levels: Levels) -> Candidates:
        """The candidates, of each group one; pinned items where they are among them, the others come later.

        Raises:
            Unavailable: the machines that they are looked up on do not answer.
        """
        related = self.related(query)
        if related is not None:
            return related.candidates(self._related_rows(query, related), self._pipeline)
        pipeline = self._pipeline.in_process if levels & {DENSE, REMOTE} else self._pipeline
        by_meaning = DENSE not in levels
        if self.groups(query) is None:
            return pipeline.retrieve(query.wording, filters=query.filters, by_meaning=by_meaning)
        return pipeline.retrieve_groups(
            query.wording,
            filters=query.filters,
            pinned=self.pinned_rows(query),
            hidden=self.hidden_rows(query),
            by_meaning=by_meaning,
        )

    def related(self, query: Query) -> RelatedItems | None:
        """What is related to the item that a query names; None where it looks for words."""
        return None if query.related is None else self._related_to(query.related, grouped=query.group)

    def wording(self, query: Query) -> Understood:
        """The words by which candidates are looked at: the query's, or those of the item that it names."""
        related = self.related(query)
        return query.wording if related is None else related.wording

    def predictions(self, query: Query, rows: IntArray) -> Mapping[str, FloatArray]:
        """[n] what is known of items in the place of the ranker's heads, by head."""
        related = self.related(query)
        return {} if related is None else related.predictions(rows)

    def unfound(self, query: Query, rows: IntArray) -> Candidates:
        """Items that were not among the candidates, as such."""
        related = self.related(query)
        if related is None:
            return self._pipeline.retriever.at_rows(query.wording, rows)
        return related.candidates(rows, self._pipeline)

    def results(self, query: Query) -> ResultSet:
        """All that meet the query's words, filters and exclusions."""
        related = self.related(query)
        return self._pipeline.retriever.results(
            query.wording,
            query.filters,
            hidden=self.hidden_rows(query),
            groups=self.groups(query),
            among=None if related is None else related.rows,
        )

    def groups(self, query: Query) -> Groups | None:
        """What items are shown as one hit."""
        return self._pipeline.groups if query.group else None

    def n_candidates(self, query: Query) -> int:
        """The most candidates of a query; where there are fewer, they are all that there is."""
        return self._pipeline.n_candidates(group=query.group)

    def hidden_rows(self, query: Query) -> IntArray:
        """Rows of the items that must not be shown."""
        if not query.constraints.exclusions:
            return NO_ROWS
        rows = self.store.rows_of(tuple(query.constraints.exclusions))
        return rows[rows >= 0]

    def pinned_rows(self, query: Query) -> list[int]:
        """Rows of the pinned items. A pin shows an item where the words did not find it, but not against a filter.

        A rule may outlive its item and must not fail the search.
        """
        if not query.constraints.pins:
            return []
        pinned: list[int] = self.store.rows_of(tuple(query.constraints.pins.values())).tolist()
        rows = [row for row in pinned if row >= 0]
        passes = filter_mask(self.store, query.filters) if rows else None
        return rows if passes is None else [row for row in rows if passes[row]]

    def _related_rows(self, query: Query, related: RelatedItems) -> IntArray:
        """The related items that meet the filters, of each group the closest one that may be shown."""
        passes = filter_mask(self.store, query.filters)
        rows = related.rows if passes is None else related.rows[passes[related.rows]]
        groups = self.groups(query)
        if groups is not None:
            pinned = [row for row in self.pinned_rows(query) if row in rows]
            standing = groups.standing(pinned=pinned, hidden=self.hidden_rows(query))
            rows = rows[standing.first_of_each(rows)]
        return rows[: self.n_candidates(query)]
