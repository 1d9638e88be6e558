"""Fit the field model: multinomial logistic regression on hashed words, and the transitions between neighbours."""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.fields import read_fields
from trimtab.webpages.predict.field_evidence import FIELD_TYPES, IMPOSSIBLE, evidence
from trimtab.webpages.predict.field_model import N_BUCKETS, FieldModel, hashed, logit
from trimtab.webpages.predict.field_words import words_by_language
from trimtab.webpages.predict.model import SCHEMA_VERSION, replace_file
from trimtab.webpages.training.calibration import Outcome, calibrate
from trimtab.webpages.training.form_sets import LabelledForm

RIDGE = 0.15
SMOOTHING = 2.0
N_CALIBRATION_FOLDS = 3
TYPE_PRIOR = 3.0
"""How firmly the confidence of a type of few cases keeps to that of all."""
LEXICON_WEIGHT = 0.4
CHECKOUTS = (
    "firstName lastName other addressStreet houseNumber addressStreet2 addressPostalCode addressCity addressProvince"
    " addressCountryCode phone emailAddress",
    "emailAddress other phone fullName addressStreet addressCity addressProvince addressPostalCode addressCountryCode",
    "other other cardNumber expiration cardSecurityCode cardName",
    "cardName cardNumber expirationMonth expirationYear cardSecurityCode other",
    "lastName firstName birthday phone addressPostalCode addressProvince addressCity addressStreet addressStreet2",
    "username password other",
    "other emailAddress password password other",
)
"""Usual orders of fields, filled with the words of each language; `other` is none of the types."""
_TYPED = {"emailAddress": "email", "phone": "tel", "password": "password"}


def lexicon_forms(*, seed: int = 0) -> list[LabelledForm]:
    """Forms of the lexicon's words in usual orders, each alternative once, so that the model knows rare types and
    languages beside what they stand next to."""
    draw = random.Random(seed)
    forms = []
    for language, alternatives in words_by_language().items():
        for number in range(max(map(len, alternatives.values()))):
            left = [kind for kind in alternatives if number < len(alternatives[kind])]
            # Every alternative comes once: what the order lacks is asked at its end.
            kinds = [kind for kind in draw.choice(CHECKOUTS).split() if kind in left]
            kinds += [kind for kind in left if kind not in kinds]
            said = [alternatives[kind][number] for kind in kinds]
            html = "".join(
                _field_of(draw, kind, word, at) for at, (kind, word) in enumerate(zip(kinds, said, strict=True))
            )
            fields = read_fields(parse(f"<form>{html}</form>"))
            forms.append(LabelledForm(f"{language}/{number}", "lexicon", f"lexicon-{language}", fields, list(kinds)))
    return forms


def _field_of(draw: random.Random, kind: str, word: str, at: int) -> str:
    """A field that says its word in one of the usual ways."""
    typed = f" type={_TYPED[kind]}" if kind in _TYPED and draw.random() < 0.5 else ""
    word = escape(word, quote=True)
    way = draw.randrange(3)
    if way == 0:
        return f"<div><label for=f{at}>{word}</label><input id=f{at}{typed}></div>"
    if way == 1:
        return f'<div><input placeholder="{word}"{typed}></div>'
    return f'<label>{word} <input name="{word.replace(" ", "_")}"{typed}></label>'


def fit_fields(forms: Sequence[LabelledForm], *, calibrated: bool = True) -> FieldModel:
    """Weights by L-BFGS with a ridge, transitions by counting neighbours in real forms, confidences on forms of sites
    that a model of the other sites had not seen."""
    lexicon = lexicon_forms()
    model = _fit(forms, lexicon)
    if not calibrated:
        return model
    sites = sorted({form.site for form in forms})
    found: list[tuple[str, float, bool]] = []
    for fold in range(N_CALIBRATION_FOLDS):
        unseen = set(sites[fold::N_CALIBRATION_FOLDS])
        other = _fit([form for form in forms if form.site not in unseen], lexicon)
        for form in forms:
            if form.site in unseen:
                found += [
                    (said, chance, form.is_right(index, said))
                    for index, (said, chance) in enumerate(other.decode(form.fields))
                    if form.types[index] is not None
                ]
    return replace(model, confidences=calibrated_by_type(found))


def calibrated_by_type(found: Sequence[tuple[str, float, bool]]) -> NDArray[np.float32]:
    """[n_types, 2] bias and slope of the confidence of each type in the logit of its marginal; a type of few cases
    keeps near what holds for all."""
    outcomes = {
        kind: [Outcome(logit(p), 0.0, right) for said, p, right in found if said == kind] for kind in FIELD_TYPES
    }
    overall = calibrate([outcome for own in outcomes.values() for outcome in own])
    fitted = [calibrate(outcomes[kind], prior=overall, strength=TYPE_PRIOR) for kind in FIELD_TYPES]
    return np.asarray([(one.bias, one.logit) for one in fitted], dtype=np.float32)


def _fit(forms: Sequence[LabelledForm], lexicon: Sequence[LabelledForm]) -> FieldModel:
    used = [*forms, *lexicon]
    rows_of = [(form, index) for form in used for index, kind in enumerate(form.types) if kind is not None]
    fields = [form.fields[index] for form, index in rows_of]
    kinds = np.asarray([FIELD_TYPES.index(form.types[index] or "other") for form, index in rows_of])
    offsets = evidence(fields)
    # What the markup rules out whatever the words say teaches nothing about words.
    possible = offsets[np.arange(len(kinds)), kinds] > -IMPOSSIBLE
    rows, buckets, values = hashed(fields)
    x = csr_matrix((values, (rows, buckets)), shape=(len(fields), N_BUCKETS), dtype=np.float64)
    counts = Counter(kinds.tolist())
    rarity = np.asarray([(len(kinds) / len(FIELD_TYPES) / counts[kind]) ** 0.35 for kind in kinds])
    importance = rarity * [LEXICON_WEIGHT if form.source == "lexicon" else 1.0 for form, _ in rows_of] * possible
    weights, bias = _logistic(x, kinds, importance, offsets)
    return FieldModel(weights, bias, _transitions(forms))


def _logistic(
    x: csr_matrix, y: NDArray[np.int64], importance: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    n, n_types = x.shape[0], len(FIELD_TYPES)
    truth = np.zeros((n, n_types))
    truth[np.arange(n), y] = 1.0
    xt = x.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, b = flat[: N_BUCKETS * n_types].reshape(N_BUCKETS, n_types), flat[N_BUCKETS * n_types :]
        logits = x @ w + b + offsets
        logits -= logits.max(axis=1, keepdims=True)
        p = np.exp(logits)
        p /= p.sum(axis=1, keepdims=True)
        error = (p - truth) * importance[:, None]
        value = -(importance * np.log(p[np.arange(n), y] + 1e-12)).sum() + RIDGE * (w * w).sum() * 0.5
        return float(value), np.concatenate([(xt @ error + RIDGE * w).ravel(), error.sum(axis=0)])

    start = np.zeros(N_BUCKETS * n_types + n_types)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    flat = best.x.astype(np.float32)
    return flat[: N_BUCKETS * n_types].reshape(N_BUCKETS, n_types), flat[N_BUCKETS * n_types :]


def _transitions(forms: Sequence[LabelledForm]) -> NDArray[np.float32]:
    """Smoothed log-odds of the next type given this one against how often it comes at all."""
    n = len(FIELD_TYPES)
    pairs = np.zeros((n + 1, n))
    shares = np.full(n, SMOOTHING)
    for form in forms:
        before = n
        for kind in form.types:
            if kind is None:
                before = n
                continue
            here = FIELD_TYPES.index(kind)
            pairs[before, here] += 1
            shares[here] += 1
            before = here
    share = shares / shares.sum()
    smoothed = pairs + SMOOTHING * n * share
    conditional = smoothed / smoothed.sum(axis=1, keepdims=True)
    return np.asarray(np.log(conditional / share), dtype=np.float32)


def save_fields(model: FieldModel, folder: Path, figures: dict[str, Any]) -> None:
    """`fields.npz` with float16 weights, and `fields.json` beside it."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, weights=model.weights.astype(np.float16), bias=model.bias, transitions=model.transitions,
        confidences=model.confidences,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "fields.npz", buffer.getvalue())
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "sha256": {"fields.npz": hashlib.sha256(buffer.getvalue()).hexdigest()},
        "types": list(FIELD_TYPES),
        "figures": figures,
    }
    replace_file(folder / "fields.json", json.dumps(manifest, indent=1, sort_keys=True).encode())
