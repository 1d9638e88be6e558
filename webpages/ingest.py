"""Folders of product pages become catalogues: one item for each product, with where every value came from."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from trimtab.core.errors import BadFile, BadInput, did_you_mean
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.counters import PageCounters, site_of
from trimtab.webpages.items import PageItem
from trimtab.webpages.page import Page
from trimtab.webpages.predict.model import ElementModel

SUFFIXES = (".html", ".htm", ".html.gz", ".htm.gz")
MAX_FILE_BYTES = 50_000_000
MOST_NAMED = 5
"""Pages that a refusal names."""


@dataclass(slots=True)
class Ingested:
    """The result of a run: items by id, their provenance, and pages left out by reason."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    counters: PageCounters = field(default_factory=PageCounters)


def add_page(
    run: Ingested, page: Page, source: str, *, currency: str | None = None, own_hosts: Collection[str] = ()
) -> str | None:
    """Add one analysed page to the run; returns the id of its item, None where the page is left out.

    Args:
        own_hosts: as in `trimtab.webpages.items.may_change`.
    """
    run.counters.add(page)
    found = PageItem.of(page, source, currency=currency)
    found = found.taken(lambda item_id: run.items.get(item_id, {}), site_of(page.url), own_hosts)
    if found.item is None or found.provenance is None:
        run.left_out[str(found.left_out)] += 1
        return None
    item_id = str(found.item["item_id"])
    run.items[item_id] = found.item
    run.provenance.append(found.provenance)
    return item_id


def page_files(folder: Path) -> list[Path]:
    """HTML files below a folder, gzipped ones too, in order of their names.

    Raises:
        BadFile: the folder does not exist, or has no pages.
    """
    if not folder.is_dir():
        raise BadFile(folder, "is not a folder; allowed: a folder with .html or .html.gz files")
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and path.is_file())
    if not files:
        raise BadFile(folder, "holds no .html or .html.gz file")
    return files


def read_html(path: Path) -> bytes:
    """The bytes of a page, decompressed, MAX_FILE_BYTES at most.

    Raises:
        BadFile: the file cannot be read.
    """

    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                return stream.read(MAX_FILE_BYTES)
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES)
    except (OSError, EOFError) as problem:
        raise BadFile(path, f"cannot be read: {problem}") from None


def ingest(
    folder: Path,
    into: Path,
    *,
    urls: Mapping[str, str] | None = None,
    currency: str | None = None,
    own_hosts: Collection[str] = (),
    model: ElementModel | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Ingested:
    """Analyse every page of a folder and merge the items into a JSON-lines catalogue.

    Args:
        into: `.jsonl` catalogue, made or merged into; written aside and renamed. `<name>.provenance.jsonl` beside it
            grows.
        urls: path below the folder, or a name that one file alone has -> address; by default the page's own canonical
            address.
        own_hosts: the only hosts whose pages make or change items; by default any host's make them, and an item is
            changed by pages of its own host.
        progress: called with pages done and pages in all.

    Raises:
        BadFile: the folder has no pages, or the catalogue is not a JSON-lines file.
        BadInput: an address is given for what is not one of the files.
    """
    if not into.name.endswith(".jsonl"):
        raise BadFile(into, "is not a JSON-lines file; allowed: a name that ends in .jsonl")
    files = page_files(folder)
    addresses = _addresses(urls or {}, {path.relative_to(folder).as_posix() for path in files})
    run = Ingested(items={str(item["item_id"]): item for item in _read_lines(into)})
    for done, path in enumerate(files):
        progress(done, len(files))
        source = path.relative_to(folder).as_posix()
        page = analyze_page(read_html(path), addresses.get(source), model=model)
        add_page(run, page, source, currency=currency, own_hosts=own_hosts)
    progress(len(files), len(files))
    _write_lines(into, run.items.values())
    beside = into.with_name(into.name.removesuffix(".jsonl") + ".provenance.jsonl")
    _write_lines(beside, [*_read_lines(beside), *run.provenance])
    return run


def _addresses(urls: Mapping[str, str], sources: Collection[str]) -> dict[str, str]:
    """The addresses by paths below the folder, where names of files may stand for those."""
    by_name = defaultdict[str, list[str]](list)
    for source in sorted(sources):
        by_name[PurePosixPath(source).name].append(source)
    found: dict[str, str] = {}
    for name, url in sorted(urls.items(), key=lambda one: one[0] in sources):  # a whole path overrides a name
        meant = [name] if name in sources else by_name.get(name, [])
        if not meant:
            raise BadInput(f"there is no page {name!r} to have an address{did_you_mean(name, sources)}")
        if len(meant) > 1:
            raise BadInput(f"{name!r} is the name of several pages; allowed: {', '.join(meant[:MOST_NAMED])}")
        found[meant[0]] = url
    return found


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row["item_id"]
        except (ValueError, TypeError, KeyError):
            raise BadFile(path, "is not a JSON object with an item_id", row=number) from None
        yield row


def _write_lines(path: Path, rows: Any) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(aside, path)
