"""A log that version 0.1 wrote is read as it was then, and its replay comes to the same figures.

`golden/log-0.1/data` is a service's data folder with a sealed part, a segment that still spools and events. Beside it
are what that version read of it (`columns.json`, a digest of each column's values), what it reported
(`report.json`) and the ratios of propensities that its bundle gave (`ratios.npz`), so that no bundle is needed here.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from trimtab.abtest.ope.estimators import prefix_weights, snips
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.log.logged_slates import FrameArrays, SlateArrays
from trimtab.abtest.ope.sums import add_up
from trimtab.core.metrics import discounts
from trimtab.engine.build.labelled_lists import behaviour_gain
from trimtab.engine.log.impressions import ImpressionReader
from trimtab.engine.log.rows import rows_of

FOLDER = Path(__file__).parent / "golden" / "log-0.1"
REPORT: dict[str, Any] = json.loads((FOLDER / "report.json").read_text())
EARLIER_NAMES = {"arm": "variant"}
RECORDED = "dearer"  # wording: allow (the policy's name in the recorded report)


def test_every_column_is_read_as_it_was() -> None:
    expected = json.loads((FOLDER / "columns.json").read_text())
    rows = [row for frame in ImpressionReader(FOLDER / "data") for row in rows_of(frame)]
    assert len(rows) == 400
    assert {row["arm"] for row in rows} == {None, "weights/margin", "weights/control"}
    digests = {}
    for name in rows[0]:
        values = [row[name].isoformat() if name == "timestamp" else row[name] for row in rows]
        digests[EARLIER_NAMES.get(name, name)] = sha256(json.dumps(values).encode()).hexdigest()
    assert {name: digests[name] for name in expected} == expected


def test_its_replay_comes_to_the_same_figures() -> None:
    reader = ImpressionReader(FOLDER / "data")
    frame = pl.concat(reader)
    items = frame["item_ids"].explode().unique(maintain_order=True).to_list()
    slates = SlateArrays().add(FrameArrays(engine_of(frame, items)).slates_of(frame))
    ratios = np.load(FOLDER / "ratios.npz")
    slates = slates.take(ratios["numbers"])
    grades = np.where(slates.purchases > 0, 2, slates.clicks)
    rewards = {"relevance": behaviour_gain(grades) * discounts(grades.shape[1]), "revenue": slates.revenue}
    for policy, weights in (("logged", np.ones(grades.shape)), (RECORDED, prefix_weights(ratios[RECORDED]))):
        recorded = REPORT["log"] if policy == "logged" else REPORT["policies"][policy]
        for metric, values in rewards.items():
            found = estimate(add_up(snips(values, weights), slates.groups), confidence=REPORT["confidence"]).as_dict()
            for name, value in recorded[metric].items():
                expected = value if value is None else pytest.approx(value, rel=1e-9)
                if name not in {"low", "high", "standard_error"}:
                    assert found[name] == expected, (policy, metric, name)
            # Version 0.1 took users as they are and the bootstrap's end alone; now each user is left out in turn, which
            # is no less where ratios are, and the wider of two ends is taken.
            error = recorded[metric]["standard_error"]
            assert error * (1 - 1e-9) <= found["standard_error"] < 1.05 * error
            for wider, narrower in ((found["low"], recorded[metric]["low"]), (recorded[metric]["high"], found["high"])):
                assert 0 <= narrower - wider < 0.5 * found["standard_error"]
    assert reader.event_counts() == REPORT["log"]["events"]


def engine_of(frame: pl.DataFrame, items: list[str]) -> Any:
    """The parts of the bundle that served, as far as a log's arrays need them."""

    class Store:
        def __len__(self) -> int:
            return len(items)

        def item_ids(self, rows: Any) -> list[str]:
            return [items[row] for row in rows]

    manifest = {"feature_schema": frame["feature_schema"][0]}
    return SimpleNamespace(
        store=Store(),
        bundle_id=frame["bundle"][0],
        manifest=manifest,
        uses_clock=False,
        sale_moments=np.zeros_like,
        known_weights=tuple(REPORT["log"]["weights"][0]),
        require=lambda query: None,
    )
