"""A feed into the catalogue that serves, in a process of its own: `python -m trimtab.service.catalogue.feed_process`.

Reads the job of a folder (`trimtab.service.catalogue.feed_jobs`) and writes what became of it there. It inherits the
lock of the one feed at a time and holds it as long as it lives, whatever becomes of the worker that started it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trimtab.core.errors import BadFile, TrimtabError
from trimtab.core.work.children import limit_this_process
from trimtab.engine.bundle.storage import load_bundle
from trimtab.engine.live.feeding import apply_difference, read_again, refuse_vanishing
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.live.order import OWN_ORDER
from trimtab.engine.search import Engine
from trimtab.service.catalogue.feed_jobs import FeedJob, FeedReport, body_of, read_job, write_job
from trimtab.service.catalogue.live_catalogue import FOLDER, limits_of
from trimtab.service.catalogue.shared_order import shared_order_of
from trimtab.service.settings import read_settings

ADVICE = "mode=delta where it has only what changed, max_removed_share where it is meant"
MAX_REJECTED_SHARE = 0.05
NICENESS = 10
"""Searches come first."""
MAX_DATA_BYTES = 8_000_000_000
"""The most memory for data."""


def main(folder: Path, job_id: str, bundle: Path) -> None:
    """Make the job's changes, or say why not."""
    limit_this_process(niceness=NICENESS, data_bytes=MAX_DATA_BYTES)
    job = read_job(folder, job_id)
    try:
        done = _done(job, body_of(folder, job_id), bundle)
    except (TrimtabError, OSError) as error:
        done = _refused(job, _said(error, body_of(folder, job_id)))
    except MemoryError:
        done = _refused(job, "the feed is too large for the memory that reading it may take")
    except Exception:
        write_job(folder, _refused(job, "the feed could not be taken; the service's own log says why"))
        raise
    write_job(folder, done)


def _done(job: FeedJob, body: Path, bundle: Path) -> FeedJob:
    settings = read_settings()  # of the service's environment, with its data folder (`FeedJobs`)
    order = shared_order_of(settings) or OWN_ORDER
    changes = settings.data_folder / FOLDER
    live = LiveEngine(Engine(load_bundle(bundle)), changes, order, limits=limits_of(settings), is_searched=False)
    if not job.dry_run:
        live.require_room()
    feed, difference = read_again(live, body, is_full=job.mode == "full", max_rejected_share=MAX_REJECTED_SHARE)
    report = FeedReport.model_validate({**difference.as_dict(), "rows": feed.rejections.as_dict()})
    refuse_vanishing(difference, job.max_removed_share, advice=ADVICE)
    version = None if job.dry_run else apply_difference(live, difference, max_removed_share=job.max_removed_share)
    return job.model_copy(update={"state": "done", "report": report, "version": version})


def _refused(job: FeedJob, problem: str) -> FeedJob:
    return job.model_copy(update={"state": "refused", "problem": problem})


def _said(error: Exception, body: Path) -> str:
    """The problem without the name of the file on this machine."""
    text = str(error)
    return (
        text.replace(f"{body}: ", "").replace(str(body), "the feed") if isinstance(error, BadFile | OSError) else text
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    os.close(int(sys.argv[4]))  # the next feed need not wait until this process is gone
