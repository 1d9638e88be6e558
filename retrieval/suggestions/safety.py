"""What of the words that shoppers typed may be shown to others: nothing personal, nothing offensive."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

import regex

from trimtab.text.analyser import Analyser

MAX_CHARACTERS = 60
"""Longer texts were pasted rather than typed."""
MAX_DIGITS = 6
"""Digits beyond which a number is that of a person, a card, a parcel or an order."""

_PERSONAL = regex.compile(
    r"\S@\S"  # an address of mail
    r"|https?:|www\.|\w\.(?:com|net|org|de|fr|co|io)\b"  # an address of the web
    r"|\b(?:\d[ ./()-]{0,2}){7,}"  # a telephone number, a card, a date of birth
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}"  # an account
    r"|\b\d{3}-\d{2}-\d{4}\b",
    regex.IGNORECASE,
)
BLOCKED = Path(__file__).with_name("blocked_words.txt")


def is_shareable(text: str, analyser: Analyser, blocked: Collection[str] = ()) -> bool:
    """Whether a text that somebody typed may be suggested to others.

    Args:
        blocked: words of the shop's own, as they are compared, beside those that are blocked everywhere.
    """
    if len(text) > MAX_CHARACTERS or _PERSONAL.search(text) or sum(map(str.isdigit, text)) > MAX_DIGITS:
        return False
    keys = [token.key for token in analyser.tokens(text)]
    everywhere = blocked_words(analyser)
    return bool(keys) and not any(key in everywhere or key in blocked for key in keys)


@lru_cache(maxsize=8)
def blocked_words(analyser: Analyser) -> frozenset[str]:
    """The words that are blocked everywhere, as they are compared."""
    return keys_of(BLOCKED.read_text(encoding="utf-8").splitlines(), analyser)


def keys_of(words: Iterable[str], analyser: Analyser) -> frozenset[str]:
    """Words, one an entry, as they are compared; `#` begins a comment."""
    return frozenset(analyser.key(word) for line in words if (word := line.partition("#")[0].strip()))
