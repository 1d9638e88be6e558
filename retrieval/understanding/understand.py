"""The one entry: a text in, what is to be searched out."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.understood import Steps, Understood
from trimtab.retrieval.understanding.correction import Spelling, corrected

MAX_QUERY_CHARACTERS = 400
"""The characters of a query that are read; the rest is cut off."""


def understand(text: str, spelling: Spelling, steps: Steps) -> Understood:
    """What a query means to a catalogue.

    Args:
        spelling: what is known of the catalogue's words.
        steps: those that are taken.
    """
    words = text[:MAX_QUERY_CHARACTERS].encode(errors="replace").decode()
    understood = Understood(text, words)
    if steps.correct:
        meant = corrected(words, spelling)
        if meant != words:
            understood = replace(understood, words=meant, corrected=meant)
    return understood
