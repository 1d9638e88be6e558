"""The TorchScript file computes what the module computes, and a damaged one is named.

No `from __future__ import annotations` here: TorchScript reads the annotations.
"""

from pathlib import Path

import pytest
import torch

from trimtab.core.errors import BundleDamaged
from trimtab.ranker.artifact import FILE, METHODS, load_ranker, save_ranker
from trimtab.ranker.features import FEATURES
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.slate.batched import novelty_slate, sorted_slate
from trimtab.ranker.training.cold_start import cold_start_ranker


def test_the_artefact_computes_what_the_module_computes(tmp_path: Path) -> None:
    module = cold_start_ranker(objectives_of(has_prices=True), [1.0, 2.0])
    save_ranker(module, tmp_path)
    served = load_ranker(tmp_path)
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(30, len(FEATURES), generator=generator)
    values = torch.stack([torch.ones(30), torch.arange(30.0)], dim=1)
    with torch.inference_mode():
        torch.testing.assert_close(served.gains(features, values), module.gains(features, values))
        assert served.gains(features, values)[0, 1] == 0  # no price, no promised revenue
        utilities, eligible = torch.rand(20, 30, generator=generator), torch.rand(20, 30, generator=generator) > 0.2
        aspects = torch.randint(-1, 3, (1, 30, 2), generator=generator).expand(20, -1, -1)
        w_diversity, pins = torch.linspace(0, 1, 20).double(), torch.full((20, 6), -1)
        pins[:, 2] = 7
        for shared in (aspects, aspects.contiguous()):
            arguments = (utilities, eligible, shared, w_diversity, pins)
            assert torch.equal(served.novelty_slate(*arguments), novelty_slate(*arguments))
        assert torch.equal(served.sorted_slate(utilities, eligible, pins), sorted_slate(utilities, eligible, pins))


def test_a_file_that_is_not_a_ranker_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a zip archive")
    with pytest.raises(BundleDamaged, match=r"ranker\.ts"):
        load_ranker(tmp_path)


class EarlierRanker(ServedRanker):
    """As version 0.1 wrote it, with a method that nothing calls now."""

    @torch.jit.export
    def drawn_slate(self, utilities: torch.Tensor) -> torch.Tensor:
        return utilities


def test_an_artefact_of_an_earlier_version_loads_and_is_saved_again(tmp_path: Path) -> None:
    module = cold_start_ranker(objectives_of(has_prices=True), [1.0, 2.0])
    parts = (module.heads, module.knots_x, module.knots_y, module.head_of, module.ranges)
    for name in METHODS:
        torch.jit.export(getattr(EarlierRanker, name))
    scripted = torch.jit.script(EarlierRanker(*parts).eval())
    frozen = torch.jit.freeze(scripted, preserved_attrs=[*METHODS, "drawn_slate"])
    torch.jit.save(frozen, str(tmp_path / FILE))
    features, values = torch.randn(5, len(FEATURES)), torch.ones(5, 2)
    loaded = load_ranker(tmp_path)
    torch.testing.assert_close(loaded.gains(features, values), module.gains(features, values))
    save_ranker(loaded, tmp_path)
    torch.testing.assert_close(load_ranker(tmp_path).gains(features, values), module.gains(features, values))
