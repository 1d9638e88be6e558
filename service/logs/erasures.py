"""Users to be erased: each a file in the data folder until it is done, whichever worker or run of the service does it.

One worker of the machine erases at a time, in a thread of its own: a large log is read and written again. The file has
the user's id; that of an erasure which is done has a digest of it in its name and nothing else of the user.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import structlog
from pydantic import BaseModel, Field, ValidationError

from trimtab.core.atomic import new_file
from trimtab.core.errors import NotFound, Unavailable
from trimtab.service.logs.erased_users import FOLDER, digest_of
from trimtab.service.logs.user_data import UserData
from trimtab.service.one_worker import one_worker

REQUESTS, DONE = "requests", "done"
LOCK = ".erasing"
LOOK_SECONDS = 5.0
"""How soon a worker looks again for what another one left undone, or the disk refused."""
MOST_KEPT = 1000
"""The number of erasures that are known after they are done."""

Kept = TypeVar("Kept", bound="Erasure")

_log = structlog.get_logger()


class Erasure(BaseModel):
    """A user who is to be erased, and what became of it."""

    state: Literal["running", "done"] = Field(
        default="running", description="It is done in the end, also after a restart."
    )
    requested: datetime
    erased: dict[str, int] = Field(default={}, description="Rows and entries by where they were, once it is done.")
    problem: str | None = Field(default=None, description="Why it takes longer; it is tried again.")


class _Request(Erasure):
    """An erasure that is not done."""

    user_id: str


class Erasures:
    """Takes erasures and does them; `start` and `stop` are those of the service's background."""

    def __init__(self, data_folder: Path, users: UserData) -> None:
        self._requests, self._done = data_folder / FOLDER / REQUESTS, data_folder / FOLDER / DONE
        self._users = users
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trimtab-erasures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End; what is being erased is."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def ask(self, user_id: str) -> Erasure:
        """Have a user erased; not for the event loop's thread.

        Raises:
            Unavailable: the disk refuses.
        """
        request = _Request(requested=datetime.now(UTC), user_id=user_id)
        try:
            _write(self._requests / _name(user_id), request)
        except OSError:
            raise Unavailable("the disk refuses to be written to; erase again", retry_after_seconds=5) from None
        self._wake.set()
        return Erasure(requested=request.requested)

    def of(self, user_id: str) -> Erasure:
        """The last erasure of a user.

        Raises:
            NotFound: nobody has asked for one, or it is forgotten.
        """
        found = _read(_Request, self._requests / _name(user_id)) or _read(Erasure, self._done / _name(user_id))
        if found is None:
            raise NotFound("nobody has asked to erase this user, or it is long done")
        return found

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._do_all()
            except OSError as error:
                _log.error("users cannot be erased now", problem=error.strerror)
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _do_all(self) -> None:
        """Do what is asked for, the first one first, unless another worker is doing it."""
        if not any(self._requests.glob("*.json")):
            return
        with one_worker(self._requests / LOCK) as is_ours:
            for path in sorted(self._requests.glob("*.json"), key=os.path.getmtime) if is_ours else ():
                request = _read(_Request, path)
                if request is not None and not self._stopping.is_set():
                    self._do(request, path)
            self._forget_old()

    def _do(self, request: _Request, path: Path) -> None:
        try:
            erased = self._users.erase(request.user_id)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one, the others are erased
            problem = f"the disk refuses: {error.strerror}" if isinstance(error, OSError) else "a log cannot be read"
            _log.exception("a user cannot be erased now", user=path.stem[:16])
            _write(path, request.model_copy(update={"problem": problem}))
            return
        _write(self._done / path.name, Erasure(state="done", requested=request.requested, erased=erased))
        if _read(_Request, path) == request:  # else it was asked for again meanwhile
            path.unlink()

    def _forget_old(self) -> None:
        for path in sorted(self._done.glob("*.json"), key=os.path.getmtime)[:-MOST_KEPT]:
            path.unlink(missing_ok=True)


def _name(user_id: str) -> str:
    return f"{digest_of(user_id)}.json"


def _read(model: type[Kept], path: Path) -> Kept | None:
    """What a file has; None where there is none that can be read."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _write(path: Path, kept: Erasure) -> None:
    with new_file(path) as file:
        file.write(kept.model_dump_json().encode())
