"""What stands beside the prices of a feed."""

from __future__ import annotations

import re

_NOTHING_MORE = re.compile(r"(?<=\d)\s*/-")
"""`₹ 1,299/-`: and no paise."""
_PER = re.compile(r"\s*(?:/|\b(?:per|pro|je|par|por|al|za|pr\.?)\b)\s*[^\W\d]+\.?$", re.IGNORECASE)


def without_measure(text: str) -> str:
    """A price without what it is for: `2.00 €/kg` is `2.00 €`, `₹ 1,299/-` is `₹ 1,299`; `n/a` stays as it is."""
    return _PER.sub("", _NOTHING_MORE.sub("", text)) if any(map(str.isdigit, text)) else text
