"""Record what botorch and pymoo say of random fronts: `python golden_volumes.py > golden_volumes.json`.

botorch brings Gaussian processes along, so it is not a dependency of the tests; they read the recorded numbers.
"""

import json
import sys

import botorch
import numpy as np
import pymoo
import torch
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from pymoo.indicators.hv import HV
from pymoo.indicators.igd_plus import IGDPlus

SHAPES = [(1, 2), (7, 2), (28, 2), (1, 3), (9, 3), (28, 3), (12, 4)]


def front(seed: int, n_points: int, n_axes: int) -> np.ndarray:
    """To be maximised; some points are worse than the reference 0, two are the same."""
    rng = np.random.Generator(np.random.PCG64(seed))
    points = rng.uniform(-0.2, 1.0, (n_points, n_axes)).round(4)
    points[-1] = points[0]
    return points


def recorded(seed: int, n_points: int, n_axes: int) -> dict[str, object]:
    points = front(seed, n_points, n_axes)
    others = front(seed + 100, 5, n_axes)
    tensor = torch.from_numpy(points)
    volume = Hypervolume(torch.zeros(n_axes, dtype=torch.double))
    above = np.maximum(points, 0)
    return {
        "points": points.tolist(),
        "others": others.tolist(),
        "botorch": volume.compute(tensor[is_non_dominated(tensor)]),
        "pymoo": float(HV(ref_point=np.zeros(n_axes))(-above)),
        "pymoo_igd_plus": float(IGDPlus(-others)(-points)),
        "botorch_front": is_non_dominated(tensor, deduplicate=False).tolist(),
    }


if __name__ == "__main__":
    cases = [recorded(seed, *shape) for seed, shape in enumerate(SHAPES)]
    json.dump({"botorch": botorch.__version__, "pymoo": pymoo.__version__, "cases": cases}, sys.stdout, indent=1)
