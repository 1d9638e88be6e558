"""Figures of form fields: by folds of sites on one labelled set, and across sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.webpages.evaluation.measures import Counts, f1, share
from trimtab.webpages.predict.field_model import FieldModel
from trimtab.webpages.predict.forms import FILL_ABOVE
from trimtab.webpages.training.form_sets import LabelledForm, duck_forms, formasaurus_forms
from trimtab.webpages.training.forms import fit_fields

N_FORM_FOLDS = 5
REPORTED_FIELDS = ("addressStreet", "addressCity", "addressPostalCode", "addressProvince", "addressCountryCode",
"firstName", "lastName",
                   "fullName", "phone", "emailAddress", "cardNumber", "cardSecurityCode", "expiration", "password",
                   "username")  # fmt: skip


def field_figures(forms: Sequence[LabelledForm], models: dict[str, FieldModel]) -> dict[str, Any]:
    """F1 by type, the share of right types, and that share among fields of fill plans; models by site."""
    counts: dict[str, list[Counts]] = {name: [] for name in REPORTED_FIELDS}
    right: list[bool] = []
    filled: list[bool] = []
    for form in forms:
        decoded = models[form.site].decode(form.fields)
        answered = [
            # An answer that is right in another way counts as the label, for its own type too.
            (said, chance, said if form.is_right(index, said) else kind)
            for index, ((said, chance), kind) in enumerate(zip(decoded, form.types, strict=True))
            if kind is not None
        ]
        right += [said == kind for said, _, kind in answered]
        filled += [said == kind for said, chance, kind in answered if chance >= FILL_ABOVE and said != "other"]
        for name, rows in counts.items():
            hits = sum(said == kind == name for said, _, kind in answered)
            rows.append(
                (
                    hits,
                    sum(said == name for said, _, _ in answered) - hits,
                    sum(kind == name for _, _, kind in answered) - hits,
                )
            )
    found: dict[str, Any] = {"all": share(right).as_dict(), "fill_plan": share(filled).as_dict()}
    return found | {name: f1(rows).as_dict() for name, rows in counts.items() if any(tp + fn for tp, _, fn in rows)}


def evaluate_forms(data: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Site-grouped folds on the DuckDuckGo set, and trained there and tested on formasaurus; with and without
    autocomplete."""
    figures: dict[str, Any] = {}
    for name, with_autocomplete in (("with_autocomplete", True), ("without_autocomplete", False)):
        duck = list(duck_forms(data, with_autocomplete=with_autocomplete))
        sites = sorted({form.site for form in duck})
        order = np.random.Generator(np.random.PCG64(0)).permutation(len(sites))
        folds = [{sites[index] for index in fold} for fold in np.array_split(order, N_FORM_FOLDS)]
        models: dict[str, FieldModel] = {}
        for number, fold in enumerate(folds):
            progress(f"fields {name}, fold {number + 1} of {len(folds)}")
            model = fit_fields([form for form in duck if form.site not in fold])
            models |= dict.fromkeys(fold, model)
        progress(f"fields {name}, across sets")
        across = fit_fields(duck)
        other = list(formasaurus_forms(with_autocomplete=with_autocomplete))
        figures[name] = {
            "duckduckgo": field_figures(duck, models),
            "formasaurus": field_figures(other, {form.site: across for form in other}),
        }
    return figures
