"""Estimate from a log what other weights would have earned."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trimtab
from trimtab.abtest import simulate

CATALOGUE = Path(__file__).with_name("shop.csv")
POLICIES = {
    "relevance alone": {"relevance": 1.0},
    "half revenue": {"relevance": 0.5, "revenue": 0.5},
}


def _text_of(estimate: dict[str, Any]) -> str:
    """The value with its interval, which is left out where too few rewarded users carry the policy's weight."""
    if estimate["value"] is None:
        return f"no estimate: {estimate['refusal']}"
    if estimate["low"] is None:
        return f"{estimate['value']:.3f}  (too little evidence for an interval)"
    return f"{estimate['value']:.3f}  [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def main() -> None:
    """Simulate a log, replay two policies on it, and print their estimates."""
    with TemporaryDirectory() as folder:
        shop = trimtab.build(CATALOGUE, Path(folder) / "shop")
        log = Path(folder) / "log"
        simulate(shop, 6000, log, exploration_loss=0.15, seed=1)  # in production: the service's data folder
        report = trimtab.replay(log, shop, POLICIES)
    for policy, metrics in report["policies"].items():
        for metric in ("relevance", "revenue"):
            print(f"{policy:>16}  {metric:>9}  {_text_of(metrics[metric])}")
    print(report["verdicts"][0] if isinstance(report["verdicts"], list) else report["verdicts"])


if __name__ == "__main__":
    main()
