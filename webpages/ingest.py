"""Product pages become catalogue items: one item a product, with where every value came from.

The same product met twice is one item: by GTIN, else by SKU on the same host, else by canonical address.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from trimtab.core.errors import BadFile
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.counters import PageCounters, site_of
from trimtab.webpages.page import Page
from trimtab.webpages.predict.model import ElementModel

SUFFIXES = (".html", ".htm", ".html.gz", ".htm.gz")
MAX_FILE_BYTES = 50_000_000
_OUT = frozenset({"OutOfStock", "SoldOut", "Discontinued"})


@dataclass(slots=True)
class Ingested:
    """What a run did: items by id, their provenance, and pages left out by reason."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    counters: PageCounters = field(default_factory=PageCounters)


def canonical_url(url: str) -> str:
    """Without fragment, query and trailing slash, host in lower case."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def item_id_of(page: Page) -> str | None:
    """`gtin:...`, else `sku:host:...`, else `page:...` of the canonical address; None where nothing names the
    product."""
    gtin, sku, host = page.elements.get("gtin"), page.elements.get("sku"), site_of(page.url)
    if gtin is not None:
        return f"gtin:{gtin.value.zfill(14)}"
    if sku is not None and host:
        return f"sku:{host}:{sku.value}"
    if page.url:
        return f"page:{hashlib.blake2b(canonical_url(page.url).encode(), digest_size=8).hexdigest()}"
    return None


def item_of(page: Page, *, currency: str | None = None) -> dict[str, Any] | None:
    """A catalogue item in the columns of `trimtab.catalog.schema`; None where the page is no product page with a name.

    Args:
        currency: of the catalogue; a price in another one is left unknown rather than mixed in. None takes any.
    """
    name = page.elements.get("name")
    item_id = item_id_of(page)
    if page.kind != "product" or name is None or item_id is None:
        return None

    def text(element: str) -> str:
        found = page.elements.get(element)
        return found.value if found is not None else ""

    item: dict[str, Any] = {
        "item_id": item_id,
        "title": name.value,
        "description": text("description"),
        "brand": text("brand"),
        "category": text("category"),
        "in_stock": text("availability") not in _OUT,
        "image": text("image"),
        "url": page.url or "",
        "attributes": " ".join(filter(None, (text("sku"), text("gtin")))),
    }
    price = page.elements.get("price")
    if price is not None and (currency is None or price.currency in (None, currency)):
        item["price"] = float(price.value)
    return item


def provenance_of(page: Page, item_id: str, source: str) -> dict[str, Any]:
    """Where each value of an item was read, how surely and from what evidence."""
    return {
        "item_id": item_id,
        "source": source,
        "url": page.url,
        "elements": {name: element.as_dict() for name, element in page.elements.items() if name != "description"},
    }


def add_page(run: Ingested, page: Page, source: str, *, currency: str | None = None) -> str | None:
    """Take one analysed page into the run; its item's id, None where it was left out."""
    run.counters.add(page)
    item = item_of(page, currency=currency)
    if item is None:
        reason = page.kind if page.kind != "product" else "no name or address"
        run.left_out[reason] = run.left_out.get(reason, 0) + 1
        return None
    item_id = str(item["item_id"])
    run.items[item_id] = merged(run.items.get(item_id, {}), item)
    run.provenance.append(provenance_of(page, item_id, source))
    return item_id


def merged(known: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """An item met again: it keeps what it had and takes the newer price, stock and anything that was missing."""
    fresh = {
        name: value
        for name, value in item.items()
        if value != "" and (name in ("price", "in_stock") or not known.get(name))
    }
    return {**known, **fresh}


def page_files(folder: Path) -> list[Path]:
    """HTML files below a folder, gzipped ones too, in order of their names.

    Raises:
        BadFile: no such folder, or none in it.
    """
    if not folder.is_dir():
        raise BadFile(folder, "is no folder; allowed: a folder with .html or .html.gz files")
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and path.is_file())
    if not files:
        raise BadFile(folder, "holds no .html or .html.gz file")
    return files


def read_html(path: Path) -> bytes:
    """A page's bytes, decompressed up to MAX_FILE_BYTES.

    Raises:
        BadFile: it cannot be read.
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
    model: ElementModel | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Ingested:
    """Analyse every page of a folder and merge the items into a JSON-lines catalogue.

    Args:
        into: `.jsonl` catalogue; made or merged into, written aside and renamed. `<name>.provenance.jsonl` beside it
        grows.
        urls: file name -> address; by default the page's own canonical address.
        progress: called with pages done and pages in all.

    Raises:
        BadFile: the folder has no pages, or the catalogue is no JSON-lines file.
    """
    if not into.name.endswith(".jsonl"):
        raise BadFile(into, "is no JSON-lines file; allowed: a name that ends in .jsonl")
    files = page_files(folder)
    run = Ingested(items={str(item["item_id"]): item for item in _read_lines(into)})
    for done, path in enumerate(files):
        progress(done, len(files))
        page = analyze_page(read_html(path), (urls or {}).get(path.name), model=model)
        add_page(run, page, str(path.relative_to(folder)), currency=currency)
    progress(len(files), len(files))
    _write_lines(into, run.items.values())
    beside = into.with_name(into.name.removesuffix(".jsonl") + ".provenance.jsonl")
    _write_lines(beside, [*_read_lines(beside), *run.provenance])
    return run


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
            raise BadFile(path, "is no JSON object with an item_id", row=number) from None
        yield row


def _write_lines(path: Path, rows: Any) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(aside, path)
