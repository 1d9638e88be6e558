"""What is said of the weights that a log chose, or could not choose."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from trimtab.abtest.report.tuning import OWN, in_order, in_words, tuning_verdict
from trimtab.cli.evaluation_tables import MOST_TUNED, tuning_table


def candidate(weight: float, gain: float | None = None, *, refusal: str | None = None, keeps: bool = True) -> Any:
    weights = {"relevance": 1 - weight, "revenue": weight}
    at_least = None if gain is None else gain - 2
    return {
        "weights": weights,
        "gain": gain,
        "gain_at_least": at_least,
        "keeps": keeps,
        "refusal": refusal,
        "on_front": False,
    }


def found(chosen: str = OWN, **others: Any) -> dict[str, Any]:
    candidates = {**others, OWN: others.get(OWN, candidate(0.2))}
    return {
        "maximise": "revenue",
        "keep": {"relevance": 0.98},
        "compared": {"served": "sorted"},
        "chosen": chosen,
        "weights": candidates[chosen]["weights"],
        "gain": candidates[chosen]["gain"],
        "gain_at_least": candidates[chosen]["gain_at_least"],
        "knee": None,
        "candidates": candidates,
    }


def test_the_verdict_says_what_is_chosen_or_that_the_log_cannot_tell() -> None:
    thin = candidate(0.4, refusal="effective sample size 12")
    said = tuning_verdict(found("bold", bold=candidate(0.5, 2.25), more=candidate(0.3, 0.1), thin=thin))
    assert said.startswith("Chosen: relevance 0.500, revenue 0.500.")
    assert "Of 2 that this log can judge" in said
    assert "+225.0%, at least +25.0%" in said
    assert "while keeping 0.98 of relevance" in said
    assert said.endswith("Of 1 more it says too little.")
    none = tuning_verdict(found(bold=candidate(0.5, 0.1)))
    assert none.startswith("None of the 1 other weights that this log can judge surely gains revenue")
    for cannot in (found(thin=thin), found(own=candidate(0.2, refusal="effective sample size 3"), thin=thin)):
        assert "too little" in tuning_verdict(cannot)
    for stays in (none, tuning_verdict(found(thin=thin))):
        assert stays.endswith("The logged weights stay as they are.")


def test_what_may_be_chosen_comes_first_and_what_nobody_knows_last() -> None:
    rows = {f"sure {n}": candidate(n / 100, n / 10) for n in range(12)}
    result = found(thin=candidate(0.4, refusal="too few"), unsure=candidate(0.6, 3.0, keeps=False), **rows)
    names = [one["name"] for one in in_order(result)]
    assert names == [OWN, *(f"sure {n}" for n in reversed(range(12))), "unsure", "thin"]
    table = tuning_table(result)
    assert table.row_count == MOST_TUNED
    console = Console(width=80)
    with console.capture() as shown:
        console.print(table)
    assert "7 more in the report" in shown.get()
    assert "-150" not in shown.get(), "revenue cannot fall by more than all of it"
    assert in_words(-1.8) == "below -100%"
