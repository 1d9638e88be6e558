"""What stands beside the prices of a feed."""

from __future__ import annotations

import re

_NOTHING_MORE = re.compile(r"(?<=\d)\s*/-")
"""`₹ 1,299/-`: and no paise."""
_PER = re.compile(
    r"\s*(?:/|\b(?:per|pro|je|par|por|al|za|pr\.?)\b)\s*(?:\d+(?:[.,]\d+)?\s*)?[^\W\d]+\.?$"
    r"|^\d+ ?[^\W\d]{1,3}\s*=\s*(?=.*\d)",
    re.IGNORECASE,
)


_FROM = re.compile(
    r"^(?:ab|from|starting at|dès|[àa] partir de|desde|da|vanaf|od|fra|från|alkaen|от|від|başlayan)\s+(?=\S*\d)",
    re.IGNORECASE,
)


def without_measure(text: str) -> str:
    """A price without what it is for: `2.00 €/kg`, `1 kg = 2.00 €` and `ab 2.00 €` are `2.00 €`, `₹ 1,299/-` `₹ 1,299`.

    What is none stays as it is: `n/a`.
    """
    return _PER.sub("", _NOTHING_MORE.sub("", _FROM.sub("", text))) if any(map(str.isdigit, text)) else text
