"""Availability of sites that its weights were not fitted on, without the other models: seconds instead of minutes.

`python -m trimtab.webpages.evaluation.availability ../shared/data` prints the figures of docs/webpages.md.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from rich.console import Console

from trimtab.webpages.evaluation.shops import calibration_error, group_of
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.predict.availability import ABSTAIN_BELOW
from trimtab.webpages.predict.scorer import Candidates
from trimtab.webpages.training.availability import availability_weights
from trimtab.webpages.training.datasets import LabelledPage, product_pages, scraper_fixtures, shop_mirrors
from trimtab.webpages.training.elements import folds_by_site
from trimtab.webpages.training.examples import Example

N_FOLDS = 4
N_SPLITS = 5


def read_example(page: LabelledPage) -> Example:
    """A page labelled with its availability as the one row that tells it."""
    dom = page.dom(masked=True)
    reading = Reading.of(dom, read_structured(dom, page.url), page.url)
    example = Example(page, reading, Candidates.of(reading), None, is_product=True)
    example.add_availability()
    return example


def figures_of(examples: Sequence[Example], seed: int) -> tuple[dict[str, float], float]:
    """Share of pages right by group, each site weighing the same, and the calibration error; of one split."""
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    seen = []
    for fold in folds_by_site(examples, N_FOLDS, seed):
        weights = availability_weights([example for example in examples if example.site not in fold])
        for example in (example for example in examples if example.site in fold):
            chance = 1 / (1 + np.exp(-(example.rows["availability"] @ weights).item()))
            confidence = max(chance, 1 - chance)
            is_right = bool((chance >= 0.5) == example.labels["availability"][0])
            seen.append((confidence, is_right, example.page.weight))
            right[group_of(example.page)][example.site].append(is_right and confidence >= ABSTAIN_BELOW)
    shares = {group: float(np.mean([np.mean(pages) for pages in of.values()])) for group, of in right.items()}
    confidences, is_rights, page_weights = np.asarray(seen, dtype=np.float64).T
    return shares, calibration_error(confidences, is_rights, page_weights)


def main() -> None:
    """Print the mean, the least and the greatest of several splits."""
    parser = argparse.ArgumentParser(description="Availability of sites that its weights were not fitted on.")
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    pages = chain(product_pages(data), scraper_fixtures(data), shop_mirrors(data))
    examples = [read_example(page) for page in pages if page.fields.get("availability")]
    splits = [figures_of(examples, seed) for seed in range(N_SPLITS)]
    columns = {group: [shares[group] for shares, _ in splits] for group in sorted(splits[0][0])}
    columns["calibration error"] = [error for _, error in splits]
    console = Console(highlight=False)
    for name, values in columns.items():
        console.print(f"{name}: {np.mean(values):.3f} ({min(values):.3f}–{max(values):.3f})")


if __name__ == "__main__":
    main()
