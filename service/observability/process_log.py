"""Structured logs on stderr: what is wrong in lines for people on a terminal, all of it as JSON lines elsewhere.

uvicorn's own lines look the same.

No line has what a shopper sent: neither events nor stacks (without their local variables) carry queries, ids or keys.
"""

from __future__ import annotations

import logging
import sys

import structlog

_STACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure() -> None:
    """Send structlog and the standard library's logging to stderr in one form. Call once a process."""
    for_people = sys.stderr.isatty()
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if for_people
        else structlog.processors.JSONRenderer()
    )
    exceptions: list[structlog.typing.Processor] = [] if for_people else [_STACKS]
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    logging.captureWarnings(True)
    # A person wants to know what is wrong; `trimtab serve` says by itself where it serves.
    root.setLevel(logging.WARNING if for_people else logging.INFO)
    logging.getLogger("faiss").setLevel(logging.WARNING)  # says at length which instruction sets it tried
