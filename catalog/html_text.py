"""HTML as the text that it shows."""

from __future__ import annotations

import html
import re

_HIDDEN = re.compile(
    r"<(script|style|template|noscript)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w:-]*)(?:\s(?:"[^"<]*"|'[^'<]*'|[^'"<>])*)?\s*/?>|<!\w[^<>]*>""")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][\w]{1,31});")
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small"}
    | {"span", "strong", "sub", "sup", "tt", "u", "var", "wbr"}
)
"""Elements that no space belongs around: `H<sub>2</sub>O`."""
MAX_ROUNDS = 2
"""Feeds escape HTML once more than it needs."""


def text_of_html(text: str) -> str:
    """The text without tags and entities; what is neither stays as it is (`3 < 5`, `AT&T`)."""
    for _ in range(MAX_ROUNDS):
        if "<" in text:
            text = _TAG.sub(lambda tag: "" if (tag[2] or "").lower() in _INLINE else " ", _HIDDEN.sub(" ", text))
        if "&" not in text or not _ENTITY.search(text):
            break
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return " ".join(text.split())
