"""The public functions of `import trimtab`: build a bundle, search it, replay a log, analyse a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from trimtab.catalog.feeds.reading import read_feed
from trimtab.catalog.judgments import read_judgments
from trimtab.catalog.shop import EMPTY, naming_lines
from trimtab.core.records import Constraints, Query, ReceiptLine, Slate
from trimtab.core.weights import objective_of_loss
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.engine.response import response_of
from trimtab.retrieval.filters import parse_filter, parse_near, parse_sort, words_asked
from trimtab.retrieval.understanding.understand import Wishes
from trimtab.text.analyser import language_code

if TYPE_CHECKING:
    from trimtab.webpages.page import Page


@dataclass(frozen=True)
class SearchResult:
    """One answered search.

    Attributes:
        hits: the items shown, the first at position 0, each with the fields of a hit of `GET /search`.
        slate: the record behind them: candidates, propensities, seed, weights as asked for and as used.
    """

    hits: tuple[Mapping[str, Any], ...]
    slate: Slate

    @property
    def receipt(self) -> Mapping[str, ReceiptLine]:
        """What the weights changed of each objective against the pure-relevance slate."""
        return self.slate.receipt

    @property
    def facets(self) -> Mapping[str, Mapping[str, int]]:
        """The values of the attributes that were asked for, and how many of what was found has each."""
        return {name: dict(facet.counts) for name, facet in self.slate.facets.items()}

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights used, which sum to 1; after `max_relevance_loss` they may differ from those asked for."""
        return self.slate.weights

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.hits)


class SearchIndex:
    """A bundle, loaded and ready to search.

    Attributes:
        engine: for what this class does not do: exploration, pins, frontiers, the log row of a slate.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def objectives(self) -> tuple[str, ...]:
        """The names that `search` takes weights for."""
        return self.engine.known_weights

    @property
    def default_weights(self) -> Mapping[str, float]:
        """The weights of a search that gives none."""
        return self.engine.default_weights

    def __len__(self) -> int:
        return len(self.engine.store)

    def search(  # noqa: PLR0913  # a keyword for each parameter of GET /search
        self,
        query: str | None = None,
        *,
        k: int = 10,
        filters: Sequence[str] = (),
        facets: Sequence[str] = (),
        sort: str | None = None,
        group: bool = True,
        price_list: str | None = None,
        store: str | None = None,
        near: str | None = None,
        user_id: str | None = None,
        language: str | None = None,
        max_relevance_loss: float | None = None,
        **steering: float,
    ) -> SearchResult:
        """Search, steered by objective weights.

        Args:
            query: the words; `*` is every item, and filters or an order need none.
            k: how many items to show.
            filters: conditions as `GET /search` takes them: `brand:Acme`, `price:0..20`.
            facets: attributes whose values are counted in `facets` of the result.
            sort: an order instead of the weights: `price`, `price:desc`.
            group: show the variants of a product as one hit.
            price_list, store: by which prices of `shop.toml`, and where, somebody buys.
            near: where somebody is, `48.857,2.352`, for `distance`.
            user_id: rank for this user's history.
            language: of the words, `de` or `de-AT`; those of the catalogue by default.
            max_relevance_loss: the share of the pure-relevance slate's relevance that may be given up.
            steering: a weight for each objective, any scale, without any of which the bundle's default weights hold;
                and `max_<objective>_loss`, the share of that objective's own best slate that may be given up.

        Raises:
            BadParameter: nothing says what is looked for, something named is not known, or a value is not valid.
        """
        losses = {one: share for name, share in steering.items() if (one := objective_of_loss(name)) is not None}
        weights = {name: weight for name, weight in steering.items() if objective_of_loss(name) is None}
        asked = Query(
            text=words_asked(query, has_conditions=bool(filters) or sort is not None),
            k=k,
            weights=weights or None,
            constraints=Constraints(max_relevance_loss=max_relevance_loss, max_losses=losses),
            filters=tuple(parse_filter(condition) for condition in filters),
            facets=tuple(facets),
            sort=None if sort is None else parse_sort(sort),
            group=group,
            price_list=price_list,
            store=store,
            near=None if near is None else parse_near(near),
            user_id=user_id,
        )
        engine = self.engine.in_market(asked)  # sale prices hold by the clock
        wishes = Wishes(language=None if language is None else language_code(language))
        slate = engine.slate(engine.understood(asked, wishes))
        return SearchResult(tuple(response_of(slate, engine.store)["hits"]), slate)


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
        catalogue: a feed as a shop's platform exports it (CSV, JSON, XML, Parquet), or a frame with its columns.
        out: the folder to write; a bundle that is there is replaced.
        judgments: a CSV file or a frame of `query, item_id, grade` to learn from.
        log: an impression log to learn from.
        shop: the catalogue's `shop.toml`; without one, it is inferred.
        encoder: `wordllama`, `minilm`, `distilled`, `multilingual` or `universal`; `auto` chooses by how many items
            there are.
        max_rejected_share: refuse a file of which more rows than this cannot be used.

    Raises:
        BadFile, BadInput: a file cannot be used; the message names the row.
    """
    feed = None
    source = "frame" if isinstance(catalogue, pl.DataFrame) else str(catalogue)
    if isinstance(catalogue, pl.DataFrame):
        items = catalogue
    else:
        feed = read_feed(Path(catalogue), None if shop is None else Path(shop), max_rejected_share=max_rejected_share)
        items = feed.items
    with naming_lines(None if shop is None else Path(shop)):
        build_bundle(
            items,
            Path(out),
            source=source,
            rejections=None if feed is None else feed.rejections,
            shop=EMPTY if feed is None else feed.shop,
            beside=Path() if shop is None else Path(shop).parent,
            encoder=encoder,
            judgments=_judgments(judgments),
            log_rows=None if log is None else (row for frame in read_log(Path(log)) for row in rows_of(frame)),
        )
    return load(out)


def load(bundle: Path | str) -> SearchIndex:
    """Load and verify a bundle.

    Raises:
        BundleDamaged, BundleMismatch: a file is not as it was written, or the bundle is of another version.
    """
    return SearchIndex(Engine.load(Path(bundle)))


def replay(
    log: Path | str,
    bundle: SearchIndex | Path | str,
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

    index = bundle if isinstance(bundle, SearchIndex) else load(bundle)
    folder = None if out is None else Path(out)
    return run(Path(log), index.engine, policies, folder, judgments=_judgments(judgments))


def analyze_page(html: str | bytes | Path, url: str | None = None) -> Page:
    """Recognise price, name, image, availability and forms on a shop's page. Needs the extra `pages`.

    Args:
        html: the page as it came, or the file that holds it (may be `.gz`).
        url: where it came from.

    Raises:
        BadFile: the file cannot be read.
    """
    from trimtab.webpages.analyze import analyze_page as analyze  # noqa: PLC0415  # the HTML parser, of an extra
    from trimtab.webpages.ingest import read_html  # noqa: PLC0415

    return analyze(read_html(html) if isinstance(html, Path) else html, url)


def _judgments(given: Path | str | pl.DataFrame | None) -> pl.DataFrame | None:
    return given if given is None or isinstance(given, pl.DataFrame) else read_judgments(given)
