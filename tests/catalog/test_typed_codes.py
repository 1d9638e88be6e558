"""Ids of items that people type: numbers of articles and books, codes of parts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trimtab.catalog.attributes.values import typed_code
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever


@pytest.mark.parametrize(
    ("item_id", "code"),
    [
        ("9780747532699", "9780747532699"),
        ("0-7475-3269-X", "074753269X"),
        ("NOR.0707-60", "NOR070760"),
        ("07BB19SA", "07BB19SA"),
        ("1029743", ""),
        ("shirt-12", ""),
        ("SKU-17", ""),
        ("A/1 x", ""),
        ("3f2b8c1e-aaaa-4bbb-8ccc-123456789012", ""),
    ],
)
def test_which_ids_are_typed(item_id: str, code: str) -> None:
    assert typed_code(item_id) == code


def test_an_item_is_found_by_its_id_with_and_without_separators(tmp_path: Path) -> None:
    frame = pl.DataFrame({"item_id": ["978-0-7475-3269-9", "07BB19SA", "3"], "title": ["Book", "Brake pad", "Pad 19"]})
    retriever = build_retriever(ItemStore.from_frame(frame), "wordllama", tmp_path, languages=("en",))
    for typed, row in {"9780747532699": 0, "978-0747532699": 0, "07.BB.19.SA": 1, "07bb19sa": 1}.items():
        assert retriever.lexical.search(typed, 3)[0].tolist() == [row], typed
    assert retriever.lexical.search("19", 3)[0].tolist() == [2]
