"""Train the ranker from judgments, and measure it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import trimtab

FOLDER = Path(__file__).parent


def main() -> None:
    """Print the held-out quality of a ranker that is trained on grades, and what it ranks first."""
    with TemporaryDirectory() as folder:
        shop = trimtab.build(FOLDER / "shop.csv", Path(folder) / "shop", judgments=FOLDER / "judgments.csv")
    training = shop.engine.manifest["training"]
    print(f"trained on {training['n_lists']} queries by {training['method']}")
    ndcg = training["cross_validation"]["ndcg@10"]
    print(f"held-out ndcg@10 {ndcg['value']:.2f} [{ndcg['low']:.2f}, {ndcg['high']:.2f}]")
    print("coffee:", ", ".join(hit["title"] for hit in shop.search("coffee", relevance=1, k=3)))


if __name__ == "__main__":
    main()
