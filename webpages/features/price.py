"""Features of candidates for the current price."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from trimtab.webpages.features.common import signatures_of
from trimtab.webpages.features.price_rivals import RIVAL_NAMES, rival_rows
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import n_amounts
from trimtab.webpages.parse.reading import TOKEN, Reading, Row, titles_of
from trimtab.webpages.parse.words import CONTEXT, contexts_in

PRICE_NAMES = [
    "has_symbol", "has_decimals", "n_digits", "n_words", "n_numbers", "n_amounts", "log_value", "first_of_value",
    "order", "n_candidates", "n_same_signature", "order_in_signature",
    *(f"own_{name}" for name in CONTEXT), *(f"before_{name}" for name in CONTEXT), "after_unit", "after_instalment",
    "after_save",
    "agrees_json_ld", "agrees_microdata", "agrees_opengraph", "agrees_first", "agrees_low", "agrees_high", "agrees_any",
    "n_stated", "n_stated_values", "is_text", "is_meta", "is_json_ld", "is_microdata", "itemprop_price",
    "itemprop_offer", "currency_fits",
    "is_heading", "is_strong", "in_title", "plus_minus", *RIVAL_NAMES,
]  # fmt: skip

_CENTS = re.compile(r"[.,\x1f]\d{2}(?!\d)")
_NUMBER = re.compile(r"\d[\d.,]*")
_SIGN = re.compile(r"[+(]|[-−]\s*\W?\d|~")


def price_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom, stated = reading.dom, reading.structured.prices
    by_source: dict[str, set[Decimal]] = {}
    by_role: dict[str, set[Decimal]] = {}
    for fact in stated:
        by_source.setdefault(fact.source, set()).add(fact.money.amount)
        by_role.setdefault(fact.role, set()).add(fact.money.amount)
    known = {fact.money.amount for fact in stated}
    currencies = {fact.money.currency for fact in stated} | set(reading.structured.values("currency"))
    expected = (currencies - {None}) or {reading.locale.own_currency}
    signatures, n_signature = signatures_of(dom, candidates)
    values = [candidate.money.amount if candidate.money else Decimal(0) for candidate in candidates]
    seen_value: Counter[Decimal] = Counter()
    seen_signature: Counter[str] = Counter()
    title = " ".join(titles_of(dom))
    rivals = rival_rows(dom, candidates).tolist()
    rows = []
    for index, candidate in enumerate(candidates):
        element, value, money = candidate.element, values[index], candidate.money
        text = candidate.text if candidate.source == "text" else ""
        before, after = _around(dom, element)
        own, ahead = contexts_in(text), contexts_in(before)
        prop = dom.attribute(element, "itemprop")
        seen_value[value] += 1
        seen_signature[signatures[index]] += 1
        rows.append(
            [
                float(candidate.has_currency),
                *_written(text),
                math.log10(float(value) + 0.01),
                float(seen_value[value] == 1),
                math.log1p(index),
                math.log1p(len(candidates)),
                math.log1p(n_signature[signatures[index]]),
                math.log1p(seen_signature[signatures[index]]),
                *(float(name in own) for name in CONTEXT),
                *(float(name in ahead) for name in CONTEXT),
                *(float(CONTEXT[name].search(after) is not None) for name in ("unit", "instalment", "save")),
                *(float(value in by_source.get(source, ())) for source in ("json-ld", "microdata", "opengraph")),
                float(bool(stated) and value == stated[0].money.amount),
                float(value in by_role.get("low", ())),
                float(value in by_role.get("high", ()) and value not in by_role.get("low", ())),
                float(value in known),
                math.log1p(len(stated)),
                float(min(len(known), 10)),
                *(float(candidate.source == source) for source in ("text", "meta", "json-ld", "microdata")),
                float(prop.lower() == "price"),
                float("offer" in prop.lower()),
                float(money is not None and money.currency in expected),
                float(dom.tags[element] in ("h1", "h2", "h3", "h4")),
                float(dom.tags[element] in ("b", "strong", "em", "ins", "big")),
                float(bool(text) and len(text) > 2 and text.replace("\x1f", "") in title),
                float(bool(_SIGN.search(text))),
                *rivals[index],
            ]
        )
    return rows


@lru_cache(maxsize=4096)
def _written(text: str) -> Row:
    """How the amount is written: has_decimals to n_amounts of PRICE_NAMES."""
    return [
        float(bool(_CENTS.search(text))),
        float(sum(character.isdigit() for character in text)),
        float(len(TOKEN.findall(text))),
        float(len(_NUMBER.findall(text))),
        float(n_amounts(text)),
    ]


def _around(dom: Dom, element: int) -> tuple[str, str]:
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    before = " ".join(dom.segments[max(0, first - 2) : first])[-50:]
    return before, " ".join(dom.segments[last : last + 2])[:40].lower()
