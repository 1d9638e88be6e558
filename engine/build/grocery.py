"""The grocery bundle: a ranker trained on what households really bought.

A query is the words of a product type, by a household that bought something of that type, at that time. Some say less
than the till does ("pizza" for frozen pizza), so a share of the queries keeps only the last words; some say more, so a
share gains a word that other types have ("red wine", where no wine is called red); some say it in other words ("toilet
paper" for toilet tissue). Everything a ranker may know of a week comes from the weeks before it: histories, prices and
popularity are frozen at the end of the weeks named in `Split`, so that training sees a household as serving will. Lists
are of products, as pages are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.catalog.attributes.definition import definitions_of
from trimtab.catalog.datasets.grocery import Grocery, item_statistics, load_grocery
from trimtab.catalog.groups import Groups
from trimtab.catalog.shop import Shop
from trimtab.catalog.size_families import with_size_families
from trimtab.catalog.store import ItemStore
from trimtab.core.metrics import mean_interval
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks
from trimtab.engine.build.build import save_trained
from trimtab.engine.build.indexing import build_pipeline, store_of
from trimtab.engine.build.labelled_lists import Intent, lists_from_intents
from trimtab.engine.build.training import (
    Trained,
    Valuation,
    heads_report,
    recipe_for,
)
from trimtab.engine.bundle.storage import staging_folder
from trimtab.engine.stages.pipeline import Pipeline, item_columns
from trimtab.ranker.companions import Companions
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.registry import AUTO, check_servable, fit_of_heads, fit_served, method_for
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.training.crossval import expected_by_others
from trimtab.ranker.training.heads import (
    ENOUGH_LISTS,
    Recipe,
    assemble,
    calibrate,
    calibrated,
    raw_scores,
)
from trimtab.ranker.training.held_out import held_out_report, list_ndcg
from trimtab.ranker.training.lists import RankingLists, pad_lists
from trimtab.ranker.training.loss_budgets import fit_loss_budgets, paths_by_objective
from trimtab.ranker.training.paths import attainment_of_gains, attainment_of_ranker, served_utilities
from trimtab.ranker.training.receipt_factors import fit_receipt_factors
from trimtab.ranker.training.strangers import some_of_strangers
from trimtab.ranker.users import UserHistories
from trimtab.retrieval.encoders.registry import check_encoder
from trimtab.retrieval.milvus.building import new_collection
from trimtab.retrieval.retriever import Retriever

LAST_WEEK = 53
RECIPE = recipe_for(ENOUGH_LISTS)
HEADS = ("relevance", "purchase")
"""What a till says of: what was bought, and of which kind it was."""
SHOP = Shop.parse('[catalogue]\nlanguage = "en"\ncurrency = "USD"\n[variants]\nby_size = true')
N_NEAR_WORDS = 5
SHORTENED_SHARE = 0.3
"""Share of the queries of several words that lose some of the first."""
_JOINING = frozenset({"and", "or", "of", "with", "for"})


@dataclass(frozen=True, slots=True)
class Split:
    """Intents of weeks `first` to `last`, seen with what was known at the end of week `known_until`.

    Attributes:
        qualified_share: of their queries, those that gain the first word of another type.
        reworded_share: of the others, those that have another word in the place of one.
    """

    known_until: int
    first: int
    last: int
    n_intents: int
    qualified_share: float = 0.0
    reworded_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Splits:
    """Heads are fitted on `train`, calibrated on `validation`, judged on `test`.

    Queries that are made up are there to learn from alone: what is said of slates of plain ones would not hold where it
    was fitted on others.
    """

    train: Split = Split(known_until=30, first=31, last=40, n_intents=6000, qualified_share=0.25, reworded_share=0.25)
    validation: Split = Split(known_until=40, first=41, last=46, n_intents=2000)
    test: Split = Split(known_until=46, first=47, last=LAST_WEEK, n_intents=1000)


def build_grocery(  # noqa: PLR0913  # the options of `trimtab build grocery`, keyword-only
    out: Path,
    *,
    grocery: Grocery | None = None,
    shop: Shop = SHOP,
    encoder: str = "wordllama",
    splits: Splits = Splits(),
    recipe: Recipe = RECIPE,
    method: str = AUTO,
    retrieval: str | None = None,
    as_of: datetime | None = None,
    tasks: Tasks | None = None,
    progress: Progress = silent,
) -> str:
    """Build the grocery bundle, of all products or of the part given; returns its id.

    Args:
        shop: what is known of the catalogue.
        as_of: changes to the catalogue up to then need not be made again; now by default.
    """
    check_servable(method)
    check_encoder(encoder)
    grocery = grocery or load_grocery()
    as_of = as_of or datetime.now(UTC)
    items, shop = with_size_families(grocery.items, shop)
    with new_collection(retrieval) as collection, staging_folder(out) as staging:
        pipeline = build_pipeline(
            store_of(items, definitions_of(shop)),
            staging,
            encoder=encoder,
            earlier=out,
            collection=collection,
            tasks=tasks,
            progress=progress,
        )
        histories = histories_until(grocery.purchases, pipeline.store, LAST_WEEK)
        companions = bought_together(grocery.purchases, pipeline.store)
        groups = Groups.of(pipeline.store, shop.variants.attribute)
        pipeline = replace(pipeline, histories=histories, companions=companions, groups=groups)
        valuation = Valuation.of(pipeline.store, objectives_of(has_prices=True), moment=as_of.timestamp())
        trained = train_grocery(
            pipeline, grocery, valuation, splits=splits, recipe=recipe, method=method, progress=progress
        )
        return save_trained(out, staging, pipeline, valuation, trained, source="grocery", as_of=as_of, shop=shop)


def train_grocery(
    pipeline: Pipeline,
    grocery: Grocery,
    valuation: Valuation,
    *,
    splits: Splits = Splits(),
    recipe: Recipe = RECIPE,
    method: str = AUTO,
    progress: Progress = silent,
) -> Trained:
    """A ranker of the weeks of `splits`."""
    parts = problems_of_splits(pipeline, grocery, valuation, splits, progress=progress)
    trained = train_on_splits(parts, recipe=recipe, method=method, progress=progress)
    tested = {"weeks": [splits.test.first, splits.test.last], **trained.report["test"]}
    return replace(trained, report={**trained.report, "test": tested})


def problems_of_splits(
    pipeline: Pipeline, grocery: Grocery, valuation: Valuation, splits: Splits, *, progress: Progress = silent
) -> list[Problem]:
    """The lists to learn from, to calibrate on and to measure on; of the first two some are seen as of strangers."""
    train, validation, test = (
        lists_of_split(pipeline, grocery, split, progress=progress)
        for split in (splits.train, splits.validation, splits.test)
    )
    parts = some_of_strangers(train), some_of_strangers(validation), test
    return [valuation.problem(lists, pipeline.store) for lists in parts]


def train_on_splits(
    parts: Sequence[Problem], *, recipe: Recipe = RECIPE, method: str = AUTO, progress: Progress = silent
) -> Trained:
    """Heads on the training weeks, calibration and ranges on the validation weeks, figures from the test weeks.

    Other methods learn from the training weeks alone.

    Args:
        parts: as `problems_of_splits` makes them.
    """
    problem, validation, test = parts[0], parts[1], parts[2].lists
    train = problem.lists
    method = method_for(method, len(train))
    fit = fit_of_heads(method, recipe, progress=progress)
    if fit is None:
        return _train_other(method, parts, recipe)
    heads = fit(train)
    unseen = raw_scores(heads, validation.lists)
    calibrations, gains, ranges = calibrate(unseen, validation)
    raw = raw_scores(heads, test)
    expected = calibrated(calibrations, raw)
    report: dict[str, Any] = {
        "method": method,
        "trained_on": ["purchases"],
        "n_lists": len(train),
        "heads": heads_report(problem.objectives, train.heads),
        "test": held_out_report(raw, expected, test),
    }
    attainment = attainment_of_gains(validation, gains, ranges)
    ranker = assemble(heads, calibrations, ranges, problem.head_of)
    budgets = fit_loss_budgets(paths_by_objective(validation, gains, ranges))
    by_others = validation.gains_of(expected_by_others(unseen, validation.lists))
    factors = fit_receipt_factors(validation, by_others, ranges)
    return Trained(ranker, ranges.tolist(), report, attainment, problem, budgets, factors)


def _train_other(method: str, parts: Sequence[Problem], recipe: Recipe) -> Trained:
    train, validation, test = parts
    ranker = fit_served(method, train, recipe)
    by_relevance = served_utilities(ranker, test)(np.eye(len(test.objectives))[0])
    report = {
        "method": method,
        "trained_on": ["purchases"],
        "n_lists": len(train),
        "test": {"ndcg@10": mean_interval(list_ndcg(by_relevance.numpy(), test.lists)).as_dict()},
    }
    return Trained(ranker, ranker.ranges.tolist(), report, attainment_of_ranker(validation, ranker), train)


def lists_of_split(
    pipeline: Pipeline, grocery: Grocery, split: Split, *, progress: Progress = silent, seed: int = 0
) -> RankingLists:
    """Lists of a sample of a split's intents."""
    other_words = OtherWords.of(pipeline.retriever, pipeline.store.types) if split.reworded_share else None
    intents = sample_intents(grocery.purchases, pipeline.store, split, other_words, seed=seed)
    known = at_end_of_week(pipeline, grocery, split.known_until)
    return pad_lists(lists_from_intents(known, intents, progress=progress), HEADS)


def at_end_of_week(pipeline: Pipeline, grocery: Grocery, week: int) -> Pipeline:
    """The pipeline as it was at the end of a week: statistics and histories hold nothing later."""
    statistics = item_statistics(grocery.purchases, last_week=week)
    names = grocery.items.drop("price", "discount", "popularity", "purchase_rate")
    frame = names.join(statistics, on="item_id", how="left", maintain_order="left")
    store = ItemStore.from_frame(frame.with_columns(pl.col("discount", "popularity", "purchase_rate").fill_null(0.0)))
    columns = item_columns(store, pipeline.retriever, pipeline.items.words, pipeline.items.type_vectors)
    histories = histories_until(grocery.purchases, store, week)
    return Pipeline(store, pipeline.retriever, columns, histories, pipeline.groups)


def histories_until(purchases: pl.DataFrame, store: ItemStore, week: int) -> UserHistories:
    """What each household bought up to and including a week."""
    seen = purchases.filter(pl.col("week") <= week)
    rows = store.rows_of(seen["item_id"].to_list())
    there = rows >= 0
    households = seen["household_id"].to_numpy().astype(str)[there]
    # A receipt line counts once, whatever its quantity: ten yoghurts at once are one decision.
    return UserHistories.from_purchases(households, rows[there], np.ones(int(there.sum()), dtype=np.float32))


def bought_together(purchases: pl.DataFrame, store: ItemStore) -> Companions:
    """What baskets hold beside each other."""
    rows = store.rows_of(purchases["item_id"].to_list())
    baskets = purchases["basket_id"].cast(pl.String).rank("dense").to_numpy().astype(np.int64)
    return Companions.from_baskets(baskets[rows >= 0], rows[rows >= 0], len(store), of="purchases")


def sample_intents(
    purchases: pl.DataFrame, store: ItemStore, split: Split, other_words: OtherWords | None = None, *, seed: int = 0
) -> Sequence[Intent]:
    """A random sample of (household, basket, product type); two types of one basket are two intents.

    Args:
        other_words: in which some say what they look for.
    """
    of_weeks = purchases.filter(pl.col("week").is_between(split.first, split.last))
    intents = (
        of_weeks.group_by("household_id", "basket_id", "product_type", maintain_order=True)
        .agg(pl.col("item_id").unique(), pl.col("timestamp").first())
        .sort("basket_id", "product_type")
    )
    chosen = intents.sample(min(split.n_intents, len(intents)), seed=seed, shuffle=True)
    baskets = of_weeks.group_by("basket_id").agg(pl.col("item_id").unique())
    in_basket = dict(zip(baskets["basket_id"], baskets["item_id"], strict=True))
    less, more, other = (np.random.Generator(np.random.PCG64(one)) for one in (seed, seed + 1, seed + 2))
    words = sorted({name.split()[0] for name in store.types})

    def said(product_type: str) -> str:
        text = spoken(product_type, less)
        longer = qualified(text, words, split.qualified_share, more)
        if other_words is None or longer != text:
            return longer
        return other_words.instead(text, split.reworded_share, other)

    return [
        Intent(
            text=said(row["product_type"]),
            product_type=row["product_type"],
            user_id=row["household_id"],
            bought=frozenset(int(r) for r in store.rows_of(in_basket[row["basket_id"]].to_list()) if r >= 0),
            group=row["household_id"],
            timestamp=row["timestamp"],
        )
        for row in chosen.iter_rows(named=True)
    ]


def spoken(product_type: str, rng: np.random.Generator) -> str:
    """What a shopper says for a product type: all of its words, or only the last."""
    words = product_type.split()
    if len(words) > 1 and rng.random() < SHORTENED_SHARE:
        rest = words[int(rng.integers(1, len(words))) :]
        while len(rest) > 1 and rest[0] in _JOINING:
            rest = rest[1:]
        return " ".join(rest)
    return product_type


def qualified(text: str, words: Sequence[str], share: float, rng: np.random.Generator) -> str:
    """A query, of a share of them behind one of some words that it does not have."""
    if rng.random() >= share:
        return text
    word = words[int(rng.integers(len(words)))]
    return text if word in text.split() else f"{word} {text}"


class OtherWords:
    """Words that shoppers say in the place of those of a product type: near ones, if nothing is called so."""

    def __init__(self, near: Mapping[str, Sequence[str]], is_name: Callable[[str], bool]) -> None:
        """
        Args:
            near: by word, what means nearly the same.
            is_name: whether an item has all words of a text.
        """
        self._near, self._is_name = near, is_name

    @classmethod
    def of(cls, retriever: Retriever, types: Sequence[str]) -> OtherWords:
        """Those of a catalogue's types, by its encoder."""
        words = sorted({word for name in types for word in name.split() if word not in _JOINING})
        vectors = retriever.encoder.encode(words)
        order = np.argsort(-(vectors @ vectors.T), axis=1)[:, 1 : N_NEAR_WORDS + 1].tolist()
        near = {word: [words[place] for place in places] for word, places in zip(words, order, strict=True)}
        lexical = retriever.lexical
        return cls(near, lambda text: lexical.has_all(lexical.reader.read(text).distinct))

    def instead(self, text: str, share: float, rng: np.random.Generator) -> str:
        """A query, of a share of them with another word in the place of one."""
        words = text.split()
        known = [place for place, word in enumerate(words) if word in self._near]
        if len(words) < 2 or not known or rng.random() >= share:
            return text
        place = known[int(rng.integers(len(known)))]
        near = self._near[words[place]]
        words[place] = near[int(rng.integers(len(near)))]
        other = " ".join(words)
        return text if self._is_name(other) else other
