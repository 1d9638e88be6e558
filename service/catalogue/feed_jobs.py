"""Feeds sent over HTTP: one at a time, each a job that is a file in the data folder, so that every worker knows it.

The body goes to the disk as it comes, up to a limit; a process of its own reads it (`feed_process`). That process holds
the lock of the one feed at a time: a job that runs while nobody holds the lock has ended early.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

import structlog
from pydantic import BaseModel, Field, ValidationError

from trimtab.core.errors import BadParameter, Conflict, NotFound, TooLarge, Unavailable
from trimtab.core.work.children import start_module
from trimtab.engine import Engine

FOLDER = "feeds"
LOCK = "lock"
LOCK_SECONDS, LOOK_SECONDS = 0.5, 0.05
MOST_KEPT = 20
"""The number of jobs that are known after they have ended."""
PROCESS = "trimtab.service.catalogue.feed_process"
Mode = Literal["full", "delta"]

_log = structlog.get_logger()


class FeedReport(BaseModel):
    """What a feed differs in from the catalogue."""

    n_added: int
    n_changed: int
    n_removed: int
    n_same: int
    n_before: int = Field(description="Items of the catalogue before.")
    changed_columns: dict[str, int] = Field(description="Column -> items that change in it.")
    added: list[str] = Field(description="The first ten ids.")
    changed: list[dict[str, Any]] = Field(description="The first ten, with what changes.")
    removed: list[str] = Field(description="The first ten ids.")
    rows: dict[str, Any] = Field(description="Rows kept and rejected, and what the columns were taken for.")


class FeedJob(BaseModel):
    """A feed that was sent, and what became of it."""

    id: str
    mode: Mode
    dry_run: bool
    max_removed_share: float
    requested: datetime
    state: Literal["running", "done", "refused"] = "running"
    problem: str | None = Field(default=None, description="Why it is refused.")
    report: FeedReport | None = None
    version: int | None = Field(default=None, description="Of the catalogue after the change.")


def body_of(folder: Path, job_id: str) -> Path:
    """The file with the feed of a job."""
    return folder / f"{job_id}.feed"


def read_job(folder: Path, job_id: str) -> FeedJob:
    """A job.

    Raises:
        NotFound: there is none of that id.
    """
    try:
        return FeedJob.model_validate_json((folder / f"{job_id}.json").read_bytes())
    except (OSError, ValidationError):
        raise NotFound(f"there is no feed {job_id!r}, or it is forgotten") from None


def write_job(folder: Path, job: FeedJob) -> None:
    """Put a job's file in the place of the one before."""
    written = folder / f"{job.id}.json.new"
    written.write_text(job.model_dump_json(), encoding="utf-8")
    written.replace(folder / f"{job.id}.json")


class FeedJobs:
    """Takes feeds and knows the last ones."""

    def __init__(self, data_folder: Path, *, max_bytes: int, seconds: float, variables: Mapping[str, str]) -> None:
        """
        Args:
            max_bytes: of one feed.
            seconds: the longest time that reading one may take.
            variables: the settings of the service, see `trimtab.service.settings.variables_of`.
        """
        self._folder = data_folder.absolute() / FOLDER
        self._variables = {**os.environ, **variables, "TRIMTAB_DATA_FOLDER": str(data_folder.absolute())}
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(
        self, body: AsyncIterator[bytes], built: Engine, *, mode: Mode, dry_run: bool, max_removed_share: float
    ) -> FeedJob:
        """Keep a feed that is being sent, and have it read.

        Args:
            built: the engine of the bundle that serves.

        Raises:
            Conflict: another feed is being taken.
            TooLarge: it is over the limit.
            BadParameter: it is empty, or its sender went before it was whole.
            Unavailable: the disk refuses.
        """
        job = FeedJob(
            id=uuid.uuid4().hex[:12], mode=mode, dry_run=dry_run, max_removed_share=max_removed_share,
            requested=datetime.now(UTC),
        )  # fmt: skip
        lock = await self._lock_within(LOCK_SECONDS)
        try:
            await self._receive(body, body_of(self._folder, job.id))
            write_job(self._folder, job)
            self._forget_old()
            process = start_module(
                PROCESS, self._folder, job.id, built.folder, lock.fileno(),
                variables=self._variables, pass_fds=(lock.fileno(),),
            )  # fmt: skip
        except OSError as error:
            self._drop(job.id)
            raise _of_disk(error) from None
        except BaseException:
            self._drop(job.id)
            raise
        finally:
            lock.close()  # the process holds it as well
        task = asyncio.create_task(self._ended(job, process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def job(self, job_id: str) -> FeedJob:
        """What is known of a job; one whose process is gone without a word has ended early.

        Raises:
            NotFound: there is none of that id.
        """
        job = read_job(self._folder, job_id)
        if job.state != "running" or self._is_taken():
            return job
        job = read_job(self._folder, job_id)  # it may have ended in between
        return _ended_early(job) if job.state == "running" else job

    def jobs(self) -> list[FeedJob]:
        """The last jobs, the newest first."""
        found = []
        for path in self._folder.glob("*.json"):
            with suppress(NotFound):
                found.append(self.job(path.stem))
        return sorted(found, key=lambda job: job.requested, reverse=True)

    async def _receive(self, body: AsyncIterator[bytes], path: Path) -> None:
        size = 0
        with path.open("wb") as file:
            async for block in body:
                size += len(block)
                if size > self._max_bytes:
                    raise TooLarge(f"the feed is larger than {self._max_bytes} bytes")
                await asyncio.to_thread(file.write, block)
        if not size:
            raise BadParameter("body", "is empty", "a feed")

    async def _ended(self, job: FeedJob, process: Any) -> None:
        """Wait for the process, and say of one that was killed that it was."""
        try:
            code = await asyncio.to_thread(process.wait, self._seconds)
        except Exception:  # noqa: BLE001  # whatever keeps it, it must not hold the lock for ever
            process.kill()
            code = await asyncio.to_thread(process.wait)
        if read_job(self._folder, job.id).state == "running":
            _log.error("a feed ended early", feed=job.id, exit=code)
            with suppress(OSError):
                write_job(self._folder, _ended_early(job))
        with suppress(OSError):
            body_of(self._folder, job.id).unlink(missing_ok=True)

    async def _lock_within(self, seconds: float) -> IO[bytes]:
        """The lock, once a process that has said how its feed ended has let go of it."""
        for _ in range(int(seconds / LOOK_SECONDS)):
            with suppress(Conflict):
                return self._locked()
            await asyncio.sleep(LOOK_SECONDS)
        return self._locked()

    def _locked(self) -> IO[bytes]:
        """The lock of the one feed at a time.

        Raises:
            Conflict: another feed has it.
            Unavailable: the disk refuses.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = (self._folder / LOCK).open("ab")
        except OSError as error:
            raise _of_disk(error) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Conflict("another feed is being taken; send this one when it has ended (GET /feeds)") from None
        return file

    def _is_taken(self) -> bool:
        try:
            self._locked().close()
        except (Conflict, Unavailable):
            return True
        return False

    def _forget_old(self) -> None:
        """Forget all but the last jobs, and bodies that nobody reads any more."""
        known = sorted(self._folder.glob("*.json"), key=os.path.getmtime, reverse=True)
        for path in known[MOST_KEPT:]:
            path.unlink(missing_ok=True)
        ids = {path.stem for path in known[:MOST_KEPT] if read_job(self._folder, path.stem).state == "running"}
        for path in self._folder.glob("*.feed"):
            if path.stem not in ids:
                path.unlink(missing_ok=True)

    def _drop(self, job_id: str) -> None:
        for path in (body_of(self._folder, job_id), self._folder / f"{job_id}.json"):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _ended_early(job: FeedJob) -> FeedJob:
    problem = "the process that read it ended early; some of its changes may be made: send the feed again"
    return job.model_copy(update={"state": "refused", "problem": problem})


def _of_disk(error: OSError) -> Unavailable:
    what = "the disk is full" if error.errno == errno.ENOSPC else "the feed cannot be written to the disk now"
    return Unavailable(f"{what}; send the feed again", retry_after_seconds=60)
