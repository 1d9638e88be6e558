"""What short texts and class names say about whether a product can be had, in the languages of
`availability.toml`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel.languages import get_official_languages

from trimtab.webpages.parse.words import ADD_TO_CART

STATES = ("other", "out", "soon", "notify", "backorder", "preorder", "few", "in")
MAX_TEXT = 200
"""Longer texts are prose."""
MIN_FOREIGN = 8
"""Characters from which a phrase of one Latin word counts on a page of another language: `nera` is black in Italian."""
KEY = 4
NEGATED_WITHIN = 3
"""Words between a negation and what it negates, at most."""
_WRITTEN_AS = {"nb": "no", "nn": "no", "bs": "hr", "sh": "hr", "sr": "hr", "iw": "he", "in": "id"}
"""Languages whose phrases stand under another name in the table."""
_FILE = Path(__file__).with_name("availability.toml")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_START = re.compile(r"(?<![^\W_])[^\W_]|[\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7af]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7af]")
_CLASS_OUT = re.compile(
    r"(?:^|[\s_-])(?:out-?of-?stock|outstock|sold-?out|unavailable|not-?available|no-?stock|oos)(?![a-z])"
)
_CLASS_IN = re.compile(r"(?:^|[\s_-])(?:in-?stock|is-available|available-now)(?![a-z])")


@dataclass(frozen=True, slots=True)
class _Phrase:
    text: str
    state: str
    language: str

    @property
    def is_plain_anywhere(self) -> bool:
        """Whether the phrase means the same on a page of any language."""
        return len(self.text) >= MIN_FOREIGN or " " in self.text or not self.text.isascii()


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    """The file, read once a process: language -> state -> phrases."""
    return tomllib.loads(_FILE.read_text("utf-8"))


@cache
def _phrases() -> dict[str, tuple[_Phrase, ...]]:
    """Phrases by their first characters (KEY of them, or two where the phrase is short), the longest first."""
    found: dict[str, list[_Phrase]] = {}
    for language, states in _table().items():
        for state in STATES:
            for written in states.get(state, ()):
                text = folded(written)
                found.setdefault(text[: KEY if len(text) >= KEY else 2], []).append(_Phrase(text, state, language))
    return {start: tuple(sorted(phrases, key=lambda p: -len(p.text))) for start, phrases in found.items()}


@cache
def _words(kind: str, language: str) -> frozenset[str]:
    """Negations (`not`) or words of the future (`future`) of a language."""
    return frozenset(folded(word) for word in _table().get(language, {}).get(kind, ()))


def folded(text: str) -> str:
    """Lower case without accents, spaces in a row as one."""
    text = text.casefold().replace("’", "'").replace("ʻ", "'")
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFKC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn"))
    return " ".join(text.split())


def n_words(text: str) -> int:
    """Number of words; of scripts without blanks, one for each two characters."""
    return max(len(text.split()), len(_UNSPACED.findall(text)) // 2)


@cache
def _languages_of(language: str | None, territory: str | None) -> frozenset[str]:
    """Languages of the table that a page may be in: the one that it states, those of its country, and English."""
    stated = (language or "")[:2].lower()
    spoken = get_official_languages(territory, de_facto=True) if territory else ()
    return frozenset(_WRITTEN_AS.get(one, one) for one in (stated, "en", *spoken))


@lru_cache(maxsize=16_384)
def states_in(text: str, language: str | None = None, territory: str | None = None) -> tuple[str, ...]:
    """The states that a short text speaks of, in order, negation and future applied.

    Args:
        language: of the page, `de` or `de-CH`; shops leave the one of their theme.
        territory: of the page, `CH`.
    """
    if len(text) > MAX_TEXT:
        return ()
    plain, own = folded(text), _languages_of(language, territory)
    found: list[str] = []
    at = 0
    while start := _START.search(plain, at):
        phrase = _phrase_at(plain, start.start(), own)
        at = start.end() if phrase is None else start.start() + len(phrase.text)
        if phrase is None or phrase.state == "other":
            continue
        found.append(_in_context(phrase, plain[: start.start()]))
        if phrase.state == "notify":  # what follows is the reason for the notice
            break
    return tuple(found)


def refuses_sale(text: str, language: str | None = None, territory: str | None = None) -> bool:
    """Whether a control says that nothing can be bought, and needs the words of buying for it: `구매 불가`, and not two
    texts of which a sheet shows one."""
    said = states_in(text, language, territory)
    return "out" in said and "out" not in states_in(ADD_TO_CART.sub(" ", text.lower()), language, territory)


def _phrase_at(text: str, at: int, languages: frozenset[str]) -> _Phrase | None:
    phrases = _phrases()
    for phrase in (*phrases.get(text[at : at + KEY], ()), *phrases.get(text[at : at + 2], ())):
        if not text.startswith(phrase.text, at):
            continue
        after = text[at + len(phrase.text) : at + len(phrase.text) + 1]
        is_whole = not after.isalnum() or _UNSPACED.match(after) is not None
        if is_whole and (phrase.language in languages or phrase.is_plain_anywhere):
            return phrase
    return None


def _in_context(phrase: _Phrase, before: str) -> str:
    """The state of a phrase after the words before it: not in stock is out, soon in stock is soon."""
    if phrase.state not in ("in", "few"):
        return phrase.state
    words = _WORD.findall(before)
    negations, futures = _words("not", phrase.language), _words("future", phrase.language)
    if any(word in futures for word in words):
        return "soon"
    return "out" if any(word in negations for word in words[-NEGATED_WITHIN:]) else phrase.state


@lru_cache(maxsize=16_384)
def state_of_class(name: str) -> str | None:
    """`out` or `in` where a class name says so (`outofstock`, `product--sold-out`)."""
    lower = name.lower()
    if _CLASS_OUT.search(lower):
        return "out"
    return "in" if _CLASS_IN.search(lower) else None
