"""The optimiser of all networks: torch's, without its compiler, whose import takes a process two seconds."""

from __future__ import annotations

import inspect

import torch


class AdamW(torch.optim.AdamW):
    """Adam with decoupled weight decay; none is Adam."""

    # The same methods without the decorator by which the compiler leaves them alone.
    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))
