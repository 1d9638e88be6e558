"""Candidates for synonyms, for a person to accept: from what shoppers typed next, and from what encoders find near.

Neither is sure: shoppers change their mind, and encoders find `red` near `blue`. So each comes with its evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np
import polars as pl

from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.text.analyser import Analyser

LOGGED = (
    "decision_id", "timestamp", "session_id", "query", "offset", "item_ids", "propensities", "clicks", "purchases",
    "revenue",
)  # fmt: skip
"""What is read of a log."""
MIN_SESSIONS = 3
"""Sessions in which words must have been put in place of others."""
MIN_COSINE = 0.6
MAX_WORDS = 3
"""The most words of one side."""
NEAREST = 2
"""Names that are proposed for one word by their meaning."""
SPELT_ALIKE = 0.8
"""The share of letters in common (Ratcliff and Obershelp) from which on two words are spellings of one."""
AT_ONCE = 1024

Pair = tuple[str, str]


class Candidate(NamedTuple):
    """Two words or phrases that may stand for each other.

    Attributes:
        sessions: in which the second was typed in place of the first, without success, and then clicked.
        cosine: of their vectors; None where that was not asked.
    """

    words: Pair
    sessions: int = 0
    cosine: float | None = None

    @property
    def line(self) -> str:
        """As a line of a file of synonyms, with the evidence behind it."""
        evidence = [f"{self.sessions} sessions typed the second after the first"] * bool(self.sessions)
        evidence += [] if self.cosine is None else [f"cosine {self.cosine:.2f}"]
        return f"{self.words[0]}, {self.words[1]}  # {', '.join(evidence)}"


def reworded(
    frames: Iterable[pl.DataFrame], analyser: Analyser, *, min_sessions: int = MIN_SESSIONS
) -> list[Candidate]:
    """What shoppers put in place of words with which they found nothing to click.

    Args:
        frames: of an impression log, in the columns `LOGGED`.
    """
    searches = [
        frame.filter(pl.col("session_id").is_not_null() & (pl.col("offset") == 0)).select(
            "session_id", "timestamp", "query", pl.col("clicks").list.sum().alias("clicks")
        )
        for frame in frames
    ]
    if not searches:
        return []
    inside = pl.concat(searches).sort("session_id", "timestamp")
    later = inside.with_columns(
        pl.col("query").shift(-1).over("session_id").alias("next"),
        pl.col("clicks").shift(-1).over("session_id").alias("next_clicks"),
    )
    changed = later.filter((pl.col("clicks") == 0) & (pl.col("next_clicks") > 0) & (pl.col("query") != pl.col("next")))
    sessions: Counter[Pair] = Counter()
    for query, following in changed.select("session_id", "query", "next").unique().select("query", "next").iter_rows():
        pair = replaced_words(query, following, analyser)
        if pair is not None:
            sessions[pair] += 1
    return [Candidate(pair, n) for pair, n in sessions.most_common() if n >= min_sessions]


def replaced_words(query: str, following: str, analyser: Analyser) -> Pair | None:
    """The words of a query in whose place the next one has others, everything else being the same; None where it is not
    so, or where they are forms or beginnings of one word."""
    one, other = ([token.key for token in analyser.tokens(text)] for text in (query, following))
    changes = [change for change in SequenceMatcher(None, one, other).get_opcodes() if change[0] != "equal"]
    if len(changes) != 1 or changes[0][0] != "replace":
        return None
    _, first, last, its_first, its_last = changes[0]
    left, right = one[first:last], other[its_first:its_last]
    if max(len(left), len(right)) > MAX_WORDS:
        return None
    pair = " ".join(left), " ".join(right)
    return None if _is_one_word(*pair, analyser) else pair


def near_in_meaning(
    words: Sequence[str], names: Sequence[str], encoder: Encoder, analyser: Analyser, *, min_cosine: float = MIN_COSINE
) -> Iterator[Candidate]:
    """For words that the catalogue does not know, the nearest of its names."""
    if not words or not names:
        return
    known = _encoded(names, encoder)
    for word, vector in zip(words, _encoded(words, encoder), strict=True):
        cosines = known @ vector
        for place in np.argsort(-cosines)[:NEAREST].tolist():
            if cosines[place] >= min_cosine and not _is_one_word(word, names[place], analyser):
                yield Candidate((word, names[place]), cosine=float(cosines[place]))


def _encoded(texts: Sequence[str], encoder: Encoder) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    parts = [encoder.encode(list(texts[at : at + AT_ONCE])) for at in range(0, len(texts), AT_ONCE)]
    return np.concatenate(parts)


def _is_one_word(one: str, other: str, analyser: Analyser) -> bool:
    """Whether two are forms, beginnings or misspellings of one word: no synonym is needed for these."""
    if set(analyser.terms(one)) & set(analyser.terms(other)):
        return True
    return one.startswith(other) or other.startswith(one) or SequenceMatcher(None, one, other).ratio() >= SPELT_ALIKE
