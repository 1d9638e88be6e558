"""The public functions of `import trimtab`: build a bundle, search it, replay a log, analyse a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from trimtab.catalog.feeds.reading import Feed, read_feed
from trimtab.catalog.judgments import judgments_of, read_judgments
from trimtab.catalog.shop import naming_lines
from trimtab.core.errors import BadFile, BadInput, BadParameter
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.engine.search_index import SearchIndex

if TYPE_CHECKING:
    from trimtab.webpages.page import Page

_NO_PAGE = re.compile(r"https?://\S+|\S+\.(html?|xhtml|gz)", re.IGNORECASE)


def build(
    catalogue: Path | str | pl.DataFrame,
    out: Path | str,
    *,
    judgments: Path | str | pl.DataFrame | None = None,
    log: Path | str | None = None,
    shop: Path | str | None = None,
    encoder: str = "auto",
    max_rejected_share: float = 0.05,
) -> SearchIndex:
    """Build a bundle from a catalogue and load it.

    Args:
        catalogue: a feed as a shop's platform exports it (CSV, JSON, XML, Parquet), or a frame of the same.
        out: the folder to write; a bundle that is there is replaced.
        judgments: a CSV file or a frame of `query, item_id, grade` to learn from.
        log: an impression log to learn from.
        shop: the catalogue's `shop.toml`; without one, it is inferred.
        encoder: `wordllama`, `minilm`, `distilled`, `multilingual` or `universal`; `auto` chooses by how many items
            there are.
        max_rejected_share: refuse a feed of which more rows than this cannot be used.

    Raises:
        BadFile, BadInput: a file cannot be used; the message names the row.
    """
    shop_file = None if shop is None else Path(shop)
    judged = _judgments(judgments)
    feed = _feed(catalogue, shop_file, max_rejected_share)
    with naming_lines(shop_file):
        build_bundle(
            feed.items,
            Path(out),
            source="frame" if isinstance(catalogue, pl.DataFrame) else str(catalogue),
            rejections=feed.rejections,
            shop=feed.shop,
            beside=Path() if shop_file is None else shop_file.parent,
            encoder=encoder,
            judgments=judged,
            log_rows=None if log is None else (row for frame in read_log(Path(log)) for row in rows_of(frame)),
        )
    return load(out)


def _feed(catalogue: Path | str | pl.DataFrame, shop_file: Path | None, max_rejected_share: float) -> Feed:
    """What is in a catalogue; a frame is read as the file would be that has it."""
    if not isinstance(catalogue, pl.DataFrame):
        return read_feed(Path(catalogue), shop_file, max_rejected_share=max_rejected_share)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "frame.parquet"
        try:
            catalogue.write_parquet(file)
            return read_feed(file, shop_file, max_rejected_share=max_rejected_share)
        except pl.exceptions.PolarsError as error:
            raise BadInput(f"catalogue: the frame cannot be read: {error}") from None
        except BadFile as error:
            if error.path != str(file):
                raise
            raise BadFile("catalogue, a frame", error.problem, row=error.row) from None


def load(bundle: Path | str) -> SearchIndex:
    """Load and verify a bundle.

    Raises:
        BundleDamaged, BundleMismatch: a file is not as it was written, or the bundle is of another version.
    """
    return SearchIndex(Engine.load(Path(bundle)))


def replay(
    log: Path | str,
    bundle: SearchIndex | Engine | Path | str,
    policies: Mapping[str, Mapping[str, float]],
    *,
    out: Path | str | None = None,
    judgments: Path | str | pl.DataFrame | None = None,
) -> dict[str, Any]:
    """Estimate from a log what other weights would have done. Needs the extra `evaluate`.

    Args:
        log: an impression log, a file or a folder.
        bundle: the one that served the log.
        policies: weights by objective, by the policy's name.
        out: the folder for the report (`report.json`, `report.md`, `report.html`).
        judgments: for nDCG, as `build` takes them.

    Returns:
        the object that `trimtab replay --json` prints.

    Raises:
        BadLog, BadParameter: the log or a policy cannot be used.
    """
    from trimtab.abtest.ope.replay import replay as run  # noqa: PLC0415  # matplotlib, of an extra

    index = load(bundle) if isinstance(bundle, Path | str) else bundle
    return run(log, index, policies, out, judgments=_judgments(judgments))


def analyze_page(html: str | bytes | Path, url: str | None = None) -> Page:
    """Recognise price, name, image, availability and forms on a shop's page. Needs the extra `pages`.

    Args:
        html: the page as it came, or the file that holds it (may be `.gz`).
        url: where it came from.

    Raises:
        BadFile: the file cannot be read.
        BadParameter: a text is the name of a file or an address, and not a page.
    """
    from trimtab.webpages.analyze import analyze_page as analyze  # noqa: PLC0415  # the HTML parser, of an extra
    from trimtab.webpages.ingest import read_html  # noqa: PLC0415  # see above

    if isinstance(html, str) and "<" not in html and (_NO_PAGE.fullmatch(html.strip()) or isfile(html)):
        raise BadParameter("html", f"{html.strip()!r} is not a page", "HTML, or a file as Path(...)")
    return analyze(read_html(html) if isinstance(html, Path) else html, url)


def _judgments(given: Path | str | pl.DataFrame | None) -> pl.DataFrame | None:
    if given is None:
        return None
    return judgments_of(given) if isinstance(given, pl.DataFrame) else read_judgments(given)
