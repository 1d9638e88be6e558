"""Suggestions while the service runs: each engine's names and items, and the queries of the log, which are counted anew
now and then by one worker and read by all."""

from __future__ import annotations

import time
from asyncio import Lock, to_thread
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
import polars as pl
import structlog

from trimtab.core.errors import BadLog
from trimtab.engine import Engine
from trimtab.engine.log.impressions import ImpressionReader, is_data_folder, write_parquet
from trimtab.retrieval.suggestions.entries import items_of, names_of
from trimtab.retrieval.suggestions.queries import LOGGED, counted, queries_of
from trimtab.retrieval.suggestions.safety import keys_of
from trimtab.retrieval.suggestions.suggester import Liked, Suggester
from trimtab.service.one_worker import one_worker
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.settings import Settings

FILE = "suggestions/queries.parquet"
LOCK = "suggestions.lock"
LOOK_SECONDS = 30.0
REFRESH_SECONDS = 1.0
"""How soon a change of the catalogue is suggested where that takes next to no time."""
PAUSE_RATIO = 100.0
"""How many times as long as a suggester took to make it is kept."""
MAX_MADE = 4
"""Bundles whose suggesters are kept."""
LIKED_FIELDS = ("brand", "category", "product_type")

_log = structlog.get_logger()


class CountedQueries:
    """How often each query of the log was searched, and what came of it, as last counted.

    Attributes:
        frame: of `trimtab.retrieval.suggestions.queries.counted`; replaced, never changed.
    """

    def __init__(self, data_folder: Path, *, every_seconds: float) -> None:
        self._folder = data_folder
        self._file = data_folder / FILE
        self._every_seconds = every_seconds
        self._modified = 0.0
        self.frame = counted(())

    def refresh(self, *, at_once: bool = False) -> None:
        """Count again where that is due, and read what was counted; what cannot be read stays as it was."""
        try:
            self._count(at_once=at_once)
            self._read()
        except (OSError, pl.exceptions.PolarsError) as error:
            _log.error("queries for suggestions cannot be counted", problem=str(error))

    def _count(self, *, at_once: bool) -> None:
        if self._every_seconds == 0 or not self._folder.is_dir():
            return
        with one_worker(self._folder / LOCK) as is_ours:
            if not is_ours:
                return
            age = time.time() - self._file.stat().st_mtime if self._file.exists() else float("inf")
            if not at_once and 0 <= age < self._every_seconds:
                return
            counts = self._counts()
            self._file.parent.mkdir(exist_ok=True)
            write_parquet(counts, self._file)

    def _counts(self) -> pl.DataFrame:
        try:
            return counted(ImpressionReader(self._folder, LOGGED) if is_data_folder(self._folder) else ())
        except BadLog as error:
            _log.info("no log to suggest queries of", problem=str(error))
            return counted(())

    def _read(self) -> None:
        modified = self._file.stat().st_mtime if self._file.exists() else 0.0
        if modified != self._modified:
            self.frame = pl.read_parquet(self._file)
            self._modified = modified


@dataclass(frozen=True, slots=True)
class _Made:
    """A suggester, what it was made of, when, and how long that took."""

    suggester: Suggester
    engine: Engine
    queries: pl.DataFrame
    at: float
    seconds: float


class Suggestions:
    """The suggester of each bundle that answers.

    It is made when it is first asked for, and anew where the catalogue or the counts changed, by a thread that no
    request waits for and for a hundredth of the time at most: the names of a large catalogue take longer than a search.
    """

    def __init__(self, queries: CountedQueries, pseudonyms: Pseudonyms, settings: Settings) -> None:
        self._queries = queries
        self._pseudonyms = pseudonyms
        self._min_users = settings.suggest_min_users
        words = settings.suggest_blocked_words
        self._blocked = () if words is None else words.read_text(encoding="utf-8").splitlines()
        self._made: dict[str, _Made] = {}
        self._making = Lock()

    async def of(self, engine: Engine) -> Suggester:
        """The suggester of an engine; the first time it is made aside, and afterwards `refresh` keeps it new."""
        known = self._made.get(engine.bundle_id)
        if known is not None:
            return known.suggester
        async with self._making:
            known = self._made.get(engine.bundle_id)
            return (await to_thread(self._make, engine) if known is None else known).suggester

    def refresh(self, engine: Engine) -> None:
        """Make the suggester of an engine anew where that is due and somebody has asked for suggestions of it."""
        known = self._made.get(engine.bundle_id)
        try:
            if known is not None and self._is_due(known, engine):
                self._make(engine)
        except Exception:  # noqa: BLE001  # those that are there go on answering
            _log.exception("suggestions cannot be made anew")

    def _is_due(self, known: _Made, engine: Engine) -> bool:
        is_as_it_was = known.engine is engine and known.queries is self._queries.frame
        return not is_as_it_was and monotonic() - known.at >= PAUSE_RATIO * known.seconds

    def _make(self, engine: Engine) -> _Made:
        start, frame = monotonic(), self._queries.frame
        analyser = engine.retriever.knowledge.analyser
        queries = queries_of(frame, analyser, min_users=self._min_users, blocked=keys_of(self._blocked, analyser))
        suggester = Suggester([*queries, *names_of(engine.store), *items_of(engine.store)], analyser)
        made = _Made(suggester, engine, frame, monotonic(), monotonic() - start)
        self._made = dict([*self._made.items(), (engine.bundle_id, made)][-MAX_MADE:])
        return made

    def liked(self, engine: Engine, user_id: str | None) -> Liked:
        """What a user has bought, by field and value; nothing of somebody unknown."""
        history = engine.pipeline.history(self._pseudonyms.of(user_id)) if user_id is not None else None
        if history is None or len(history.rows) == 0:
            return {}
        store, total = engine.store, float(history.units.sum())
        liked = {
            ("item_id", item_id): float(units) / total
            for item_id, units in zip(store.item_ids(history.rows), history.units, strict=True)
        }
        for field in LIKED_FIELDS:
            codes, names = store.coded(field)
            units = np.bincount(codes[history.rows] + 1, weights=history.units)[1:]
            liked |= {(field, names[code]): float(units[code]) / total for code in np.flatnonzero(units).tolist()}
        return liked
