"""Scripts in a pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from redis.client import Pipeline


def evaluate(pipeline: Pipeline, script: str, keys: Sequence[str | bytes], *arguments: str | bytes | float) -> None:
    """Run a script with the pipeline's other commands; the `eval` of a Cluster's pipeline takes no arguments.

    Args:
        keys: of one server.
    """
    pipeline.execute_command("EVAL", script, len(keys), *keys, *arguments)  # type: ignore[no-untyped-call]
