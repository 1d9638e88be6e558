"""Build a bundle from a CSV file and search it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import trimtab

CATALOGUE = Path(__file__).with_name("shop.csv")


def main() -> None:
    """Print what a search for ice cream finds, with and without a filter."""
    with TemporaryDirectory() as folder:
        shop = trimtab.build(CATALOGUE, Path(folder) / "shop")
        print(f"{len(shop)} items, steered by {', '.join(shop.objectives)}")
        for filters in ((), ("brand:Polar",)):
            result = shop.search("ice cream", k=4, filters=filters)
            print(f"ice cream {' '.join(filters)}".strip())
            for hit in result:
                print(f"  {hit['position'] + 1}. {hit['title']}, {hit['price']:.2f}")


if __name__ == "__main__":
    main()
