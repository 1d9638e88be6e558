# ruff: noqa: E501  # markup reads better unbroken
"""Decoding against all sequences there are, and what a form is taken for."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webpages.pages_made_here import CHECKOUT
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.fields import read_fields
from trimtab.webpages.predict.field_model import decode_chain
from trimtab.webpages.predict.forms import FILL_ABOVE, read_forms


@given(st.integers(1, 4), st.integers(2, 3), st.integers(0, 10_000))
@settings(max_examples=60)
def test_viterbi_and_marginals_are_those_of_all_sequences(n: int, t: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, transitions = rng.normal(size=(n, t)), rng.normal(size=(t + 1, t)).astype(np.float32)
    path, marginals = decode_chain(scores, transitions)
    totals = {}
    for sequence in itertools.product(range(t), repeat=n):
        total = transitions[-1, sequence[0]] + scores[0, sequence[0]]
        for i in range(1, n):
            total += transitions[sequence[i - 1], sequence[i]] + scores[i, sequence[i]]
        totals[sequence] = float(total)
    assert tuple(path) == max(totals, key=lambda sequence: totals[sequence])
    weights = {sequence: np.exp(total) for sequence, total in totals.items()}
    whole = sum(weights.values())
    for i in range(n):
        expected = sum(weight for sequence, weight in weights.items() if sequence[i] == path[i]) / whole
        np.testing.assert_allclose(marginals[i], expected, rtol=1e-5)


def test_a_checkout_in_german_without_any_attribute_to_lean_on() -> None:
    html = "<form>" + "".join(
        f"<label for='f{i}'>{label}</label><input id='f{i}'>"
        for i, label in enumerate(
            ["Vorname", "Nachname", "Straße", "Hausnummer", "Postleitzahl", "Ort", "Telefon", "E-Mail"]
        )
    )
    types = [found.type for found in read_forms(parse(html)).labelled]
    expected = [
        "firstName",
        "lastName",
        "addressStreet",
        "houseNumber",
        "addressPostalCode",
        "addressCity",
        "phone",
        "emailAddress",
    ]
    assert types == expected


def test_billing_is_told_from_shipping_and_plans_are_sure() -> None:
    forms = read_forms(parse(CHECKOUT))
    sections = {found.section for found in forms.labelled}
    assert sections == {"shipping", "billing", "payment"}
    dom = forms.dom
    for step in forms.fill_plan():
        assert step["confidence"] >= FILL_ABOVE
        element = dom.find(step["path"])
        assert element is not None
        assert dom.tags[element] in ("input", "select", "textarea")
        assert dom.attribute(element, "type") not in ("submit", "button", "image", "hidden")


def test_a_second_street_without_a_word_is_the_other_address() -> None:
    rows = "<label>Street <input name='street'></label><label>City <input name='city'></label><label>Zip code <input name='zip'></label>"
    forms = read_forms(parse(f"<form>{rows}<p>&nbsp;</p>{rows}</form>"))
    assert [found.section for found in forms.labelled] == ["shipping"] * 3 + ["billing"] * 3


def test_hidden_fields_and_buttons_are_no_fields() -> None:
    assert read_fields(parse("<form><input type=hidden name=token><input type=submit><button>Go</button></form>")) == []


def test_a_page_without_forms() -> None:
    assert read_forms(parse("<p>nothing</p>")).as_dicts() == ()
