"""Article numbers as a shop writes them."""

from __future__ import annotations

import pytest

from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.identifiers import sku_candidates
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.structured import read_structured

URL = "https://shop.example/product/4667999"


def numbers(shown: str) -> set[str]:
    dom = parse(f"<html><body><h1>Kettle</h1><p>{shown}</p></body></html>")
    return {candidate.value for candidate in sku_candidates(Reading.of(dom, read_structured(dom, URL), URL))}


@pytest.mark.parametrize(
    ("shown", "spelled"),
    [
        ("466/7999", "466/7999"),
        ("Cat. 466-79-99", "466-79-99"),
        ("4667999 or 466/7999", "4667999"),
        ("4.667.999 reviews", "4667999"),
        ("1466/7999", "4667999"),
        ("466/7999/1", "4667999"),
    ],
)
def test_a_number_that_is_shown_in_groups_is_written_so(shown: str, spelled: str) -> None:
    assert spelled in numbers(shown)
