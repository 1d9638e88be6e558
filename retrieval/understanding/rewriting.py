"""Rewriting: other words in place of some of a query's, as a person has decided."""

from __future__ import annotations

from typing import Literal

from trimtab.text.analyser import Analyser

Matches = Literal["exact", "contains", "starts_with"]
Keys = tuple[str, ...]


def keys_of(text: str, analyser: Analyser) -> Keys:
    """The words of a text, as they are compared."""
    return tuple(token.key for token in analyser.read(text))


def place_of(words: Keys, wanted: Keys, matches: Matches) -> int | None:
    """Where in the words those stand that a rule is about; None where it does not hold."""
    n = len(wanted)
    if matches == "exact":
        return 0 if words == wanted else None
    last = 1 if matches == "starts_with" else len(words) - n + 1
    return next((at for at in range(last) if words[at : at + n] == wanted), None)


def rewritten(text: str, wanted: str, by: str, matches: Matches, analyser: Analyser) -> str | None:
    """A text with other words in place of the wanted ones; None where the rule does not hold."""
    tokens = analyser.read(text)
    wanted_keys = keys_of(wanted, analyser)
    at = place_of(tuple(token.key for token in tokens), wanted_keys, matches) if wanted_keys else None
    if at is None:
        return None
    if matches == "exact":
        return by
    return text[: tokens[at].start] + by + text[tokens[at + len(wanted_keys) - 1].end :]
