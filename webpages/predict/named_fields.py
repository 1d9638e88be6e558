"""Fields that their label names outright, in forms that surely ask for an address or a card.

A confidence by type knows how often a type is right wherever it is asked for. A label that the table of words knows as
a whole, for one type and no other, says more, but for contact forms and logins, which mean other things by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from trimtab.webpages.parse.fields import Field
from trimtab.webpages.predict.field_words import types_named

SURE_FROM = 0.925
MIN_SURE = 2
"""Fields of a form that are sure without this."""
NAMED_FROM, NAMED_CONFIDENCE = 0.7, 0.93
"""From which confidence on a field can be named outright, and how often one is right then: 101 of 109 fields of sites
that the model had not seen."""
_LABELS = ("label", "aria", "placeholder")
_SAYING = (*_LABELS, "title", "name", "id")
_NO_ADDRESS = frozenset({"other", "username", "password"})


def with_named(fields: Sequence[Field], decoded: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Types and confidences, raised for fields that are named outright."""
    n_sure = Counter(
        one.form
        for one, (kind, confidence) in zip(fields, decoded, strict=True)
        if confidence >= SURE_FROM and kind not in _NO_ADDRESS
    )
    return [
        (kind, NAMED_CONFIDENCE)
        if kind != "other"
        and NAMED_FROM <= confidence < SURE_FROM
        and n_sure[one.form] >= MIN_SURE
        and _is_named(one.texts, kind)
        else (kind, confidence)
        for one, (kind, confidence) in zip(fields, decoded, strict=True)
    ]


def _is_named(texts: Mapping[str, str], kind: str) -> bool:
    """Whether a label is the name of this type alone, and no other text of the field names another one."""
    said = {name: types_named(texts[name]) for name in _SAYING if name in texts}
    is_named = any(said[name][0] == {kind} for name in _LABELS if name in said)
    named = (frozenset().union(*types) for types in said.values())
    return is_named and all(not types or kind in types for types in named)
