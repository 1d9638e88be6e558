"""What is known about a candidate, at three levels of abstraction.

    text     raw HTML: tags, names, words, order, distance in the tree, agreement with structured data
    style    what inline and embedded CSS says without rendering (`trimtab.webpages.parse.style`)
    layout   boxes and computed styles of a rendered page (`trimtab.webpages.parse.rendered.layout`)

Each level adds columns to the one before; a column that is not known is nan. All in one pass over the candidates, with
constant work each (ancestors are looked at up to a fixed height).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.carts.cart import CART_NAMES, cart_rows
from trimtab.webpages.features.common import COMMON_NAMES, common_rows
from trimtab.webpages.features.image import IMAGE_NAMES, image_rows
from trimtab.webpages.features.name import NAME_NAMES, name_rows
from trimtab.webpages.features.prices.price import PRICE_NAMES, price_rows
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.rendered.layout import Layout
from trimtab.webpages.parse.style import Styles

LEVELS = ("text", "style", "layout")

_KINDS = {
    "price": (PRICE_NAMES, price_rows),
    "image": (IMAGE_NAMES, image_rows),
    "name": (NAME_NAMES, name_rows),
    "cart": (CART_NAMES, cart_rows),
}


def feature_names(kind: str, level: str) -> list[str]:
    names = [*COMMON_NAMES, *_KINDS[kind][0]]
    if level != "text":
        names += Styles.NAMES
    if level == "layout":
        names += Layout.NAMES
    return names


def features(reading: Reading, kind: str, candidates: Sequence[Candidate], level: str) -> NDArray[np.float32]:
    """Columns of `feature_names(kind, level)`.

    Returns:
        [n_candidates, n_features] float32, nan where not known.
    """
    names = feature_names(kind, level)
    if not candidates:
        return np.empty((0, len(names)), dtype=np.float32)
    elements = [candidate.element for candidate in candidates]
    columns = reading.text_rows.get(kind)
    if columns is None or len(columns) != len(candidates):
        own = np.asarray(_KINDS[kind][1](reading, candidates), dtype=np.float32)
        columns = reading.text_rows[kind] = np.hstack([common_rows(reading, elements), own])
    if level != "text":
        columns = np.hstack([columns, reading.read_styles().rows(elements)])
    if level == "layout":
        anchors = (reading.name_anchor, reading.cart_anchor)
        boxes = Layout.unknown(len(elements)) if reading.layout is None else reading.layout.rows(elements, anchors)
        columns = np.hstack([columns, boxes])
    return columns
