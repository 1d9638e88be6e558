"""What answered searches teach the deadlines of later ones."""

from __future__ import annotations

from time import perf_counter

from trimtab.service.observability.metrics import Metrics
from trimtab.service.search.records import SearchCompleted


class DeadlineLearning:
    """Keeps what the stages of each search took, and counts the searches that were late."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def on_search(self, completed: SearchCompleted) -> None:
        """Comes last, because all that was done since the slate was chosen is the stage `respond`."""
        deadline = completed.search.deadline
        deadline.learn({**completed.slate.seconds, "respond": perf_counter() - completed.chosen_at})
        if deadline.is_past:
            self._metrics.searches_late.inc()
