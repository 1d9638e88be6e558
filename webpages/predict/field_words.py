"""What shops call the fields of their forms, in the languages of `field_words.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "field_words.toml"
MAX_WORDS = 5
MAX_LETTERS = 8
MIN_PART = 3
"""Shorter words are looked for only where a text is nothing else."""

_DECORATION = re.compile(
    r"[*:：＊()（）\[\]?!…._/|,#-]+|\b(?:required|optional|pflichtfeld|obligatoire|obligatorio|obrigatório|opcional|opzionale|facultati[fv]o?|optioneel"
    r"|verplicht|valgfri(?:tt)?|valfritt|valinnainen|pakollinen|nepovinné|povinné|opcjonalnie|wymagane|необязательно|обязательно|необов.язково)\b"
    r"|任意|必須|必填|選填|选填|선택|필수"
)
_MASK = re.compile(r"\b(?:mm|dd|tt|aa|jj|rr|yy|åå|мм|дд|гг|a{4}|j{4}|r{4}|y{4}|å{4}|г{4})\b")
"""How a date is to be written, behind what it is: `validade (mm/aa)`."""
_BETWEEN = re.compile(
    r"\s*[,/&+]\s*|\s(?:and|or|und|oder|et|ou|y|o|i|e|en|of|og|och|eller|ja|un|ir|in|ali|ili|a|și|ve|és|και|и|или|та|або|và|dan|და|و)\s"
)
"""What parts the names of a field that asks for two things in one: `tänav ja maja nr`, `city / town`."""
_STREET = frozenset({"addressStreet", "houseNumber", "addressStreet2"})
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def words_by_language() -> dict[str, dict[str, list[str]]]:
    """Language -> type -> what its fields are called, lower case."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        language: {kind: [word.strip().lower() for word in said.split("|")] for kind, said in kinds.items()}
        for language, kinds in table.items()
    }


@cache
def _types_of_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kinds in words_by_language().values():
        for kind, words in kinds.items():
            for word in words:
                found.setdefault(plain(word), set()).add(kind)
    return {word: frozenset(kinds) for word, kinds in found.items()}


def plain(text: str) -> str:
    """A text without what decorates labels: stars, colons, brackets, `required`; and without the dot that a Turkish
    capital İ leaves in lower case. Blanks part no words where letters are syllables: `받는 사람`."""
    words = _DECORATION.sub(" ", text.lower().replace("i\u0307", "i")).split()
    return ("" if _IDEOGRAPHS.search(text) else " ").join(words)


def types_named(text: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The types that a text names as a whole; else those that its longest known part names, and its first one:
    `mobile with area code`, `street, house, flat`."""
    table, said = _types_of_word(), plain(text)
    whole = table.get(said) or table.get(" ".join(_MASK.sub(" ", said).split())) or _jointly_named(text)
    if whole:
        return whole, frozenset(), frozenset()
    if _IDEOGRAPHS.search(said):
        parts, longest, joint = list(said), MAX_LETTERS, ""
    else:
        parts, longest, joint = said.split(), MAX_WORDS, " "
    found: dict[int, dict[int, frozenset[str]]] = {}
    for size in range(min(longest, len(parts) - 1), 0, -1):
        for at in range(len(parts) - size + 1):
            part = joint.join(parts[at : at + size])
            if part in table and (len(part) >= MIN_PART or (not joint and size > 1)):
                found.setdefault(size, {})[at] = table[part]
    if not found:
        return frozenset(), frozenset(), frozenset()
    first = min((at, -size) for size, places in found.items() for at in places)
    longest_parts = found[max(found)].values()
    return frozenset(), frozenset().union(*longest_parts), found[-first[1]][first[0]]


def _jointly_named(text: str) -> frozenset[str]:
    """What a text names whose parts all name a type: the same one, or a street first and then what stands behind it."""
    named = [_types_of_word().get(plain(part), frozenset()) for part in _BETWEEN.split(text.lower())]
    if len(named) < 2 or not all(named):
        return frozenset()
    if "addressStreet" in named[0] and all(types & _STREET for types in named):
        return frozenset({"addressStreet"})
    return frozenset.intersection(*named)
