"""Names that hold a word of negation and say nothing of it: `Free & Clear`, the brand `Free People`, `free range`.

A brand is one. Of the word behind another that says what is not there (`sugar free`), so is what it makes with the
next word, if it begins a name or a part of one: nothing is in front of it that could be missing. It is none if it
stands more often behind words that the catalogue calls missing in other places: a `Free Size` beside `nickel free`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import regex

from trimtab.retrieval.understanding.negation import Grammar, Phrase, is_parted, keys_of
from trimtab.text.analyser import Analyser
from trimtab.text.tokens import Token


def names_with_cues(
    grammar: Grammar, analyser: Analyser, texts: Iterable[str], brands: Iterable[str]
) -> frozenset[Phrase]:
    """The names with a word of negation among those of a catalogue, without what joins their words.

    Args:
        texts: the names of items, brands and kinds.
    """
    pairs, starts = defaultdict[Phrase, Counter[str]](Counter), Counter[Phrase]()
    missing = set[str]()
    for text in with_property_words(grammar, texts):
        tokens = analyser.read(text)
        for at, pair in _pairs(text, tokens, grammar):
            if at == 0 or is_parted(text, tokens[at - 1], tokens[at]):
                starts.update([pair] if pair else ())
            elif pair:
                pairs[pair][tokens[at - 1].key] += 1
            else:
                missing.add(tokens[at - 1].key)
    missing.update(word for pair, before in pairs.items() if pair not in starts for word in before)
    begun = (pair for pair, n in starts.items() if 2 * _n_of(pairs[pair], missing) < n + pairs[pair].total())
    return frozenset((*begun, *_brands(brands, grammar, analyser)))


def with_property_words(grammar: Grammar, texts: Iterable[str]) -> Iterator[str]:
    """The texts that have a word which is a cue behind another, each once: the others say nothing of names."""
    if words := sorted(grammar.property_words):
        having = regex.compile(rf"\b(?:{'|'.join(map(regex.escape, words))})\b", regex.IGNORECASE)
        yield from filter(having.search, dict.fromkeys(texts))


def _pairs(text: str, tokens: Sequence[Token], grammar: Grammar) -> Iterator[tuple[int, Phrase]]:
    """Where a word stands that says what is not there, and it with the next word; empty where none follows."""
    keys = keys_of(tokens)
    for at, key in enumerate(keys):
        if key not in grammar.property_words or grammar.length_of_cue(keys, at) != 1:
            continue
        words = (token for token in tokens[at + 1 :] if token.key not in grammar.joins)
        behind = next(words, None)
        is_one = behind is not None and behind.key not in grammar.words and behind.kind == "word"
        yield at, (key, behind.key) if behind and is_one and not is_parted(text, tokens[at], behind) else ()


def _n_of(counts: Counter[str], words: Collection[str]) -> int:
    return sum(n for word, n in counts.items() if word in words)


def _brands(brands: Iterable[str], grammar: Grammar, analyser: Analyser) -> Iterator[Phrase]:
    """The brands of several words with a cue among them."""
    for brand in dict.fromkeys(brands):
        if grammar.may_be_in(brand):
            keys = keys_of(analyser.read(brand))
            if len(keys) > 1 and any(grammar.length_of_cue(keys, at) for at in range(len(keys))):
                yield tuple(key for key in keys if key not in grammar.joins)
