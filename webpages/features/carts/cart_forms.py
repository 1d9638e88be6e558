"""Features of forms, which tell those that put a product into the cart or order it from all others."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.candidates import control_text, mark
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import n_amounts
from trimtab.webpages.parse.reading import NAN, Reading
from trimtab.webpages.parse.words import ADD_TO_CART, NOT_CART, has_role

MAX_FORMS = 60
MAX_FORM_TEXT = 2_000
CART_FORM_FEATURES = (
    "says_cart", "says_not_cart", "role_cart_form", "role_cart_inside", "action_cart", "n_hidden", "product_hidden",
    "quantity", "n_texts",
    "n_passwords", "n_emails", "n_selects", "n_choices", "n_areas", "n_submits", "text_length", "n_prices",
    "is_search", "is_login", "is_post",
    "from_name", "after_name", "order", "n_forms", "n_alike", "stated_product", "has_name_anchor",
)  # fmt: skip
_PRODUCT = re.compile(r"prod|sku|item|variant|article|artikel|^id$|\bpid|goods|catentry", re.IGNORECASE)
_QUANTITY = re.compile(
    r"qty|quant|anzahl|menge|cantid|aantal|antal|množ|ilosc|mennyis|count|amount|kolich", re.IGNORECASE
)
_SEARCH = re.compile(r"search|such|busca|recherch|zoek|szukaj|hled|query|^q$|keyword|поиск|検索", re.IGNORECASE)
_LOGIN = re.compile(
    r"log-?in|sign-?in|sign-?up|regist|account|newsletter|subscri|contact|comment|review|password", re.IGNORECASE
)


def form_elements(dom: Dom) -> list[int]:
    return dom.of_tags("form")


def cart_form_rows(reading: Reading, forms: Sequence[int]) -> NDArray[np.float32]:
    """[n, len(CART_FORM_FEATURES)] columns."""
    dom, name = reading.dom, reading.name_anchor
    actions = [re.sub(r"\d+", "0", dom.attribute(form, "action"))[:60] for form in forms]
    stated = float(reading.structured.count("product") > 0 or "product" in reading.structured.opengraph_type)
    rows = [
        [
            *_row(reading, form),
            float(order),
            math.log1p(len(forms)),
            float(actions.count(actions[order])),
            stated,
            float(name >= 0),
        ]
        for order, form in enumerate(forms)
    ]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(CART_FORM_FEATURES))


def _row(reading: Reading, form: int) -> list[float]:
    dom, name = reading.dom, reading.name_anchor
    counts = dict.fromkeys(
        ("hidden", "product", "quantity", "text", "password", "email", "select", "choice", "area", "submit"), 0
    )
    said: list[str] = []
    inside = False
    for element in range(form + 1, min(dom.ends[form], form + 1500)):
        tag, attributes = dom.tags[element], dom.attributes[element]
        names = f"{attributes.get('name', '')} {attributes.get('id', '')}"
        kind = attributes.get("type", "text").lower() if tag == "input" else tag
        if kind == "hidden":
            counts["hidden"] += 1
            counts["product"] += bool(_PRODUCT.search(names.strip()))
        elif kind in ("submit", "image", "button") or (tag == "a" and has_role(mark(dom, element), "cart")):
            counts["submit"] += 1
            said.append(control_text(dom, element)[:60])
            inside = inside or has_role(mark(dom, element), "cart")
        elif tag in ("input", "select", "textarea"):
            counts["quantity"] += bool(_QUANTITY.search(names))
            group = {
                "password": "password",
                "email": "email",
                "select": "select",
                "radio": "choice",
                "checkbox": "choice",
                "textarea": "area",
            }
            counts[group.get(kind, "text")] += 1
    own = mark(dom, form)
    action = dom.attribute(form, "action")
    words = " ".join(said).lower()
    gap = dom.segment_starts[form] - dom.segment_starts[name] if name >= 0 else NAN
    return [
        float(bool(ADD_TO_CART.search(words))),
        float(bool(NOT_CART.search(words))),
        float(has_role(own, "cart")),
        float(inside),
        float(has_role(action[-100:], "cart")),
        math.log1p(counts["hidden"]),
        float(counts["product"]),
        float(counts["quantity"]),
        float(counts["text"]),
        float(counts["password"]),
        float(counts["email"]),
        float(counts["select"]),
        float(counts["choice"]),
        float(counts["area"]),
        float(counts["submit"]),
        math.log1p(dom.text_length(form)),
        math.log1p(_n_prices(dom, form)),
        float(bool(_SEARCH.search(f"{own} {action} {words}"))),
        float(bool(_LOGIN.search(f"{own} {action} {words}"))),
        float(dom.attribute(form, "method").lower() == "post"),
        math.log1p(abs(gap)) if name >= 0 else NAN,
        float(gap >= 0) if name >= 0 else NAN,
    ]


def _n_prices(dom: Dom, form: int) -> int:
    """Amounts with a currency in a form, as far as it is short enough to be one product's."""
    if dom.text_length(form) > MAX_FORM_TEXT:
        return 0
    first, last = dom.segment_starts[form], dom.segment_ends[form]
    return sum(n_amounts(dom.segments[at]) for at in range(first, last) if dom.with_digits[at])
