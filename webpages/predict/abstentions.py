"""Why an element of a product page is left out, for whoever has to decide without it."""

from __future__ import annotations

from collections.abc import Collection

from trimtab.webpages.predict.scorer import Scorer

_KINDS = {"price": "price", "name": "name", "image": "image", "add_to_cart": "cart"}
_OTHERS = {
    "sku": "no number on the page can be relied on as the article number",
    "availability": "what the page states and what it shows contradict each other, and neither convinces",
}
MAX_TEXT = 60


def abstentions(scorer: Scorer, found: Collection[str]) -> dict[str, str]:
    """A sentence for each element that was looked for and is not among those found."""
    chosen = {name: _reason(scorer, kind) for name, kind in _KINDS.items() if name not in found}
    return chosen | {name: reason for name, reason in _OTHERS.items() if name not in found}


def _reason(scorer: Scorer, kind: str) -> str:
    choice = scorer.best(kind)
    if choice is None:
        return "nothing on the page could be one"
    likeliest = " ".join(choice.candidate.text.split())[:MAX_TEXT]
    chance = f"the likeliest, {likeliest!r}, has a chance of {choice.confidence:.2f}"
    if choice.dissent and kind == "price":
        return f"what the page states and what it shows differ, and neither convinces: {chance}"
    return f"nothing convinces: {chance}"
