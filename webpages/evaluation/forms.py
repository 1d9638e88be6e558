"""Figures of form fields: by folds of sites on one labelled set, and across sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.webpages.evaluation.measures import Counts, f1, share
from trimtab.webpages.evaluation.shops import calibration_error
from trimtab.webpages.predict.field_model import FieldModel
from trimtab.webpages.predict.forms import FILL_ABOVE
from trimtab.webpages.predict.named_fields import with_named
from trimtab.webpages.training.form_sets import LabelledForm, duck_forms, formasaurus_forms, shop_forms
from trimtab.webpages.training.forms import fit_fields

N_FORM_FOLDS = 3
REPORTED_FIELDS = ("addressStreet", "addressCity", "addressPostalCode", "addressProvince", "addressCountryCode",
"firstName", "lastName",
                   "fullName", "phone", "emailAddress", "cardNumber", "cardSecurityCode", "expiration", "password",
                   "username")  # fmt: skip


def field_figures(forms: Sequence[LabelledForm], models: dict[str, FieldModel]) -> dict[str, Any]:
    """F1 by type, the share of right types, that share among fields of fill plans and how many of the fields that ask
    for something are in one, and how far confidences are off.

    Args:
        models: by site.
    """
    counts: dict[str, list[Counts]] = {name: [] for name in REPORTED_FIELDS}
    answers: list[tuple[str, float, bool]] = []
    for form in forms:
        answered = [
            # An answer that is right in another way counts as the label, for its own type too.
            (said, chance, said if form.is_right(index, said) else kind)
            for index, ((said, chance), kind) in enumerate(
                zip(with_named(form.fields, models[form.site].decode(form.fields)), form.types, strict=True)
            )
            if kind is not None
        ]
        answers += [(said, chance, said == kind) for said, chance, kind in answered]
        for name, rows in counts.items():
            hits = sum(said == kind == name for said, _, kind in answered)
            n_said, n_labelled = (sum(name == one[at] for one in answered) for at in (0, 2))
            rows.append((hits, n_said - hits, n_labelled - hits))
    asked = [(chance, right) for said, chance, right in answers if said != "other"]
    chances = np.asarray([chance for _, chance, _ in answers])
    right = np.asarray([float(is_right) for *_, is_right in answers])
    found: dict[str, Any] = {
        "all": share(right.tolist()).as_dict(),
        "fill_plan": share([is_right for chance, is_right in asked if chance >= FILL_ABOVE]).as_dict(),
        "planned": share([chance >= FILL_ABOVE for chance, _ in asked]).as_dict(),
        "expected_calibration_error": calibration_error(chances, right, np.ones(len(answers))),
    }
    return found | {name: f1(rows).as_dict() for name, rows in counts.items() if any(tp + fn for tp, _, fn in rows)}


def evaluate_forms(data: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Each set by models trained on the other sites of all sets (`folds`), and by one of DuckDuckGo's set (`across`).

    What the words weigh and how sure an answer is are fitted inside the folds; the table of words is not.
    """
    sets = {
        "duckduckgo": list(duck_forms(data)),
        "formasaurus": list(formasaurus_forms()),
        "shop-forms": list(shop_forms(data)),
    }
    forms = [form for members in sets.values() for form in members]
    sites = sorted({form.site for form in forms})
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(sites))
    models: dict[str, FieldModel] = {}
    for number, fold in enumerate(np.array_split(order, N_FORM_FOLDS)):
        progress(f"fields, fold {number + 1} of {N_FORM_FOLDS}")
        held_out = {sites[index] for index in fold}
        models |= dict.fromkeys(held_out, fit_fields([form for form in forms if form.site not in held_out]))
    progress("fields, across sets")
    across = dict.fromkeys(sites, fit_fields(sets["duckduckgo"]))
    return {
        "folds": {name: field_figures(members, models) for name, members in sets.items()},
        "across": {name: field_figures(members, across) for name, members in sets.items() if name != "duckduckgo"},
    }
