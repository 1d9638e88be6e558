from __future__ import annotations

import pytest
import torch

from tests.ranker.problems import small_problem
from trimtab.ranker.methods.problem import Problem

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def problem() -> Problem:
    return small_problem()
