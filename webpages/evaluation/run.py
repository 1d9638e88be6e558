"""The whole evaluation: `trimtab pages evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trimtab.webpages.evaluation.elements import evaluate_cart_forms, predictions, report
from trimtab.webpages.evaluation.forms import evaluate_forms
from trimtab.webpages.evaluation.times import evaluate_times
from trimtab.webpages.parse.rendered.render import rendering
from trimtab.webpages.predict.model import shipped_model
from trimtab.webpages.training.datasets import product_pages
from trimtab.webpages.training.examples import read_examples


def evaluate(data: Path, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All figures of docs/webpages.md."""
    with rendering() as render:
        progress("timing")
        times = evaluate_times(list(product_pages(data)), shipped_model(), render)
        examples = read_examples(data, lambda name: progress(f"reading {name}"), render=render)
    found, answers = predictions(examples, progress)
    figures = report(examples, found, answers, data)
    figures["cart-forms"] = evaluate_cart_forms(examples, progress)
    figures["fields"] = evaluate_forms(data, progress)
    figures["milliseconds"] = times
    return figures
