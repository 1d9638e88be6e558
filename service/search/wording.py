"""The words of a request: as the engine understands them, under the rules and synonyms of the moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from trimtab.core.records import Query, changed
from trimtab.engine import Engine
from trimtab.retrieval.understanding.understand import Wishes
from trimtab.service.search.request import SearchRequest
from trimtab.service.search.rules import RuleBook
from trimtab.service.search.synonyms import SynonymBook
from trimtab.text.analyser import language_code


@dataclass(frozen=True, slots=True)
class Wording:
    """Understands words by these rules and synonyms."""

    rules: RuleBook
    synonyms: SynonymBook

    def of(self, query: Query, engine: Engine, request: SearchRequest, now: datetime) -> Query:
        """The query with its words understood, and with what rules say of them.

        Rules hold for the words as typed and as they were understood.

        Raises:
            BadParameter: a filter that does not exist here, a language that cannot be read.
        """
        known = engine.retriever.knowledge
        wishes = Wishes(
            steps=request.steps(known.steps),
            language=None if request.language is None else language_code(request.language),
            rewritten=None if request.exact else self.rules.rewritten(query.text, query.filters, now),
            synonyms=self.synonyms.of(known.analyser, now),
        )
        asked = query.filters
        query = engine.understood(query, wishes)
        if not self.rules:
            return query
        understood = query.wording
        texts = [text for text in (query.text, understood.rewritten, understood.corrected) if text is not None]
        orders, constraints = self.rules.obeyed(texts, asked, now, budgets=query.constraints)
        fields = {condition.field for condition in query.filters}  # two conditions on one field would widen
        return changed(
            query,
            understood=replace(understood, redirect=orders.redirect, banner=orders.banner),
            constraints=constraints,
            filters=(*query.filters, *(one for one in orders.filters if one.field not in fields)),
        )
