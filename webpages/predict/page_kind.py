"""What a page is for where it does not offer one product: a listing, a checkout, or something else."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.facts import LIST_TYPES
from trimtab.webpages.parse.reading import Reading

MIN_CHECKOUT_FIELDS = 4
MIN_LISTED_VALUES = 5
"""Different amounts from which on a page without a product is a listing."""


def kind_without_product(reading: Reading, prices: Sequence[Candidate], n_checkout_fields: int) -> str:
    """`checkout`, `listing` or `other`, for a page that is not a product page."""
    if n_checkout_fields >= MIN_CHECKOUT_FIELDS:
        return "checkout"
    shown = [c for c in prices if c.source == "text" and c.money is not None and c.has_currency]
    values = {c.money.amount for c in shown if c.money}
    listed = reading.structured.count("product") > 2 or reading.structured.count(*LIST_TYPES) > 0
    return "listing" if len(values) >= MIN_LISTED_VALUES or (listed and len(shown) >= 2) else "other"
