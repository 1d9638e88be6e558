"""What the markup of a field allows it to ask for: its `type`, `autocomplete`, `inputmode` and options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.fields import Field

FIELD_TYPES = (
    "firstName", "lastName", "fullName", "phone", "emailAddress", "addressStreet", "houseNumber", "addressStreet2",
    "addressCity",
    "addressProvince", "addressPostalCode", "addressCountryCode", "cardNumber", "cardSecurityCode", "cardName",
    "expirationMonth",
    "expirationYear", "expiration", "username", "password", "birthday", "other",
)  # fmt: skip
"""Names of the DuckDuckGo set where it has one."""

IMPOSSIBLE, UNLIKELY = 30.0, 12.0
"""What a type that the markup rules out loses in log-odds, by what a browser enforces and by what a shop declares."""

_NUMBERS = "phone houseNumber addressPostalCode cardNumber cardSecurityCode expirationMonth expirationYear expiration"
_CHOSEN = "addressCity addressProvince addressPostalCode addressCountryCode expirationMonth expirationYear birthday"
_BY_KIND = {
    "password": "password cardSecurityCode cardNumber",
    "email": "emailAddress username",
    "tel": f"{_NUMBERS} username birthday",
    "number": f"{_NUMBERS} birthday username",
    "select": f"{_CHOSEN} expiration addressStreet",
    "date": "birthday expiration",
    "month": "expiration birthday",
    "textarea": "addressStreet addressStreet2",
    "checkbox": "", "radio": "", "range": "", "color": "", "url": "", "time": "", "week": "", "datetime-local": "",
}  # fmt: skip
_BY_AUTOCOMPLETE = {
    "name": "fullName firstName lastName", "given-name": "firstName", "family-name": "lastName", "nickname": "username",
    "username": "username emailAddress phone", "email": "emailAddress username",
    "street-address": "addressStreet", "address-line1": "addressStreet", "address-line2": "addressStreet2",
    "address-line3": "addressStreet2", "address-level1": "addressProvince", "address-level2": "addressCity",
    "address-level3": "addressCity", "address-level4": "",
    "country": "addressCountryCode", "country-name": "addressCountryCode", "postal-code": "addressPostalCode",
    "cc-name": "cardName", "cc-given-name": "firstName cardName", "cc-family-name": "lastName cardName",
    "cc-number": "cardNumber", "cc-exp": "expiration", "cc-exp-month": "expirationMonth",
    "cc-exp-year": "expirationYear", "cc-csc": "cardSecurityCode",
    "bday": "birthday", "bday-day": "birthday", "bday-month": "birthday", "bday-year": "birthday",
    "tel": "phone username", "tel-national": "phone", "tel-local": "phone",
    "additional-name": "", "cc-additional-name": "", "honorific-prefix": "", "honorific-suffix": "",
    "one-time-code": "", "organization": "", "organization-title": "", "cc-type": "", "tel-country-code": "",
    "tel-area-code": "", "tel-extension": "", "transaction-amount": "", "transaction-currency": "", "language": "",
    "sex": "", "url": "", "photo": "", "impp": "",
}  # fmt: skip
"""The names of the HTML standard and the types they may stand for; `other` alone where there are none."""
_BY_INPUTMODE = {"email": "emailAddress username", "tel": f"{_NUMBERS} username birthday", "search": "", "url": ""}
_BY_SHAPE = {"dial": ""}
_BY_LENGTH = {"1": ""}
"""One character is one digit of a code that is sent or remembered."""
_STORED_VALUE = re.compile(
    r"gift|voucher|coupon|loyalty|reward|membership|frequent|certificate|geschenk|gutschein|kundenkarte|cadeau"
    r"|fid[eé]lit|regalo|presente|presentkort|gavekort|lahjakort|podarun|dárkov|darček|ajándék|hediye|подароч|подарун"
    r"|礼品|禮|优惠|ギフト|ポイント|クーポン|기프트|상품권|هدية|מתנה"
)
"""Cards that no bank issues."""
_DECOY = re.compile(r"honey.?pot|bot.?field|leave (?:this )?(?:field )?(?:empty|blank)|do not fill|don.t fill")


def _costs(table: Mapping[str, str], cost: float, other_cost: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """The costs of types that a table does not allow; `other` costs something only where it allows a type."""
    found = {}
    for name, allowed in table.items():
        costs = np.where(np.isin(FIELD_TYPES, allowed.split()), 0.0, -cost)
        costs[FIELD_TYPES.index("other")] = -other_cost if allowed else 0.0
        found[name] = costs
    return found


_FREE = np.zeros(len(FIELD_TYPES))
_TABLES = (
    ("kind", _costs(_BY_KIND, IMPOSSIBLE)),
    ("autocomplete", _costs(_BY_AUTOCOMPLETE, UNLIKELY, UNLIKELY)),
    ("inputmode", _costs(_BY_INPUTMODE, UNLIKELY)),
    ("shape", _costs(_BY_SHAPE, IMPOSSIBLE)),
    ("maxlength", _costs(_BY_LENGTH, IMPOSSIBLE)),
)
_NO_PAYMENT = np.where([name.startswith("card") for name in FIELD_TYPES], -UNLIKELY, 0.0)
_ONLY_OTHER = _costs({"": ""}, IMPOSSIBLE)[""]
_HALF_OF_MAIL = ("before", "after")
"""Where a lone `@` stands beside a field that takes one half of an e-mail address."""


def evidence(fields: Sequence[Field]) -> NDArray[np.float64]:
    """[n, n_types] log-odds that the markup takes from types it does not allow, 0 elsewhere."""
    return np.asarray([_of_field(one.texts) for one in fields]).reshape(len(fields), len(FIELD_TYPES))


def _of_field(texts: Mapping[str, str]) -> NDArray[np.float64]:
    if any(_DECOY.search(texts.get(name, "")) for name in ("name", "id", "label", "placeholder", "before")):
        return _ONLY_OTHER
    if any(texts.get(name, "") == "@" for name in _HALF_OF_MAIL):
        return _ONLY_OTHER
    named = " ".join(texts.get(name, "") for name in ("name", "id", "label", "placeholder", "aria"))
    total = _NO_PAYMENT if _STORED_VALUE.search(named) else _FREE
    for name, costs in _TABLES:
        said = texts.get(name, "")
        if name == "autocomplete":
            # `section-a shipping home tel`: the name stands last, but for `webauthn`.
            said = next((word for word in reversed(said.split()) if word != "webauthn"), "")
        total = total + costs.get(said, _FREE)
    return total
