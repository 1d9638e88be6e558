"""Milliseconds a page: processor time of each level, and the time a browser takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.evaluation.elements import POLICIES
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.predict.model import ElementModel
from trimtab.webpages.predict.scorer import Renderer
from trimtab.webpages.training.datasets import LabelledPage

N_ROUNDS = 3
"""How often each page is timed."""


def evaluate_times(pages: Sequence[LabelledPage], model: ElementModel, render: Renderer | None) -> dict[str, Any]:
    """Milliseconds of processor time a page by level, and of wall time with rendering; `first` are those of `static`
    before the process has read any class name of these pages. In the others levels take turns, because cores drift,
    and each page counts by the median of its rounds."""
    policies = ("text", "style", "static")

    def spent(page: LabelledPage, policy: str) -> float:
        started = time.process_time()
        analyze_page(page.html, page.url, model=model, levels=POLICIES[policy])
        return (time.process_time() - started) * 1000

    analyze_page("<title>what is read once a process</title>", model=model)
    first = [spent(page, "static") for page in pages]
    rounds = [[[spent(page, policy) for policy in policies] for page in pages] for _ in range(N_ROUNDS)]
    figures = dict(zip(policies, map(_milliseconds, np.median(rounds, axis=0).T.tolist()), strict=True))
    figures["first"] = _milliseconds(first)
    if render is not None:
        figures["render"] = _milliseconds([_render_ms(render, parse(page.html)) for page in pages])
    return figures


def _render_ms(render: Renderer, dom: Dom) -> float:
    started = time.perf_counter()
    render(dom)
    return (time.perf_counter() - started) * 1000


def _milliseconds(spent: Sequence[float]) -> dict[str, float]:
    return {"median": float(np.median(spent)), "p95": float(np.quantile(spent, 0.95)), "n_pages": len(spent)}
