"""The making of the pages: their templates, and the headers that let them load nothing but their own assets."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
ASSETS = "/playground/assets"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' https: http: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}
PAGE_HEADERS = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "style-src 'self'", "style-src 'self' 'unsafe-inline'"
    )
}
"""Headers of the view that shows a shop's page: the frame inherits what its page may do, and its sheets are inline."""
VIEWS = {
    "analytics": "Analytics",
    "replays": "Replays",
    "experiments": "Experiments",
    "bundle": "Bundle",
    "pages": "Pages",
    "prices": "Prices",
}
"""Pages that report, by the last part of their address `/views/<name>`."""

WORKBENCH = {
    "synonyms": "Synonyms",
    "rules": "Rules",
    "profiles": "Profiles",
    "queries": "Query sets",
    "experiments": "Experiments",
    "bundles": "Bundles",
    "items": "Items",
    "access": "Access",
}
"""Pages for operating, by the last part of their address `/workbench/<name>`."""


@cache
def templates() -> Environment:
    """The pages' templates, each compiled once; what they are given is escaped."""
    environment = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # objectives and profiles keep their order
    environment.globals.update(assets=ASSETS, views=VIEWS, workbench=WORKBENCH)
    return environment
