"""What `trimtab tune` found, for people: a verdict in a sentence or two, the candidates in order, a page of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from trimtab.abtest.report.verdict import kept_promise

Result = Mapping[str, Any]
"""The object of `trimtab tune --json` (`trimtab.abtest.ope.tune`)."""

OWN = "own"
"""The log's own weights among the candidates."""


def tuning_verdict(result: Result) -> str:
    """Which weights are chosen and what speaks for them, or why the logged ones stay."""
    own, others = result["candidates"][OWN], _others(result)
    refusals = [one["refusal"] for one in others if one["refusal"] is not None]
    n_judged = len(others) - len(refusals)
    stay = "The logged weights stay as they are"
    if own["refusal"] is not None:
        return f"This log cannot tell which weights are better; of its own it has too little: {own['refusal']}. {stay}."
    if not n_judged:
        often = Counter(refusals).most_common(1)[0][0]
        return f"This log says too little of each of the {len(others)} other weights tried ({often}). {stay}."
    unknown = f" Of {len(refusals)} more it says too little." if refusals else ""
    wish = f"{result['maximise']}{_keeping(result)}"
    if result["chosen"] == OWN:
        return f"None of the {n_judged} other weights that this log can judge surely gains {wish}.{unknown} {stay}."
    chosen = ", ".join(f"{name} {weight:.3f}" for name, weight in result["weights"].items())
    gain = "" if result["gain"] is None else f": {result['gain']:+.1%}, at least {in_words(result['gain_at_least'])}"
    return f"Chosen: {chosen}. Of {n_judged} that this log can judge these most surely gain {wish}{gain}.{unknown}"


def in_order(result: Result) -> Sequence[Mapping[str, Any]]:
    """The candidates with their `name`: the logged weights, then those that may be chosen, the surest gain first; last
    those of which the log says too little."""

    def order(item: tuple[str, Mapping[str, Any]]) -> tuple[bool, bool, bool, float]:
        name, one = item
        at_least = one["gain_at_least"]
        is_judged = one["refusal"] is None
        return name != OWN, not is_judged, not one["keeps"], -(at_least if at_least is not None else float("-inf"))

    return [{"name": name, **one} for name, one in sorted(result["candidates"].items(), key=order)]


def marks_of(result: Result, name: str) -> str:
    """What a candidate is: logged, chosen, the knee of the front, on the front."""
    is_on_front = result["candidates"][name]["on_front"]
    found = {"logged": name == OWN, "chosen": name == result["chosen"], "knee": name == result["knee"]}
    return ", ".join([mark for mark, holds in found.items() if holds] + ["front"] * is_on_front)


def keeps_in_words(one: Mapping[str, Any]) -> str:
    """Whether a candidate keeps the floors, or why nobody knows."""
    return str(one["refusal"] or ("yes" if one["keeps"] else "not surely"))


def in_words(share: float | None) -> str:
    """A bound of a gain; one beyond losing all of it says no more than that little is known."""
    if share is None:
        return ""
    return f"{share:+.1%}" if share >= -1 else "below -100%"


def write_tuning_report(result: Result, path: Path) -> None:
    """Write a page that loads nothing from the network."""
    environment = Environment(autoescape=True, loader=FileSystemLoader(Path(__file__).parent))
    page = environment.get_template("tuning.html").render(
        result=result,
        verdict=tuning_verdict(result),
        promise=kept_promise(result["promise"]),
        candidates=in_order(result),
        marks_of=marks_of,
        keeps_in_words=keeps_in_words,
        in_words=in_words,
    )
    path.write_text(page, encoding="utf-8")


def _others(result: Result) -> list[Mapping[str, Any]]:
    return [one for name, one in result["candidates"].items() if name != OWN]


def _keeping(result: Result) -> str:
    kept = " and ".join(f"{share:.4g} of {name}" for name, share in result["keep"].items())
    return f" while keeping {kept}" if kept else ""
