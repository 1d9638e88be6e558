"""`trimtab serve`: a private Redis where none is given, then one process a worker until a signal says stop.

With several workers SIGHUP replaces them one after the other: each ends when its successor serves.

Also `python -m trimtab.service.server`, set by `TRIMTAB_*` variables alone, for containers.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import structlog

from trimtab.core.errors import TrimtabError
from trimtab.engine.bundle.manifest import require_bundle
from trimtab.service.observability import process_log
from trimtab.service.redis.server import redis_for
from trimtab.service.settings import read_settings
from trimtab.service.terminal import exploration_notice, say_loading

_log = structlog.get_logger()


def serve(**given: Any) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        given: settings that take precedence over those of the environment.

    Raises:
        BadParameter: a setting that cannot be used.
        BundleDamaged, BundleMismatch: the bundle cannot serve.
        Unavailable: no Redis can be started.
    """
    process_log.configure()
    settings = read_settings(**given)
    require_bundle(settings.bundle)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    _log.info("exploration", replayable=settings.effective_exploration_ratio > 0, notice=exploration_notice(settings))
    say_loading(settings)
    with redis_for(settings.redis_url, settings.data_folder) as url:
        # polars reads this when it is imported. More threads would take the processors from searches while a part of
        # the log is written.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        from trimtab.service.workers import run_workers  # noqa: PLC0415  # imports polars

        run_workers(settings.model_copy(update={"redis_url": url}))


def _stop(*_: object) -> None:
    """End this process: uvicorn raises the signal that stopped it once more, which would leave Redis running."""
    sys.exit(0)


def main() -> None:
    """Serve; where that cannot start, one line and the error's exit code."""
    try:
        serve()
    except TrimtabError as error:
        sys.stderr.write(f"trimtab: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
