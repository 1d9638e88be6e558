"""Linear scalarisation: one model a weight. The reference front that every steerable method is measured against.

It finds only the convex part of a front; for rankings by expected discounted sums the front of scores is convex, so
that is no loss here.
"""

from __future__ import annotations

from trimtab.ranker.methods.fronts.front import Front


class LinearScalarisation(Front):
    """Descends `sum_m w_m * loss_m`."""

    name = "scalarisation"
