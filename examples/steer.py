"""Turn the weights, read the receipts, and bound the loss of relevance."""

from pathlib import Path
from tempfile import TemporaryDirectory

import trimtab

CATALOGUE = Path(__file__).with_name("shop.csv")


def main() -> None:
    """Print for several weightings what they buy and cost against the pure-relevance slate."""
    with TemporaryDirectory() as folder:
        shop = trimtab.build(CATALOGUE, Path(folder) / "shop")
        print(f"{'revenue weight':>14}  {'relevance':>9}  {'revenue':>9}  first item")
        for weight in (0.0, 0.02, 0.05, 0.1, 0.3):
            result = shop.search("ice cream", k=5, relevance=1 - weight, revenue=weight)
            changes = [result.receipt[name].change or 0.0 for name in ("relevance", "revenue")]
            print(f"{weight:>14}  {changes[0]:>+9.1%}  {changes[1]:>+9.1%}  {result.hits[0]['title']}")
        bounded = shop.search("ice cream", k=5, relevance=0.7, revenue=0.3, max_relevance_loss=0.01)
        print(
            f"with max_relevance_loss=0.01 a revenue weight of 0.3 becomes {bounded.weights['revenue']:.3f}:"
            f" relevance {bounded.receipt['relevance'].change:+.1%}, revenue {bounded.receipt['revenue'].change:+.1%}"
        )


if __name__ == "__main__":
    main()
