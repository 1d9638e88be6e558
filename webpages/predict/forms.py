"""Forms of a page: what each field asks for, shipping apart from billing, and a plan to fill it; nothing submits it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.field_sight import Sight, sight_of
from trimtab.webpages.parse.fields import Field, read_fields
from trimtab.webpages.parse.style import Styles
from trimtab.webpages.predict.code_forms import asks_for_code
from trimtab.webpages.predict.field_evidence import FIELD_TYPES
from trimtab.webpages.predict.field_model import FieldModel, shipped_fields
from trimtab.webpages.predict.named_fields import SURE_FROM, with_named

FILL_ABOVE = SURE_FROM
DECOY_CONFIDENCE = 0.98

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

_BILLING = re.compile(r"bill|invoice|rechnung|factur|fattur|payer|請求", re.IGNORECASE)
_SHIPPING = re.compile(
    r"shipp|deliver|ship(?:to|_|-)|versand|liefer|livraison|env[ií]o|entrega|spedizion|recipient|配送|доставк",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LabelledField:
    """A field with its decoded type, section (`shipping`, `billing`, `payment` or empty) and confidence."""

    field: Field
    type: str
    section: str
    confidence: float
    sight: Sight = Sight.SHOWN


@dataclass(frozen=True, slots=True)
class Forms:
    """All forms of a page."""

    dom: Dom
    labelled: tuple[LabelledField, ...] = ()

    @property
    def n_checkout_fields(self) -> int:
        """Number of address and card fields with enough confidence to call a page a checkout."""
        return sum(f.type in ADDRESS | CARD and f.confidence > 0.6 for f in self.labelled)

    def fill_plan(self) -> list[dict[str, Any]]:
        """Fields that are shown, with a confidence of FILL_ABOVE at least, and what to fill in; never a button."""
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
            if found.confidence >= FILL_ABOVE and found.type != "other" and found.sight == Sight.SHOWN
        ]

    def as_dicts(self) -> tuple[dict[str, Any], ...]:
        """One object for each form with a field of a known type, or that asks for a one-time code alone: its path, its
        fields and its fill plan."""
        by_form: dict[int, list[LabelledField]] = {}
        for found in self.labelled:
            by_form.setdefault(found.field.form, []).append(found)
        plan = {step["path"]: step for step in self.fill_plan()}
        rows = []
        for form, members in by_form.items():
            is_code = all(found.type == "other" for found in members)
            if is_code and not asks_for_code([found.field for found in members]):
                continue
            fields = [
                {
                    "path": self.dom.path(f.field.element),
                    "type": f.type,
                    "section": f.section,
                    "confidence": round(f.confidence, 4),
                    "sight": str(f.sight),
                }
                for f in members
            ]
            rows.append(
                {
                    "kind": "one_time_code" if is_code else "fields",
                    "path": self.dom.path(form) if form >= 0 else "",
                    "fields": fields,
                    "fill": [plan[row["path"]] for row in fields if row["path"] in plan],
                }
            )
        return tuple(rows)


def read_forms(dom: Dom, model: FieldModel | None = None, read_styles: Callable[[], Styles] | None = None) -> Forms:
    """Fields of all forms, typed and put into sections. Fields outside any `<form>` count as one form.

    Args:
        read_styles: gives the page's styles, where somebody else may need them too.
    """
    fields = read_fields(dom)
    if not fields:
        return Forms(dom)
    decoded = with_named(fields, (model or shipped_fields()).decode(fields))
    return Forms(dom, tuple(_with_sights(dom, _with_sections(fields, decoded), read_styles or partial(Styles.of, dom))))


def _with_sights(dom: Dom, labelled: Sequence[LabelledField], read_styles: Callable[[], Styles]) -> list[LabelledField]:
    """Fields with what a shopper sees of them; a decoy asks for nothing.

    Style sheets are read only for forms that ask for more than one thing: a decoy stands beside the field it imitates.
    """
    n_asked = Counter(found.field.form for found in labelled if found.type != "other")
    styles = read_styles() if dom.styles and any(n > 1 for n in n_asked.values()) else None
    seen = []
    for found in labelled:
        one = found.field
        if found.type == "other":
            seen.append(found)
            continue
        sight = sight_of(dom, one.element, one.form, styles if n_asked[one.form] > 1 else None)
        kept = LabelledField(one, "other", "", DECOY_CONFIDENCE) if sight == Sight.DECOY else found
        seen.append(replace(kept, sight=sight))
    return seen


def _with_sections(fields: Sequence[Field], decoded: Sequence[tuple[str, float]]) -> list[LabelledField]:
    """Shipping or billing by the words of the field, else by the field before, else by order: the first address is for
    shipping."""
    found: list[LabelledField] = []
    current, form, said_before = "", -2, False
    seen: set[str] = set()
    for one, (kind, confidence) in zip(fields, decoded, strict=True):
        if one.form != form:
            current, form, said_before, seen = "", one.form, False, set()
        if kind in CARD:
            section = "payment"
        elif kind in ADDRESS | NAMES | {"phone"}:
            said = _named_section(one)
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


def _named_section(one: Field) -> str:
    """The section that a field names: in its name or autocomplete, else in its label, else in the heading above."""
    for names in (("name", "id", "autocomplete"), ("label", "aria", "around"), ("heading",)):
        text = " ".join(one.texts.get(name, "") for name in names)
        billing, shipping = bool(_BILLING.search(text)), bool(_SHIPPING.search(text))
        if billing != shipping:
            return "billing" if billing else "shipping"
    return ""
