"""An engine that other processes load for themselves."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trimtab.core.errors import BadInput, BundleMismatch
from trimtab.engine.search import Engine


@dataclass(frozen=True)
class EngineReference:
    """An engine in this process; what is sent to another is the folder of its bundle, which both must see."""

    engine: Engine

    def __reduce__(self) -> tuple[Any, ...]:
        engine = self.engine
        if engine.folder is None:
            raise BadInput("an engine that is not as its bundle has it stays in its process")
        return loaded, (engine.folder, engine.bundle_id, pickle.dumps(engine.renaming))


@lru_cache(1)
def loaded(folder: Path, bundle_id: str, renaming: bytes) -> EngineReference:
    """The engine of a bundle, loaded once a process.

    Raises:
        BundleDamaged: it is not there, or cannot be read.
        BundleMismatch: another bundle is there.
    """
    engine = Engine.load(folder)
    rename = pickle.loads(renaming)  # noqa: S301  # from the process that gave us the task
    engine = engine if rename is None else engine.with_users_renamed(rename)
    if engine.bundle_id != bundle_id:
        raise BundleMismatch(f"{folder}: bundle {engine.bundle_id} is there, not {bundle_id}")
    return EngineReference(engine)
