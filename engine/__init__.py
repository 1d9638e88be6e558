"""The two-stage search as one object without web, and the bundle it is loaded from."""

from trimtab.engine.search import Engine

__all__ = ["Engine"]
