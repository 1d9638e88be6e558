"""Boxes and computed styles of a rendered page, by element, and what they tell about a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VIEWPORT = (1280, 1024)


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by element of the `Dom`.

    Attributes:
        boxes: [n, 4] float32 left, top, right, bottom in CSS pixels; zeros where nothing is drawn.
        hidden, struck: [n] bool; computed display or visibility, and line-through.
        sizes: [n] float32 font size in pixels, nan where not known.
        weights: [n] float32 font weight, nan where not known.
        width: of the viewport.
    """

    boxes: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    struck: NDArray[np.bool_]
    sizes: NDArray[np.float32]
    weights: NDArray[np.float32]
    width: float = float(VIEWPORT[0])

    NAMES = (
        "box_left", "box_top", "box_width", "box_height", "box_area", "box_area_share", "box_drawn", "box_hidden",
        "box_struck",
        "box_size", "box_size_share", "box_weight", "box_first_screen", "box_to_name_x", "box_to_name_y",
        "box_to_cart_x",
        "box_to_cart_y", "box_ratio", "box_area_rank", "box_centre",
    )  # fmt: skip

    @staticmethod
    def unknown(n: int) -> NDArray[np.float32]:
        return np.full((n, len(Layout.NAMES)), np.nan, dtype=np.float32)

    def rows(self, elements: Sequence[int], anchors: tuple[int, int]) -> NDArray[np.float32]:
        """[n, len(NAMES)] columns; shares and ranks are among `elements`, distances go to the name and cart anchors."""
        chosen = np.asarray(elements, dtype=np.int64)
        left, top, right, bottom = self.boxes[chosen].T
        width, height = right - left, bottom - top
        drawn = (width > 1) & (height > 1) & (right > 0) & (bottom > 0) & ~self.hidden[chosen]
        area = np.where(drawn, width * height, 0.0)
        sizes = np.where(np.isnan(self.sizes[chosen]), height, self.sizes[chosen])
        largest_size = sizes[drawn].max(initial=1.0)
        ranks = np.argsort(np.argsort(-area, kind="stable"))
        columns = [
            left / self.width, np.log1p(np.clip(top, 0, None)), width / self.width, height / VIEWPORT[1], np.sqrt(area),
            area / max(area.max(initial=0.0), 1.0), drawn, self.hidden[chosen], self.struck[chosen], sizes,
            sizes / largest_size,
            self.weights[chosen], drawn & (top < VIEWPORT[1]),
            *self._distances(left, top, anchors[0]), *self._distances(left, top, anchors[1]),
            np.where(drawn, width / np.maximum(height, 1), np.nan), np.log1p(ranks),
            np.abs((left + right) / 2 - self.width / 2) / self.width,
        ]  # fmt: skip
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

    def _distances(
        self, left: NDArray[np.float32], top: NDArray[np.float32], anchor: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if anchor < 0 or not self.boxes[anchor].any():
            unknown = np.full(len(left), np.nan, dtype=np.float32)
            return unknown, unknown
        x, y = self.boxes[anchor, 0], self.boxes[anchor, 1]
        away = (top - y).astype(np.float32)
        return (left - x).astype(np.float32) / self.width, (np.sign(away) * np.log1p(np.abs(away))).astype(np.float32)
