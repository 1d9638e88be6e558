"""Estimate from a log what other weights would have earned."""

from pathlib import Path
from tempfile import TemporaryDirectory

import trimtab
from trimtab.abtest import simulate

CATALOGUE = Path(__file__).with_name("shop.csv")
POLICIES = {
    "relevance alone": {"relevance": 1.0},
    "half revenue": {"relevance": 0.5, "revenue": 0.5},
}


def main() -> None:
    """Simulate a log, replay two policies on it, and print their estimates."""
    with TemporaryDirectory() as folder:
        shop = trimtab.build(CATALOGUE, Path(folder) / "shop")
        log = Path(folder) / "log"
        simulate(shop.engine, 3000, log, seed=1)  # in production: the service's data folder
        report = trimtab.replay(log, shop, POLICIES)
    for policy, metrics in report["policies"].items():
        for metric in ("relevance", "revenue"):
            found = metrics[metric]
            print(f"{policy:>16}  {metric:>9}  {found['value']:.3f}  [{found['low']:.3f}, {found['high']:.3f}]")
    print(report["verdicts"][0] if isinstance(report["verdicts"], list) else report["verdicts"])


if __name__ == "__main__":
    main()
