"""The two-stage search as one object without web, and the bundle it is loaded from.

`Engine` is imported when it is first asked for: what only reads a manifest needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.engine.search import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> Any:
    if name != "Engine":
        raise AttributeError(f"module 'trimtab.engine' has no attribute {name!r}")
    from trimtab.engine.search import Engine  # noqa: PLC0415  # see above

    return Engine
