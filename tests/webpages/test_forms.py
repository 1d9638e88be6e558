# ruff: noqa: E501  # markup reads better unbroken
"""Decoding against all sequences there are, and what a form is taken for."""

from __future__ import annotations

import itertools
from html import escape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webpages.pages_made_here import CHECKOUT
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.field_sight import Sight
from trimtab.webpages.parse.fields import Field, read_fields
from trimtab.webpages.predict.field_evidence import FIELD_TYPES
from trimtab.webpages.predict.field_model import decode_chain
from trimtab.webpages.predict.field_words import types_named
from trimtab.webpages.predict.forms import FILL_ABOVE, read_forms
from trimtab.webpages.predict.named_fields import NAMED_CONFIDENCE, with_named


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


@pytest.mark.parametrize(
    ("n_sure", "label", "name", "is_raised"),
    [
        (2, "Hausnummer *", "hnr", True),
        (1, "Hausnummer", "hnr", False),
        (2, "Hausnummer", "phone", False),
        (2, "Zahl", "x", False),
    ],
)
def test_a_field_that_its_label_names_outright_is_sure_in_a_form_that_is(
    n_sure: int, label: str, name: str, *, is_raised: bool
) -> None:
    fields = [Field(at, 0, {"label": "Ort"}) for at in range(n_sure)] + [Field(9, 0, {"label": label, "name": name})]
    decoded = [*[("addressCity", 0.97)] * n_sure, ("houseNumber", 0.8)]
    assert with_named(fields, decoded)[-1] == ("houseNumber", NAMED_CONFIDENCE if is_raised else 0.8)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Complemento (opcional)", "addressStreet2"), ("Validade (MM/AA)", "expiration"), ("받는사람", "fullName"), ("MM/AA", "expiration"),
     ("Tänav ja maja nr", "addressStreet"), ("Iela, mājas numurs", "addressStreet"), ("Linn / vald", "addressCity"),
     ("Netfang", "emailAddress"), ("ელ. ფოსტა", "emailAddress"), ("Població", "addressCity"), ("پلاک", "houseNumber")],
)  # fmt: skip
def test_a_label_is_known_whatever_decorates_it(text: str, kind: str) -> None:
    assert types_named(text)[0] == {kind}


def test_a_second_street_without_a_word_is_the_other_address() -> None:
    rows = "<label>Street <input name='street'></label><label>City <input name='city'></label><label>Zip code <input name='zip'></label>"
    forms = read_forms(parse(f"<form>{rows}<p>&nbsp;</p>{rows}</form>"))
    assert [found.section for found in forms.labelled] == ["shipping"] * 3 + ["billing"] * 3


def test_hidden_fields_and_buttons_are_no_fields() -> None:
    assert read_fields(parse("<form><input type=hidden name=token><input type=submit><button>Go</button></form>")) == []


def types_of(html: str) -> list[str]:
    return [found.type for found in read_forms(parse(f"<form>{html}</form>")).labelled]


def rows(*labels: str) -> str:
    return "".join(f"<p><label for=f{i}>{label}</label><input id=f{i}></p>" for i, label in enumerate(labels))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            ["姓", "名", "郵便番号", "都道府県", "市区町村", "番地", "電話番号", "メールアドレス"],
            ["lastName", "firstName", "addressPostalCode", "addressProvince", "addressCity", "addressStreet", "phone", "emailAddress"],
        ),
        (
            ["收货人姓名", "手机号码", "省份", "城市", "详细地址", "邮政编码"],
            ["fullName", "phone", "addressProvince", "addressCity", "addressStreet", "addressPostalCode"],
        ),
        (["Name", "Surname", "City", "Postcode"], ["firstName", "lastName", "addressCity", "addressPostalCode"]),
        (["持卡人姓名", "卡号", "有效期", "安全码"], ["cardName", "cardNumber", "expiration", "cardSecurityCode"]),
    ],
)  # fmt: skip
def test_labels_of_other_scripts_and_a_name_asked_for_in_parts(labels: list[str], expected: list[str]) -> None:
    assert types_of(rows(*labels)) == expected


@pytest.mark.parametrize(
    "field",
    [
        "<label>Country code <select name=dial><option>Germany +49<option>France +33<option>Italy +39</select></label>",
        "<label>Card <input name=giftCardNumber placeholder='Gift card number' maxlength=19></label>",
        "<label>Company <input name=company autocomplete=organization></label>",
        "<label>Code <input autocomplete=one-time-code inputmode=numeric></label>",
        "<input type=password maxlength=1 aria-label='Digit 1 of your code'>",
        "<label>Leave this field empty <input name=email2></label>",
        "<label>E-mail <input type=email name=mail2 tabindex=-1 style='position:absolute; left:-5000px'></label>",
        "<div style='display:none'><input name=email_confirm autocomplete=off></div>",
        "<p class=ohno><input name=phone2 tabindex=-1></p>",
        "E-mail <input name=mail1 hidden>@<input name=mail2>",
    ],
)
def test_what_no_address_or_card_goes_into_is_in_no_plan(field: str) -> None:
    sheet = "<style>.ohno { position: absolute; left: -9999px }</style>"
    forms = read_forms(parse(f"{sheet}<form>{rows('First name', 'Last name', 'Street address')}{field}</form>"))
    assert forms.labelled[-1].type == "other"
    assert len(forms.fill_plan()) <= 3


def test_a_later_step_keeps_its_types_and_is_not_filled_yet() -> None:
    forms = read_forms(parse(f"<form><div style='display:none'>{rows('First name', 'Last name')}</div></form>"))
    assert [found.type for found in forms.labelled] == ["firstName", "lastName"]
    assert {found.sight for found in forms.labelled} == {Sight.UNOPENED}
    assert forms.fill_plan() == []


def test_birth_dates_stand_beside_card_dates() -> None:
    years = "".join(f"<option>{year}" for year in range(1950, 2005))
    later = "".join(f"<option>{year}" for year in range(2026, 2036))
    html = (
        "<label>Card number <input name=ccnum></label>"
        f"<label>Expiry year <select name=exp_year>{later}</select></label>"
        f"<label>Date of birth <input name=dob></label><label>Year of birth <select name=dob_year>{years}</select></label>"
    )
    assert types_of(html) == ["cardNumber", "expirationYear", "birthday", "birthday"]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<input autocomplete='section-a shipping postal-code' name=x1>", "addressPostalCode"),
        ("<input autocomplete='cc-csc' name=x1>", "cardSecurityCode"),
        ("<input type=email name=email>", "emailAddress"),
        ("<input autocomplete='billing address-line2' name=x1>", "addressStreet2"),
    ],
)
def test_what_the_markup_declares_comes_first(markup: str, expected: str) -> None:
    assert types_of(markup) == [expected]


@given(st.lists(st.sampled_from(FIELD_TYPES), min_size=1, max_size=6), st.text(max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_password_field_asks_for_nothing_but_secrets(words: list[str], label: str) -> None:
    html = "".join(f"<input type=password name={word} aria-label='{escape(label)}'>" for word in words)
    assert set(types_of(html)) <= {"password", "cardSecurityCode", "cardNumber", "other"}


def test_a_page_without_forms() -> None:
    assert read_forms(parse("<p>nothing</p>")).as_dicts() == ()


def test_a_hidden_field_for_a_website_is_a_decoy() -> None:
    trap = "<div style='display:none'><input name='website'></div>"
    html = (
        f"<form><label>Name <input></label><label>E-mail <input type='email'></label>{trap}<button>Send</button></form>"
    )
    (form,) = analyze_page(html).forms
    assert [field["type"] for field in form["fields"]] == ["fullName", "emailAddress", "other"]


BOXES = "".join(f"<input type=tel maxlength=1 aria-label='Digit {number}'>" for number in range(6))


@pytest.mark.parametrize(
    "fields",
    [
        "<label>Enter the 6-digit code <input inputmode=numeric maxlength=6></label>",
        "<input autocomplete=one-time-code>",
        "<label>Bestätigungscode <input></label><label><input type=checkbox> Diesem Gerät vertrauen</label>",
        "<input placeholder='인증번호 6자리'>",
        BOXES,
    ],
)
def test_a_form_of_a_one_time_code_is_listed_and_not_filled(fields: str) -> None:
    (form,) = read_forms(parse(f"<form>{fields}<button>OK</button></form>")).as_dicts()
    assert (form["kind"], form["fill"]) == ("one_time_code", [])


@pytest.mark.parametrize(
    "label", ["Promo code", "Gift card code", "Enter the text in the picture (captcha code)", "Search"]
)
def test_other_codes_are_not_listed(label: str) -> None:
    assert read_forms(parse(f"<form><label>{label} <input></label></form>")).as_dicts() == ()


def test_the_label_of_another_field_says_nothing_about_this_one() -> None:
    fields = read_fields(parse("<input id=a><label for=a>City</label><input id=b><label for=b>Postcode</label>"))
    assert [(one.texts["label"], one.texts.get("before")) for one in fields] == [("city", None), ("postcode", None)]
