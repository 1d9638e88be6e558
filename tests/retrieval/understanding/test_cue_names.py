"""Names that hold a word of negation and say nothing of it."""

from __future__ import annotations

import pytest

from trimtab.retrieval.retriever import Retriever


@pytest.mark.parametrize(
    ("typed", "excluded"),
    [
        ("detergent free and clear", ()),
        ("soap free & clear", ()),
        ("dress free people", ()),
        ("hoodie no fear", ()),
        ("chicken free range", ()),
        ("detergent fragrance free", ("fragrance",)),
        ("sugar free candy", ("sugar",)),  # though there is a free candy
        ("nut free clear bottle", ()),
        ("hoodie no logo", ("logo",)),
    ],
)
def test_names_that_hold_a_word_of_negation_say_nothing_of_it(
    detergents: Retriever, typed: str, excluded: tuple[str, ...]
) -> None:
    assert detergents.understand(typed).excluded == excluded
    found = detergents.lexical.search(detergents.understand("laundry detergent free clear"), 3)[0]
    assert found[0] == 0, "the item has the word `detergent`"
