"""Features of candidates for the shop's article number."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.identifiers import SkuCandidate, is_gtin, key_of
from trimtab.webpages.parse.reading import NAN, Reading

SKU_FEATURES = (
    "stated_sku_json_ld", "stated_sku_microdata", "stated_sku_opengraph", "stated_mpn", "stated_gtin", "stated_first",
    "label_sku",
    "label_mpn", "label_gtin", "n_labels", "label_first", "attributes", "in_path", "in_last", "in_query",
    "whole_token", "length",
    "digit_share", "is_number", "has_separator", "has_upper", "is_gtin", "n_in_text", "order", "n_candidates",
    "any_stated",
    "from_name", "longer_stated", "prefix_of_other", "n_in_state", "n_as_sku", "state_first", "named_query",
    "n_blanks", "has_digit",
)  # fmt: skip


def sku_rows(reading: Reading, candidates: list[SkuCandidate]) -> NDArray[np.float32]:
    """[n, len(SKU_FEATURES)] columns."""
    text = "\x1f".join(segment for segment in reading.dom.segments if len(segment) < 300)[:200_000]
    any_stated = any(name.startswith("sku") for candidate in candidates for name in candidate.stated)
    first_stated = next((c for c in candidates if any(name.startswith("sku") for name in c.stated)), None)
    first_labelled = next((c for c in candidates if c.labels["sku"]), None)
    first_in_state = next((c for c in candidates if c.n_as_sku), None)
    keys = [key_of(candidate.value) for candidate in candidates]
    stated_keys = [key for key, candidate in zip(keys, candidates, strict=True) if candidate.stated]
    rows = []
    for key, candidate in zip(keys, candidates, strict=True):
        value, stated = candidate.value, candidate.stated
        digits = sum(character.isdigit() for character in value)
        anchor = reading.name_anchor
        known = candidate.element >= 0 and anchor >= 0
        gap = reading.dom.segment_starts[candidate.element] - reading.dom.segment_starts[anchor] if known else NAN
        rows.append(
            [
                float(stated["sku/json-ld"]),
                float(stated["sku/microdata"]),
                float(stated["sku/opengraph"]),
                float(sum(n for name, n in stated.items() if name.startswith("mpn"))),
                float(sum(n for name, n in stated.items() if name.startswith("gtin"))),
                float(candidate is first_stated),
                float(candidate.labels["sku"]),
                float(candidate.labels["mpn"]),
                float(candidate.labels["gtin"]),
                float(sum(candidate.labels.values())),
                float(candidate is first_labelled),
                float(min(candidate.attributes, 10)),
                float(candidate.in_path),
                float(candidate.in_last),
                float(candidate.in_query),
                float(candidate.whole_token),
                float(len(value)),
                digits / len(value),
                float(value.isdigit()),
                float(bool(re.search(r"[-./_ ]", value))),
                float(any(character.isupper() for character in value)),
                float(is_gtin(value)),
                math.log1p(text.count(value)),
                float(candidate.order),
                math.log1p(len(candidates)),
                float(any_stated),
                math.copysign(math.log1p(abs(gap)), gap) if known else NAN,
                float(any(key != other and key in other for other in stated_keys)),
                float(any(key != other and other.startswith(key) for other in keys[:60])),
                math.log1p(candidate.n_in_state),
                math.log1p(candidate.n_as_sku),
                float(candidate is first_in_state),
                float(candidate.named_query),
                float(value.count(" ")),
                float(digits > 0),
            ]
        )
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(SKU_FEATURES))
