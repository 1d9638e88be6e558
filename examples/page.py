"""Read product, price and availability from a shop's page."""

from pathlib import Path

import trimtab
from trimtab.webpages.items import item_of

PAGE = Path(__file__).with_name("page.html")


def main() -> None:
    """Print the elements of a page with their confidence, and the catalogue item that it makes."""
    page = trimtab.analyze_page(PAGE, url="https://outdoor.example/p/trail-shoe")
    print(f"{page.kind} page, confidence {page.confidence:.2f}")
    for name, element in page.elements.items():
        print(f"  {name:>12}: {element.value} ({element.confidence:.2f}, from {', '.join(element.evidence)})")
    print(item_of(page, currency="USD"))


if __name__ == "__main__":
    main()
