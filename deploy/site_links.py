"""Hooks of `make docs`: README and CHANGELOG as pages of the site, links out of docs/ as links to the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"index.md": "README.md", "changelog.md": "CHANGELOG.md"}
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are written at the top of the repository."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=LINK.sub(lambda found: _from_top(found, config), text)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links that leave docs/ at the repository."""
    del page, files
    return LINK.sub(lambda found: _from_docs(found, config), markdown)


def _from_top(found: re.Match[str], config: MkDocsConfig) -> str:
    """A link as the site has it, from a file at the top of the repository."""
    target, anchor = found[1], found[2] or ""
    pages = {source: page for page, source in PAGES.items()}
    if target in pages:
        return f"]({pages[target]}{anchor})"
    if target.startswith("docs/"):
        return f"]({target.removeprefix('docs/')}{anchor})"
    return f"]({config.repo_url}/blob/main/{target}{anchor})"


def _from_docs(found: re.Match[str], config: MkDocsConfig) -> str:
    """A link as the site has it, from a file in docs/."""
    target, anchor = found[1], found[2] or ""
    if target.startswith("../") and not target.startswith("../reference"):
        return _from_top(re.match(LINK, f"]({target.removeprefix('../')}{anchor})") or found, config)
    return found[0]
