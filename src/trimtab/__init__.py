"""Product search that is steered per request; see docs/library.md.

`import trimtab` loads nothing else: each name below is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab import abtest, ranker
    from trimtab.core import errors
    from trimtab.engine.search_index import SearchIndex, SearchResult
    from trimtab.library import analyze_page, build, load, replay

    __version__: str

_MODULES = {"abtest": "trimtab.abtest", "errors": "trimtab.core.errors", "ranker": "trimtab.ranker"}
_NAMES = {
    **dict.fromkeys(("SearchIndex", "SearchResult"), "trimtab.engine.search_index"),
    **dict.fromkeys(("analyze_page", "build", "load", "replay"), "trimtab.library"),
}

__all__ = [
    "SearchIndex",
    "SearchResult",
    "__version__",
    "abtest",
    "analyze_page",
    "build",
    "errors",
    "load",
    "ranker",
    "replay",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module, metadata  # noqa: PLC0415  # a command imports this module and needs neither

    value: Any
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    elif name == "__version__":
        value = metadata.version("trimtab")
    else:
        raise AttributeError(f"module 'trimtab' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
