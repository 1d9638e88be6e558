"""What judgments say of policies whose slates nobody judged."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.abtest.ope.replay_estimates import UNJUDGED, Estimates
from trimtab.abtest.ope.totals import Place, Totals, Weighted


@pytest.mark.parametrize(("filled_loss", "caution"), [(0.0, UNJUDGED), (0.2, None)])
def test_a_loss_that_is_one_of_judgments_alone_is_not_sure(filled_loss: float, caution: str | None) -> None:
    """Were items without a judgment as good as the judged ones, the other policy would lose that."""
    rng = np.random.Generator(np.random.PCG64(1))
    place = Place(np.zeros((1, 200), dtype=np.int64), np.arange(200), 3)

    def measured(values: dict[str, np.ndarray]) -> dict[str, Weighted]:
        return {name: Weighted.of(np.ones((200, 1)), {name: one[:, None]}, place) for name, one in values.items()}

    own = rng.uniform(0.6, 0.9, 200)
    noise = rng.normal(0, 0.05, 200)
    other = {"ndcg": own - 0.3 + noise, "ndcg_filled": own - filled_loss + noise}
    totals = Totals(measured={"logged": measured({"ndcg": own, "ndcg_filled": own}), "other": measured(other)})
    found = Estimates(totals, 0.95).difference("other", "logged", "ndcg")
    assert found.high is not None
    assert found.high < 0
    assert found.caution == caution
