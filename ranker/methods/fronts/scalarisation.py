"""Linear scalarisation, one model for each weighting: the reference front that steerable methods are compared with.

It finds only the convex part of a front; for rankings by expected discounted sums the front of scores is convex, so
that is not a loss here.
"""

from __future__ import annotations

from trimtab.ranker.methods.fronts.front import Front


class LinearScalarisation(Front):
    """A front by minimising `sum_m w_m * loss_m`."""

    name = "scalarisation"
