"""The app of one process that answers requests, as that process makes it."""

from __future__ import annotations

import sys

import structlog
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from trimtab.core.errors import TrimtabError
from trimtab.service.app import create_app
from trimtab.service.observability import process_log
from trimtab.service.settings import Settings
from trimtab.service.tidying import freeze
from trimtab.text.kept import limit_kept

KEPT_CHARACTERS = 1 << 21
"""Texts of callers that are kept with what was read of them, some 20 MB."""

_log = structlog.get_logger()


def app_of(settings: Settings) -> FastAPI:
    """The app, in a process that does nothing else.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve.
    """
    # A background thread that computes hands the interpreter back after this long; the default is several searches.
    sys.setswitchinterval(0.0005)
    app = create_app(settings)
    limit_kept(KEPT_CHARACTERS)
    freeze()  # what is loaded stays
    return app


def worker_app(settings: Settings) -> FastAPI:
    """The app of one of several worker processes; where it cannot serve the process ends, and is not tried again."""
    process_log.configure()
    try:
        return app_of(settings)
    except TrimtabError as error:
        _log.error("cannot serve", problem=str(error))
        sys.exit(STARTUP_FAILURE)
