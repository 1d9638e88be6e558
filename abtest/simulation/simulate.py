"""Shoppers of a simulated world meet the engine; what they see and do is logged as the service would log it.

Every slate is explored: drawn by the engine's Plackett-Luce policy at the bundle's temperature, or at the temperature
at which a draw costs what exploration may cost, from the seed the service would use for that session, so that any
logged decision can be drawn again by `engine.choose`. Impressions are handled query by query, because candidates of a
query are retrieved once and scored once a household.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trimtab.abtest.ope.asked import LOGGED
from trimtab.abtest.ope.contexts import (
    Bounds,
    Search,
    before_the_draw,
    bound_policies,
    bounds_of,
    by_code,
    contexts_of,
    policy_of,
    with_history,
)
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.evidence_tasks import MOST_PIECES, pieces_by_code
from trimtab.abtest.ope.sums import Ints
from trimtab.abtest.simulation.clicks import N_DRAWS, ClickModel, PositionBased
from trimtab.abtest.simulation.world import Intents, World, world_of
from trimtab.core.atomic import new_folder
from trimtab.core.errors import BadParameter
from trimtab.core.log import SCHEMA_VERSION
from trimtab.core.records import Constraints, Query, Shopper
from trimtab.core.seeds import seed_of
from trimtab.core.weights import RELEVANCE, normalise
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.engine import Engine
from trimtab.engine.cluster.reference import EngineReference
from trimtab.engine.log.impressions import write_part
from trimtab.engine.log.interactions import NO_VARIANTS
from trimtab.engine.log.rows import SCHEMA
from trimtab.engine.search_index import SearchIndex, engine_of
from trimtab.engine.stages.choosing import exploration_seed
from trimtab.engine.stages.scoring import SECONDS_KEPT
from trimtab.ranker.slate.exploration import exploration_text, temperature_within
from trimtab.ranker.slate.log_policy import QueryContexts

K = 10
"""Positions of a simulated page."""

ROWS_PER_PART = 100_000
IMPRESSIONS_PER_BLOCK = 1_000_000
"""Impressions in memory at once."""


def simulate(  # noqa: PLR0913  # the options of `trimtab simulate`, keyword-only
    index: SearchIndex | Engine,
    n_impressions: int,
    out: Path | str,
    *,
    seed: int = 0,
    k: int = K,
    weights: Mapping[str, float] | None = None,
    click_model: ClickModel | None = None,
    max_relevance_loss: float | None = None,
    exploration_loss: float | None = None,
    world: World | None = None,
    tasks: Tasks | None = None,
    progress: Progress = silent,
) -> None:
    """Write a log folder of Parquet parts at `out`; the same arguments write the same log.

    Args:
        weights: that every search asks for, the bundle's default where none are given.
        click_model: position-based by default.
        max_relevance_loss: largest share of expected relevance that a search may give up; the bundle's default where
            no weights are given.
        exploration_loss: share of the sorted slate's expected relevance that a draw may cost; None draws at the
            bundle's temperature.
        world: `world_of(engine)` by default; give it where several logs are simulated.
        tasks: where slates are drawn, some queries a task; here by default.

    Raises:
        BadParameter: `out` is there already, an unknown or bad weight, an engine that does not explore, or a number out
            of its range.
        BadInput: see `world_of`.
    """
    engine = engine_of(index)
    _check(engine, n_impressions, k, exploration_loss)
    asked = engine.with_defaults(
        Query("", weights=weights, constraints=Constraints(max_relevance_loss=max_relevance_loss))
    )
    requested = normalise(asked.weights or engine.default_weights, engine.known_weights)
    bounds = bounds_of(asked.constraints.max_relevance_loss, asked.constraints.max_losses)
    world = world or world_of(engine)
    click_model = click_model or PositionBased()
    rng = np.random.Generator(np.random.PCG64(seed))
    intents = world.draw(n_impressions, rng)
    with new_folder(Path(out)) as folder:
        for start in range(0, n_impressions, IMPRESSIONS_PER_BLOCK):
            some = np.arange(start, min(start + IMPRESSIONS_PER_BLOCK, n_impressions))
            drawing = Drawing(
                EngineReference(engine),
                Searchers.of(world),
                requested,
                k,
                bounds,
                exploration_loss,
            )
            block = _Block(engine, world, drawing, intents.take(some), seed=seed, first=start)
            block.show(
                tasks or Threads(1),
                lambda done: progress("impressions", start + done, n_impressions),  # noqa: B023  # called before `start` changes
            )
            block.browse(click_model, rng)
            block.write(folder)


def _check(engine: Engine, n_impressions: int, k: int, exploration_loss: float | None) -> None:
    if engine.temperature <= 0:
        raise BadParameter("temperature", "this bundle does not explore", "a bundle with a temperature above 0")
    for parameter, number in (("n_impressions", n_impressions), ("k", k)):
        if number < 1:
            raise BadParameter(parameter, f"{number} is too few", "1 or more")
    if exploration_loss is not None and not 0 < exploration_loss < 1:
        raise BadParameter("exploration_loss", f"{exploration_loss} is not a share to lose", "above 0, below 1")


class _Block:
    """Impressions from intent to log rows."""

    def __init__(
        self, engine: Engine, world: World, drawing: Drawing, intents: Intents, *, seed: int, first: int
    ) -> None:
        self._engine, self._world, self._drawing, self._intents = engine, world, drawing, intents
        self._numbers = range(first, first + len(intents))
        self._simulation = seed
        self._sessions = [f"session-{seed}-{number}" for number in self._numbers]
        texts = world.texts
        self._seeds = [
            exploration_seed(session, texts[code], engine.bundle_id, drawing.weights, ())
            for session, code in zip(self._sessions, intents.queries.tolist(), strict=True)
        ]

    def show(self, tasks: Tasks, progress: Callable[[int], None]) -> None:
        """Draw every slate."""
        n, drawing = len(self._intents), self._drawing
        self._drawn = drawn = Drawn.empty(n, drawing.k, len(self._engine.known_weights))
        seeds = np.array(self._seeds, dtype=np.int64)
        pieces = list(pieces_by_code(self._intents.queries, MOST_PIECES))
        items = (SeededIntents(self._intents.take(at), seeds[at]) for at in pieces)
        done = 0
        for at, piece in zip(pieces, tasks.map(draw_by_seed, drawing, items), strict=True):
            drawn.put(at, piece)
            done += len(at)
            progress(done)

    def browse(self, click_model: ClickModel, rng: np.random.Generator) -> None:
        """Draw what the shoppers click and buy."""
        rows = self._drawn.rows
        uniforms = rng.random((*rows.shape, N_DRAWS), dtype=np.float32)
        appeal, closeness, wanted = self._world.judge(self._intents, rows)
        self._clicks, self._purchases = click_model.browse(appeal, closeness, wanted, uniforms)

    def write(self, folder: Path) -> None:
        """Parts of `ROWS_PER_PART`, in order of time."""
        for start in range(0, len(self._numbers), ROWS_PER_PART):
            part = slice(start, min(start + ROWS_PER_PART, len(self._numbers)))
            number = self._numbers[start] // ROWS_PER_PART
            write_part(self._frame(part), folder / f"part-{number:05d}.parquet")

    def _frame(self, part: slice) -> pl.DataFrame:
        engine, world = self._engine, self._world
        drawn = self._drawn
        rows = drawn.rows[part]
        there = rows >= 0
        shown = rows[there]
        prices = np.nan_to_num(engine.store.prices).astype(np.float64)
        drawing, names = self._drawing, engine.known_weights
        losses = dict(drawing.bounds)
        seeds = self._seeds[part]
        columns: dict[str, Any] = {
            "decision_id": pl.Series(
                f"{seed_of('simulated', self._simulation, number):016x}-{seed:016x}"
                for number, seed in zip(self._numbers[part], seeds, strict=True)
            ),
            "timestamp": pl.Series(self._intents.timestamps[part]).dt.replace_time_zone("UTC"),
            "user_id": pl.Series(world.user_ids).gather(self._intents.users[part]),
            "session_id": pl.Series(self._sessions[part]),
            "query": pl.Series(world.texts).gather(self._intents.queries[part]),
            "bundle": pl.lit(engine.bundle_id),
            "feature_schema": pl.lit(engine.manifest["feature_schema"]),
            "weights": pl.Series(
                json.dumps(dict(zip(names, one, strict=True))) for one in drawn.weights[part].tolist()
            ),
            "requested_weights": pl.lit(json.dumps(dict(drawing.weights))),
            "max_relevance_loss": pl.lit(losses.pop(RELEVANCE, None), dtype=pl.Float64),
            "max_losses": pl.lit(json.dumps(losses) if losses else None, dtype=pl.String),
            "temperature": pl.Series(drawn.temperatures[part]),
            "exploration": pl.lit(exploration_text(drawing.exploration_loss)),
            "expected_exploration_loss": pl.Series(drawn.lost[part]).fill_nan(None),
            "seed": pl.Series(seeds),
            "offset": pl.lit(0),
            "item_ids": _lists(pl.Series(engine.store.item_ids(shown)), there),
            "propensities": _lists(pl.Series(drawn.propensities[part][there]), there),
            "filters": pl.lit([], dtype=pl.List(pl.String)),
            "pins": pl.lit("{}"),
            "exclusions": pl.lit([], dtype=pl.List(pl.String)),
            "boosts": pl.lit("{}"),
            "k": pl.lit(drawing.k),
            "degraded": pl.lit([], dtype=pl.List(pl.String)),
            "catalogue": pl.lit(engine.catalogue_version),
            "clicks": _lists(pl.Series(self._clicks[part][there]), there),
            "purchases": _lists(pl.Series(self._purchases[part][there]), there),
            "revenue": _lists(pl.Series(self._purchases[part][there] * prices[shown]), there),
            "schema_version": pl.lit(SCHEMA_VERSION),
            # Nothing is done with a variant later, so which there are need not be known.
            "variants": pl.lit(NO_VARIANTS if drawing.searchers.is_grouped else None, dtype=pl.String),
        }
        empty: dict[str, Any] = {name: pl.lit(None) for name in SCHEMA if name not in columns}
        frame: pl.DataFrame = pl.select(**columns, **empty)
        return frame.cast(dict(SCHEMA.items()))


def gentle(engine: Engine, weights: Floats, contexts: QueryContexts, users: Ints, *, k: int, loss: float) -> Floats:
    """[n_users, 2] the temperature at which a draw costs each user no more than a share of relevance, and that cost;
    both are 1 for those who do not ask.

    Args:
        weights: [M + 1] of all, or [n_users, M + 1] of each.
        users: who asks, as `contexts.gains` has them.
    """
    found = np.ones((len(contexts.gains), 2))
    for user in np.unique(users).tolist():
        own = weights if weights.ndim == 1 else weights[user]
        drawn, kept = before_the_draw(engine, own, contexts, user, depth=min(k, len(contexts.rows)))
        found[user] = temperature_within(drawn, kept, loss=loss, highest=engine.temperature)
    return found


@dataclass(frozen=True)
class Searchers:
    """What there is to search for, who searches, and whether variants are one hit."""

    texts: Sequence[str]
    user_ids: Sequence[str]
    is_grouped: bool = False

    @classmethod
    def of(cls, world: World) -> Searchers:
        return cls(world.texts, world.user_ids, world.products is not None)


@dataclass(frozen=True)
class Drawing:
    """How slates are drawn.

    Attributes:
        weights: that every search asks for, normalised.
        bounds: that every search carries, as in `Search`.
        exploration_loss: share of the sorted slate's expected relevance that a draw may cost; None draws at
            `temperature`.
        temperature: the bundle's where it is None.
    """

    engine: EngineReference
    searchers: Searchers
    weights: Mapping[str, float]
    k: int
    bounds: Bounds = ()
    exploration_loss: float | None = None
    temperature: float | None = None

    def search_for(self, text: str) -> Search:
        """The search for words."""
        k = self.k if self.bounds else 0
        return Search(text, is_grouped=self.searchers.is_grouped, bounds=self.bounds, k=k)


@dataclass(frozen=True)
class SeededIntents:
    """Intents, and the seeds of their draws [n]."""

    intents: Intents
    seeds: Ints


@dataclass(frozen=True)
class Drawn:
    """Slates [n, k], and by impression the temperature, the share of relevance that the draw costs, NaN unknown, and
    the weights [n, M + 1] that it was served with."""

    rows: Ints
    propensities: Floats
    temperatures: Floats
    lost: Floats
    weights: Floats

    @classmethod
    def empty(cls, n: int, k: int, n_weights: int) -> Drawn:
        """Nothing drawn yet."""
        rows = np.full((n, k), -1, dtype=np.int64)
        return cls(rows, np.ones((n, k)), np.zeros(n), np.full(n, np.nan), np.empty((n, n_weights)))

    def put(self, at: Ints, piece: Drawn) -> None:
        """Fill in the slates at some places."""
        for column in fields(self):
            getattr(self, column.name)[at] = getattr(piece, column.name)


def draw_by_seed(how: Drawing, asked: SeededIntents) -> Drawn:
    """Draw the slates of some queries, each from its seed."""
    seeds = asked.seeds.tolist()
    uniforms = np.stack([np.random.Generator(np.random.PCG64(seed)).random(how.k) for seed in seeds])
    return draw(how, asked.intents, uniforms)


def draw(how: Drawing, intents: Intents, uniforms: Floats) -> Drawn:
    """Draw slates for intents.

    Args:
        uniforms: [n, k] in [0, 1).
    """
    engine, n = how.engine.engine, len(intents)
    temperature = engine.temperature if how.temperature is None else how.temperature
    drawn = Drawn.empty(n, how.k, len(engine.known_weights))
    drawn.temperatures[:] = temperature
    shoppers, codes_of_intents = searchers_of(engine, how.searchers, intents)
    users = with_history(engine, shoppers)[codes_of_intents]
    for query, at in by_code(intents.queries):
        codes, who = np.unique(users[at], return_inverse=True)
        known = [shoppers[code] if code >= 0 else Shopper() for code in codes]
        search = how.search_for(how.searchers.texts[query])
        contexts = contexts_of(engine, search, known)
        weights = bound_policies(engine, search, contexts, {LOGGED: how.weights})[LOGGED]
        drawn.weights[at] = weights if weights.ndim == 1 else weights[who]
        if how.exploration_loss is None:
            policy = policy_of(engine, weights, temperature)
        else:
            found = gentle(engine, weights, contexts, who, k=how.k, loss=how.exploration_loss)
            drawn.temperatures[at], drawn.lost[at] = found[who].T
            policy = policy_of(engine, weights, found[:, 0])
        slates, drawn.propensities[at] = policy.draw(contexts, who, uniforms[at])
        drawn.rows[at] = np.where(slates >= 0, contexts.rows[slates], -1) if len(contexts.rows) else -1
    return drawn


def searchers_of(engine: Engine, searchers: Searchers, intents: Intents) -> tuple[list[Shopper], Ints]:
    """Who searches, with the minute where that matters to the ranker, and [n] which of them each intent is of."""
    if not engine.uses_clock:
        return [Shopper(user_id) for user_id in searchers.user_ids], intents.users
    seconds = intents.timestamps.astype("datetime64[s]").astype(np.int64)
    pairs = np.stack([intents.users, seconds - seconds % int(SECONDS_KEPT)], axis=1)
    distinct, codes = np.unique(pairs, axis=0, return_inverse=True)
    return [Shopper(searchers.user_ids[user], (), float(minute)) for user, minute in distinct.tolist()], codes.ravel()


def _lists(values: pl.Series, there: NDArray[np.bool_]) -> pl.Series:
    """Values in reading order as a list a row, as many as the row has."""
    offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    array = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values.to_arrow())
    return pl.Series(array)
