"""Forms of a page: what each field asks for, shipping apart from billing, and a plan to fill it. Nothing is submitted.

Fields are read in document order with everything that names them (label, placeholder, name, autocomplete, options, the
heading above), scored by a linear model over hashed words and letter groups, and decoded together as a sequence
(Viterbi), because a street is followed by a city and a card number by its expiry.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webpages.dom import Dom
from webpages.model import SHIPPED, read_verified

N_BUCKETS = 1 << 13
MAX_FIELDS = 400
MAX_TEXT = 80
FILL_ABOVE = 0.9
TRANSITION_SHARE = 0.5
"""How much a pair of neighbours counts beside what a field says itself; chosen on the training sites."""

FIELD_TYPES = (
    "firstName", "lastName", "fullName", "phone", "emailAddress", "addressStreet", "houseNumber", "addressStreet2",
    "addressCity",
    "addressProvince", "addressPostalCode", "addressCountryCode", "cardNumber", "cardSecurityCode", "cardName",
    "expirationMonth",
    "expirationYear", "expiration", "username", "password", "birthday", "other",
)  # fmt: skip
"""Names of the DuckDuckGo set where it has one."""

ADDRESS = frozenset(name for name in FIELD_TYPES if name.startswith("address") or name == "houseNumber")
CARD = frozenset({"cardNumber", "cardSecurityCode", "cardName", "expirationMonth", "expirationYear", "expiration"})
NAMES = frozenset({"firstName", "lastName", "fullName"})
_AUTOCOMPLETE = {
    "firstName": "given-name", "lastName": "family-name", "fullName": "name", "phone": "tel", "emailAddress": "email",
    "addressStreet": "address-line1", "addressStreet2": "address-line2", "addressCity": "address-level2",
    "addressProvince": "address-level1", "addressPostalCode": "postal-code", "addressCountryCode": "country",
    "cardNumber": "cc-number", "cardSecurityCode": "cc-csc", "cardName": "cc-name", "expirationMonth": "cc-exp-month",
    "expirationYear": "cc-exp-year", "expiration": "cc-exp", "username": "username", "password": "current-password",
    "birthday": "bday",
}  # fmt: skip

_HEADINGS = ("legend", "h1", "h2", "h3", "h4", "h5")
_FIELDS = ("input", "select", "textarea")
_NOT_FIELDS = frozenset({"hidden", "submit", "button", "image", "reset", "file"})
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BILLING = re.compile(r"bill|invoice|rechnung|factur|fattur|payer|請求", re.IGNORECASE)
_SHIPPING = re.compile(
    r"shipp|deliver|ship(?:to|_|-)|versand|liefer|livraison|env[ií]o|entrega|spedizion|recipient|配送|доставк",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field and what names it, each text lower case and short; `element` in the `Dom`."""

    element: int
    form: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LabelledField:
    """A field with its decoded type, section (`shipping`, `billing`, `payment` or empty) and confidence."""

    field: Field
    type: str
    section: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Forms:
    """All forms of a page."""

    dom: Dom
    labelled: tuple[LabelledField, ...] = ()

    @property
    def n_checkout_fields(self) -> int:
        """Address and card fields that are sure enough to call a page a checkout."""
        return sum(f.type in ADDRESS | CARD and f.confidence > 0.6 for f in self.labelled)

    def fill_plan(self) -> list[dict[str, Any]]:
        """Fields that can be filled with confidence FILL_ABOVE at least. It names values, never a button."""
        return [
            {
                "path": self.dom.path(found.field.element),
                "type": found.type,
                "section": found.section,
                "autocomplete": " ".join(
                    filter(None, (found.section if found.type not in CARD else "", _AUTOCOMPLETE.get(found.type, "")))
                ),
                "confidence": round(found.confidence, 4),
            }
            for found in self.labelled
            if found.confidence >= FILL_ABOVE and found.type != "other"
        ]

    def as_dicts(self) -> tuple[dict[str, Any], ...]:
        """One object a form that asks for anything we know: its path, its fields, its plan."""
        by_form: dict[int, list[LabelledField]] = {}
        for found in self.labelled:
            by_form.setdefault(found.field.form, []).append(found)
        plan = {step["path"]: step for step in self.fill_plan()}
        rows = []
        for form, members in by_form.items():
            if all(found.type == "other" for found in members):
                continue
            fields = [
                {
                    "path": self.dom.path(f.field.element),
                    "type": f.type,
                    "section": f.section,
                    "confidence": round(f.confidence, 4),
                }
                for f in members
            ]
            rows.append(
                {
                    "kind": "fields",
                    "path": self.dom.path(form) if form >= 0 else "",
                    "fields": fields,
                    "fill": [plan[row["path"]] for row in fields if row["path"] in plan],
                }
            )
        return tuple(rows)


def read_fields(dom: Dom, *, with_autocomplete: bool = True) -> list[Field]:
    """Visible fields in document order. Linear.

    Args:
        with_autocomplete: whether the attribute of that name may be looked at (measured with and without).
    """
    labels = _labels(dom)
    by_id = {dom.attributes[element]["id"]: element for element in dom.having("id")}
    fields: list[Field] = []
    heading, form = "", -1
    for element in dom.of_tags("form", *_HEADINGS, *_FIELDS):
        tag = dom.tags[element]
        if tag == "form":
            form = element
        if tag in _HEADINGS and 2 < dom.text_length(element) < MAX_TEXT:
            heading = dom.text(element).lower()
        if tag not in _FIELDS:
            continue
        attributes = dom.attributes[element]
        kind = attributes.get("type", "text").lower() if tag == "input" else tag
        if kind in _NOT_FIELDS or len(fields) >= MAX_FIELDS:
            continue
        inside = form if form >= 0 and element < dom.ends[form] else -1
        fields.append(
            Field(
                element,
                inside,
                _texts(
                    dom, element, kind, labels=labels, by_id=by_id, heading=heading, with_autocomplete=with_autocomplete
                ),
            )
        )
    return fields


def _labels(dom: Dom) -> dict[str, int]:
    return {dom.attributes[label]["for"]: label for label in dom.of_tags("label") if dom.attribute(label, "for")}


def _texts(
    dom: Dom,
    element: int,
    kind: str,
    *,
    labels: dict[str, int],
    by_id: dict[str, int],
    heading: str,
    with_autocomplete: bool,
) -> dict[str, str]:
    attributes = dom.attributes[element]
    label = labels.get(attributes.get("id", ""), -1)
    above = dom.ancestors(element, 4)
    if label < 0:
        label = next((a for a in above if dom.tags[a] == "label"), -1)
    if label < 0:
        label = by_id.get(attributes.get("aria-labelledby", "").split(" ")[0], -1)
    first = dom.segment_starts[element]
    before = dom.segments[first - 1] if first else ""
    options = dom.segments[first : first + 6] if kind == "select" else []
    texts = {
        "kind": kind,
        "label": dom.text(label)[:MAX_TEXT] if label >= 0 else "",
        "aria": attributes.get("aria-label", ""),
        "placeholder": attributes.get("placeholder", ""),
        "title": attributes.get("title", ""),
        "name": attributes.get("name", ""),
        "id": attributes.get("id", ""),
        "class": attributes.get("class", ""),
        "before": before if len(before) < 60 else "",
        "after": dom.segments[dom.segment_ends[element]] if dom.segment_ends[element] < len(dom.segments) else "",
        "options": " ".join(options),
        "maxlength": attributes.get("maxlength", ""),
        "inputmode": attributes.get("inputmode", ""),
        "around": " ".join(dom.attribute(a, name) for a in above[:2] for name in ("class", "id")),
        "heading": heading,
    }
    if with_autocomplete:
        texts["autocomplete"] = attributes.get("autocomplete", "")
    return {name: _CAMEL.sub(" ", text[:MAX_TEXT]).lower() for name, text in texts.items() if text}


_WEIGHTS = {"class": 0.4, "before": 0.6, "after": 0.2, "around": 0.3, "heading": 0.25, "options": 0.5}


def hashed(fields: Sequence[Field]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Sparse rows: (row, bucket, value) of words and letter groups by where they stand, and of words wherever they
    stand."""
    rows: list[int] = []
    buckets: list[int] = []
    values: list[float] = []
    for row, one in enumerate(fields):
        weights: dict[int, float] = {}
        # The heaviest last, so that a bucket met twice keeps the greater weight.
        for name, text in sorted(one.texts.items(), key=lambda item: _WEIGHTS.get(item[0], 1.0)):
            weights.update(dict.fromkeys(_buckets(name, text), _WEIGHTS.get(name, 1.0)))
        scale = 1 / np.sqrt(sum(value * value for value in weights.values()) or 1.0)
        rows += [row] * len(weights)
        buckets += weights
        values += [value * scale * 3 for value in weights.values()]
    return np.asarray(rows), np.asarray(buckets, dtype=np.int32), np.asarray(values, dtype=np.float32)


@lru_cache(maxsize=8192)
def _buckets(name: str, text: str) -> tuple[int, ...]:
    """Fields of one form share headings, classes and what stands around them."""
    return tuple(zlib.crc32(token.encode()) % N_BUCKETS for token in _tokens(name, text))


def _tokens(name: str, text: str) -> list[str]:
    words = _WORD.findall(text)[:12]
    tokens = [f"{name}={text[:40]}"] if name in ("kind", "maxlength", "autocomplete", "inputmode") else []
    group = (
        "said"
        if name in ("label", "aria", "placeholder", "title", "before")
        else "named"
        if name in ("name", "id")
        else name
    )
    for word in words:
        tokens += [f"{group}:{word}", f"any:{word}"] if group in ("said", "named") else [f"{group}:{word}"]
        if group in ("said", "named"):
            padded = f"^{word}$"
            tokens += [f"any~{padded[at : at + 4]}" for at in range(max(1, len(padded) - 3))]
    tokens += [f"{group}:{a} {b}" for a, b in pairwise(words)]
    return tokens


@dataclass(frozen=True, slots=True)
class FieldModel:
    """Linear scores and transitions.

    Attributes:
        weights: [N_BUCKETS, n_types] float32.
        bias: [n_types].
        transitions: [n_types + 1, n_types] log-odds of a type after another against its own share; the last row is
        the start.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    transitions: NDArray[np.float32]
    temperature: float = 1.0

    def scores(self, fields: Sequence[Field]) -> NDArray[np.float64]:
        """[n, n_types] log-probabilities of each field by itself."""
        rows, buckets, values = hashed(fields)
        logits = np.tile(self.bias.astype(np.float64), (len(fields), 1))
        if len(rows):
            said, starts = np.unique(rows, return_index=True)
            logits[said] += np.add.reduceat(self.weights[buckets] * values[:, None], starts, axis=0, dtype=np.float64)
        logits /= self.temperature
        shift = logits.max(axis=1, keepdims=True)
        return np.asarray(logits - shift - np.log(np.exp(logits - shift).sum(axis=1, keepdims=True)))

    def decode(self, fields: Sequence[Field]) -> list[tuple[str, float]]:
        """Type and marginal probability of each field, fields of one form as one sequence."""
        found: list[tuple[str, float]] = []
        start = 0
        scores = self.scores(fields)
        while start < len(fields):
            end = start
            while end < len(fields) and fields[end].form == fields[start].form:
                end += 1
            path, marginals = decode_chain(scores[start:end], self.transitions * TRANSITION_SHARE)
            found += [(FIELD_TYPES[t], float(p)) for t, p in zip(path, marginals, strict=True)]
            start = end
        return found

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> FieldModel:
        """Read and verify. Raises: BundleDamaged, BundleMismatch."""
        manifest, arrays = read_verified(folder, "fields.npz", "fields.json")
        return cls(
            arrays["weights"].astype(np.float32), arrays["bias"], arrays["transitions"], float(manifest["temperature"])
        )


def decode_chain(
    scores: NDArray[np.float64], transitions: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The best sequence (Viterbi) and the marginal of each of its members (forward-backward).

    Args:
        scores: [n, t] log-scores of the types by themselves.
        transitions: [t + 1, t] log-odds of neighbours; the last row starts a sequence.

    Returns:
        ([n] types, [n] probabilities).
    """
    n = len(scores)
    pair = transitions[:-1].astype(np.float64)
    best = forward = scores[0] + transitions[-1]
    forwards, backs = [forward], []
    for i in range(1, n):
        through = best[:, None] + pair
        backs.append(through.argmax(axis=0))
        best = through.max(axis=0) + scores[i]
        forward = _log_sum(forward[:, None] + pair) + scores[i]
        forwards.append(forward)
    path = np.empty(n, dtype=np.int64)
    path[-1] = int(best.argmax())
    for i in range(n - 1, 0, -1):
        path[i - 1] = backs[i - 1][path[i]]
    backward = np.zeros(scores.shape[1])
    marginals = np.empty(n)
    total = _log_sum(forwards[-1][:, None])[0]
    for i in range(n - 1, -1, -1):
        marginals[i] = np.exp(forwards[i][path[i]] + backward[path[i]] - total)
        if i:
            backward = _log_sum((pair + scores[i] + backward).T)
    return path, np.minimum(marginals, 1.0)


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """log-sum-exp over axis 0."""
    shift = values.max(axis=0)
    return np.asarray(shift + np.log(np.exp(values - shift).sum(axis=0)))


@cache
def shipped_fields() -> FieldModel:
    """The field model inside the package, read once a process."""
    return FieldModel.load(SHIPPED)


def read_forms(dom: Dom, model: FieldModel | None = None) -> Forms:
    """Fields of all forms, typed and put into sections. Fields outside any `<form>` count as one form."""
    fields = read_fields(dom)
    if not fields:
        return Forms(dom)
    decoded = (model or shipped_fields()).decode(fields)
    return Forms(dom, tuple(_sections(fields, decoded)))


def _sections(fields: Sequence[Field], decoded: Sequence[tuple[str, float]]) -> list[LabelledField]:
    """Shipping or billing by what is said, else by the field before, else by order: the first address is where it
    goes."""
    found: list[LabelledField] = []
    current, form, said_before = "", -2, False
    seen: set[str] = set()
    for one, (kind, confidence) in zip(fields, decoded, strict=True):
        if one.form != form:
            current, form, said_before, seen = "", one.form, False, set()
        if kind in CARD:
            section = "payment"
        elif kind in ADDRESS | NAMES | {"phone"}:
            said = _said_section(one)
            if kind in ADDRESS and kind in seen and kind != "addressStreet2" and not said:
                # A second street without a word about it is the other address.
                current, seen = ("billing" if current != "billing" else "shipping"), set()
            current = said or current or "shipping"
            said_before = said_before or bool(said)
            seen = seen | {kind} if not said or section_of(found) == current else {kind}
            section = current
        else:
            section = ""
        found.append(LabelledField(one, kind, section, confidence))
    has_address = {f.field.form for f in found if f.type in ADDRESS}
    return [
        f if f.field.form in has_address or f.section == "payment" else LabelledField(f.field, f.type, "", f.confidence)
        for f in found
    ]


def section_of(found: Sequence[LabelledField]) -> str:
    """The last section that is an address."""
    return next((f.section for f in reversed(found) if f.section in ("shipping", "billing")), "")


def _said_section(one: Field) -> str:
    """Its own name first, then autocomplete, then the heading above."""
    for names in (("name", "id", "autocomplete"), ("label", "aria", "around"), ("heading",)):
        text = " ".join(one.texts.get(name, "") for name in names)
        billing, shipping = bool(_BILLING.search(text)), bool(_SHIPPING.search(text))
        if billing != shipping:
            return "billing" if billing else "shipping"
    return ""
