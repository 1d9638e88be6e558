"""Suggestions while the service runs: an index of each bundle, mapped, and made anew aside of what serves."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from trimtab.core.errors import TrimtabError, Unavailable
from trimtab.core.work.children import Child
from trimtab.engine import Engine
from trimtab.engine.log.impressions import FOLDER as IMPRESSIONS
from trimtab.retrieval.suggestions.entries import ITEM
from trimtab.retrieval.suggestions.index import FOLDER, SuggestionIndex
from trimtab.retrieval.suggestions.suggester import Liked, Suggester
from trimtab.service.one_worker import one_worker
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.suggestion_indices import Made, Task, newest
from trimtab.service.settings import Settings

PROCESS = "trimtab.service.search.suggestion_process"
LOCK = "suggestions.lock"
LOOK_SECONDS = 1.0
"""Between two looks whether the catalogue has changed, or another worker has made an index."""
MAKE_SECONDS = 600.0
"""The longest time that making one may take."""
PAUSE_RATIO = 20.0
"""How many times as long as an index took to make it is kept at least."""
AFTER_FAILURE_SECONDS = 60.0
MAX_MAPPED = 4
"""Bundles whose indices are kept."""
LIKED_FIELDS = ("brand", "category", "product_type")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Mapped:
    """A suggester, and what its index was made of; None where it is the bundle's own, which may be empty."""

    suggester: Suggester
    made: Made | None
    is_empty: bool


class Suggestions:
    """The suggester of each bundle that answers.

    A bundle comes with an index. Where its catalogue changes, or queries of the log are to be counted, a process of its
    own makes another one, at a low priority and for a twentieth of the time at most.
    """

    def __init__(
        self, pseudonyms: Pseudonyms, settings: Settings, changes: Path, loaded: Callable[[], Mapping[str, Engine]]
    ) -> None:
        """
        Args:
            changes: the folder of the log of changes to the catalogue.
            loaded: the engines of all bundles that are loaded, as they were built, by name.
        """
        self._loaded = loaded
        self._pseudonyms = pseudonyms
        self._data_folder, self._changes = settings.data_folder.absolute(), changes.absolute()
        self._count_seconds, self._min_users = settings.suggest_refresh_seconds, settings.suggest_min_users
        words = settings.suggest_blocked_words
        self._blocked = () if words is None else tuple(words.read_text(encoding="utf-8").splitlines())
        self._mapped: dict[str, _Mapped] = {}
        self._child = Child()
        self._not_before = 0.0

    def of(self, engine: Engine) -> Suggester:
        """The suggester of an engine."""
        known = self._mapped.get(engine.bundle_id)
        return (self._map(engine, None, _of_bundle(self._folder_of(engine))) if known is None else known).suggester

    def refresh(self, engine: Engine) -> None:
        """Map what was made for an engine last, and have it made anew where that is due. May take long."""
        folder = self._folder_of(engine)
        if folder is None:
            return
        task = self._task(engine, folder)
        try:
            self._map_newest(task, engine)
            if self._is_due(engine):
                self._make(task, engine)
        except (OSError, ValueError, TrimtabError, subprocess.TimeoutExpired) as error:
            self._not_before = time.monotonic() + AFTER_FAILURE_SECONDS
            _log.error("suggestions cannot be made anew", problem=str(error))

    def stop(self) -> None:
        """End the making of an index."""
        self._child.stop()

    def liked(self, engine: Engine, user_id: str | None) -> Liked:
        """What a user has bought, by field and value; nothing of somebody unknown."""
        history = engine.pipeline.history(self._pseudonyms.of(user_id)) if user_id is not None else None
        if history is None or len(history.rows) == 0:
            return {}
        store, total = engine.store, float(history.units.sum())
        liked = {
            (ITEM, item_id): float(units) / total
            for item_id, units in zip(store.item_ids(history.rows), history.units, strict=True)
        }
        for field in LIKED_FIELDS:
            codes, names = store.coded(field)
            units = np.bincount(codes[history.rows] + 1, weights=history.units)[1:]
            liked |= {(field, names[code]): float(units[code]) / total for code in np.flatnonzero(units).tolist()}
        return liked

    def _folder_of(self, engine: Engine) -> Path | None:
        """The folder of an engine's bundle, whatever state of the catalogue it is over."""
        return next((one.folder for one in self._loaded().values() if one.bundle_id == engine.bundle_id), None)

    def _task(self, engine: Engine, bundle: Path) -> Task:
        return Task(
            data_folder=self._data_folder,
            bundle=bundle,
            bundle_id=engine.bundle_id,
            changes=self._changes,
            count_seconds=self._count_seconds,
            min_users=self._min_users,
            blocked=self._blocked,
        )

    def _map_newest(self, task: Task, engine: Engine) -> None:
        found, known = newest(task), self._mapped.get(task.bundle_id)
        if found is None:
            self.of(engine)
        elif known is None or known.made != found[0]:
            made, folder = found
            self._map(engine, made, SuggestionIndex.load(folder))

    def _map(self, engine: Engine, made: Made | None, index: SuggestionIndex | None) -> _Mapped:
        analyser = engine.retriever.lexicon.analyser
        index = SuggestionIndex.of((), analyser) if index is None else index
        mapped = _Mapped(Suggester(index, analyser), made, len(index) == 0)
        self._mapped = dict([*self._mapped.items(), (engine.bundle_id, mapped)][-MAX_MAPPED:])
        return mapped

    def _is_due(self, engine: Engine) -> bool:
        """Whether an index would be another one now, and the last one has been there for long enough."""
        mapped = self._mapped[engine.bundle_id]
        if time.monotonic() < self._not_before:
            return False
        if mapped.made is None:
            return mapped.is_empty or engine.catalogue_version > 0 or self._has_log()
        made = mapped.made
        age = time.time() - made.began
        is_old = self._has_log() and age >= self._count_seconds
        return (is_old or made.version != engine.catalogue_version) and not 0 <= age < PAUSE_RATIO * made.seconds

    def _has_log(self) -> bool:
        """Whether there are queries to count."""
        return self._count_seconds > 0 and any((self._data_folder / IMPRESSIONS).glob("date=*/*.parquet"))

    def _make(self, task: Task, engine: Engine) -> None:
        self._data_folder.mkdir(parents=True, exist_ok=True)
        with one_worker(self._data_folder / LOCK) as is_ours:
            if not is_ours:
                return
            self._map_newest(task, engine)
            if self._is_due(engine):  # else another worker has made it
                done = self._child.run(PROCESS, task.model_dump_json(), timeout_seconds=MAKE_SECONDS)
                if done.returncode != 0:
                    raise Unavailable(done.stderr.decode(errors="replace").strip() or f"ended by {done.returncode}")
                self._map_newest(task, engine)


def _of_bundle(folder: Path | None) -> SuggestionIndex | None:
    """The index that a bundle comes with; None where it has none."""
    if folder is None or not (folder / FOLDER).is_dir():
        return None
    return SuggestionIndex.load(folder / FOLDER)
