"""The check of a bundle before it serves (`trimtab.engine.bundle.check`), in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import orjson
import structlog

from trimtab.core.errors import BundleMismatch
from trimtab.core.work.children import run_module

_log = structlog.get_logger()


async def check_bundle(
    name: str, path: Path, *, running: Path, golden_queries: Path | None, timeout_seconds: float
) -> dict[str, Any]:
    """The report on a bundle that is fit to serve.

    Args:
        running: the bundle that serves, to compare with.
        golden_queries: a file of queries, one a line, to compare by.

    Raises:
        BundleMismatch: it is not fit to serve.
    """
    golden = [] if golden_queries is None else [golden_queries]
    try:
        done = await asyncio.to_thread(
            run_module, "trimtab.engine.bundle.check", path, running, *golden, timeout_seconds=timeout_seconds
        )
    except subprocess.TimeoutExpired:
        raise BundleMismatch(f"bundle {name!r} took more than {timeout_seconds:g} s to load and search") from None
    try:
        answer: dict[str, Any] = orjson.loads(done.stdout)
    except orjson.JSONDecodeError:
        _log.error("bundle check", bundle=name, exit=done.returncode, stderr=done.stderr.decode()[-2000:])
        raise BundleMismatch(f"the check of bundle {name!r} ended early; the service's own log says why") from None
    if "problem" in answer:
        raise BundleMismatch(f"bundle {name!r}: {answer['problem']}")
    report: dict[str, Any] = answer["report"]
    return report
