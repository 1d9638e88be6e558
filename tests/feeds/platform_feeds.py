"""The same made-up shop as feeds of different platforms, at any number of products.

python -m tests.feeds.platform_feeds FOLDER N
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

COLOURS = ("Red", "Navy blue", "Forest green", "Black", "White")
SIZES = ("S", "M", "L", "XL")
KINDS = (
    ("Trail running shoe", "Shoes > Running > Trail", (70, 190)), ("Hiking boot", "Shoes > Boots", (90, 280)),
    ("Rain jacket", "Clothing > Jackets", (60, 390)), ("Merino sweater", "Clothing > Knitwear", (50, 160)),
    ("Day pack 20 l", "Bags > Backpacks", (35, 150)), ("Wool socks", "Clothing > Socks", (6, 28)),
)  # fmt: skip
"""Names, paths of categories, and between which prices."""
BRANDS = ("Aurora", "Black & Bold", "Ø Nord", "Müller Söhne", "Kelp")
MATERIALS = ("Leather", "Polyester", "Merino wool", "Cotton")


@dataclass(frozen=True)
class Variant:
    """What a shopper can buy of a product."""

    sku: str
    colour: str
    size: str
    price: float
    regular: float | None
    cost: float
    stock: int


@dataclass(frozen=True)
class Product:
    """A product with its variants."""

    handle: str
    name: str
    description: str
    brand: str
    category: str
    material: str
    tags: tuple[str, ...]
    variants: tuple[Variant, ...]


def products(n: int, seed: int = 0) -> Iterator[Product]:
    """The shop's products, the same for the same arguments."""
    chance = random.Random(seed)
    for number in range(n):
        kind, category, (lowest, highest) = chance.choice(KINDS)
        brand, material = chance.choice(BRANDS), chance.choice(MATERIALS)
        smallest = chance.randrange(lowest, highest) + 0.9
        variants = []
        pairs = [(colour, size) for colour in chance.sample(COLOURS, 2) for size in chance.sample(SIZES, 2)]
        for place, (colour, size) in enumerate(pairs if number % 4 else pairs[:1]):
            price = round(smallest * (1 + 0.05 * SIZES.index(size)), 2)
            regular = round(price * 1.25, 2) if chance.random() < 0.3 else None
            cost, stock = round(price * chance.uniform(0.3, 0.8), 2), chance.choice((0, 0, 3, 12))
            variants.append(Variant(f"SKU-{number}-{place}", colour, size, price, regular, cost, stock))
        yield Product(
            handle=f"{kind.lower().replace(' ', '-')}-{number}",
            name=f"{brand} {kind} {number}",
            description=f"<p>A {kind.lower()} of <b>{material.lower()}</b>.</p><ul><li>Model {number}</li></ul>",
            brand=brand,
            category=category,
            material=material,
            tags=tuple(sorted(chance.sample(("new", "outdoor", "vegan", "sale"), 2))),
            variants=tuple(variants),
        )


def _merchant_rows(n: int) -> Iterator[dict[str, str]]:
    for product in products(n):
        for variant in product.variants:
            yield {
                "id": variant.sku,
                "title": f"{product.name} - {variant.colour} - {variant.size}",
                "description": product.description,
                "link": f"https://shop.example/{product.handle}?sku={variant.sku}",
                "image_link": f"https://shop.example/{product.handle}.jpg",
                "availability": "in_stock" if variant.stock else "out_of_stock",
                "price": f"{variant.regular or variant.price:.2f} EUR",
                "sale_price": f"{variant.price:.2f} EUR" if variant.regular else "",
                "brand": product.brand,
                "condition": "new",
                "product_type": product.category,
                "item_group_id": product.handle,
                "color": variant.colour,
                "size": variant.size,
                "material": product.material,
            }


def merchant_tsv(path: Path, n: int) -> None:
    """Google Merchant Center, tabs."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in _merchant_rows(n):
            if writer is None:
                writer = csv.DictWriter(file, list(row), delimiter="\t")
                writer.writeheader()
            writer.writerow(row)


def merchant_rss(path: Path, n: int) -> None:
    """Google Merchant Center, RSS 2.0."""
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?>\n<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0">\n<channel>\n')
        file.write("<title>Shop</title><link>https://shop.example</link>\n")
        for row in _merchant_rows(n):
            cells = "".join(f"<g:{name}>{escape(value)}</g:{name}>" for name, value in row.items() if value)
            file.write(f"<item>{cells}</item>\n")
        file.write("</channel>\n</rss>\n")


def merchant_atom(path: Path, n: int) -> None:
    """Google Merchant Center, Atom."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">\n<title>S</title>\n'
        )
        for row in _merchant_rows(n):
            own = f"<title>{escape(row.pop('title'))}</title><link href={json.dumps(row.pop('link'))}/>"
            cells = "".join(f"<g:{name}><![CDATA[{value}]]></g:{name}>" for name, value in row.items() if value)
            file.write(f"<entry>{own}{cells}</entry>\n")
        file.write("</feed>\n")


def shopify_csv(path: Path, n: int) -> None:
    """Shopify's product export: a picture too many has a row of its own."""
    header = [
        "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
        "Option1 Value", "Option2 Name", "Option2 Value", "Variant SKU", "Variant Grams", "Variant Inventory Qty",
        "Variant Inventory Policy", "Variant Price", "Variant Compare At Price", "Image Src",
        "Material (product.metafields.shopify.material)", "Cost per item", "Status",
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        for product in products(n):
            for place, variant in enumerate(product.variants):
                shared = {
                    "Title": product.name, "Body (HTML)": product.description, "Vendor": product.brand,
                    "Product Category": product.category, "Type": product.category.split(" > ")[-1],
                    "Tags": ", ".join(product.tags), "Published": "true", "Option1 Name": "Color",
                    "Option2 Name": "Size", "Image Src": f"https://shop.example/{product.handle}.jpg",
                    "Material (product.metafields.shopify.material)": product.material, "Status": "active",
                }  # fmt: skip
                writer.writerow(
                    {
                        "Handle": product.handle, **(shared if place == 0 else {}), "Option1 Value": variant.colour,
                        "Option2 Value": variant.size, "Variant SKU": f"'{variant.sku}", "Variant Grams": 300,
                        "Variant Inventory Qty": variant.stock, "Variant Inventory Policy": "deny",
                        "Variant Price": f"{variant.price:.2f}",
                        "Variant Compare At Price": f"{variant.regular:.2f}" if variant.regular else "",
                        "Cost per item": f"{variant.cost:.2f}",
                    }
                )  # fmt: skip
            writer.writerow({"Handle": product.handle, "Image Src": f"https://shop.example/{product.handle}-2.jpg"})


def woocommerce_csv(path: Path, n: int) -> None:
    """WooCommerce's product export."""
    header = [
        "ID", "Type", "SKU", "Name", "Published", "Short description", "Description", "In stock?", "Stock",
        "Sale price", "Regular price", "Categories", "Tags", "Images", "Parent", "Brands", "Attribute 1 name",
        "Attribute 1 value(s)", "Attribute 2 name", "Attribute 2 value(s)", "Attribute 3 name", "Attribute 3 value(s)",
    ]  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        for number, product in enumerate(products(n)):
            colours, sizes = ({getattr(one, what): None for one in product.variants} for what in ("colour", "size"))
            shared = {
                "Published": 1, "Name": product.name, "Description": product.description, "Brands": product.brand,
                "Categories": product.category, "Tags": ", ".join(product.tags),
                "Images": f"https://shop.example/{product.handle}.jpg", "Attribute 3 name": "Material",
                "Attribute 3 value(s)": product.material,
            }  # fmt: skip
            writer.writerow(
                {
                    "ID": number * 10, "Type": "variable", "SKU": product.handle, "In stock?": 1, **shared,
                    "Attribute 1 name": "Color", "Attribute 1 value(s)": ", ".join(colours),
                    "Attribute 2 name": "Size", "Attribute 2 value(s)": ", ".join(sizes),
                }
            )  # fmt: skip
            for place, variant in enumerate(product.variants):
                writer.writerow(
                    {
                        "ID": number * 10 + place + 1, "Type": "variation", "SKU": variant.sku, "Published": 1,
                        "Name": f"{product.name} - {variant.colour} - {variant.size}",
                        "In stock?": int(variant.stock > 0), "Stock": variant.stock, "Parent": product.handle,
                        "Regular price": f"{variant.regular or variant.price:.2f}",
                        "Sale price": f"{variant.price:.2f}" if variant.regular else "",
                        "Attribute 1 name": "Color", "Attribute 1 value(s)": variant.colour,
                        "Attribute 2 name": "Size", "Attribute 2 value(s)": variant.size,
                        "Attribute 3 name": "Material", "Attribute 3 value(s)": product.material,
                    }
                )  # fmt: skip


def agentic_jsonl(path: Path, n: int) -> None:
    """The Agentic Commerce Protocol's product feed."""
    with path.open("w", encoding="utf-8") as file:
        for product in products(n):
            for variant in product.variants:
                row = {
                    "enable_search": "true", "enable_checkout": "false", "id": variant.sku,
                    "title": f"{product.name} - {variant.colour} - {variant.size}", "description": product.description,
                    "link": f"https://shop.example/{product.handle}", "brand": product.brand,
                    "product_category": product.category, "material": product.material,
                    "price": f"{variant.regular or variant.price:.2f} EUR",
                    **({"sale_price": f"{variant.price:.2f} EUR"} if variant.regular else {}),
                    "availability": "in_stock" if variant.stock else "out_of_stock",
                    "inventory_quantity": variant.stock, "item_group_id": product.handle, "color": variant.colour,
                    "size": variant.size, "seller_name": "Shop",
                }  # fmt: skip
                file.write(json.dumps(row) + "\n")


def jsonld(path: Path, n: int) -> None:
    """JSON-LD: an item list of product groups."""
    listed = []
    for product in products(n):
        variants = [
            {
                "@type": "Product", "sku": variant.sku, "color": variant.colour, "size": variant.size,
                "name": f"{product.name} - {variant.colour} - {variant.size}",
                "offers": {
                    "@type": "Offer", "price": variant.price, "priceCurrency": "EUR",
                    "availability": f"https://schema.org/{'InStock' if variant.stock else 'OutOfStock'}",
                },
            }
            for variant in product.variants
        ]  # fmt: skip
        group = {
            "@type": "ProductGroup", "productGroupID": product.handle, "description": product.description,
            "brand": {"@type": "Brand", "name": product.brand}, "category": product.category,
            "material": product.material, "hasVariant": variants,
        }  # fmt: skip
        listed.append({"@type": "ListItem", "item": group})
    path.write_text(json.dumps({"@context": "https://schema.org", "@type": "ItemList", "itemListElement": listed}))


FEEDS: Mapping[str, Callable[[Path, int], None]] = {
    "merchant.tsv": merchant_tsv, "merchant-rss.xml": merchant_rss, "merchant-atom.xml": merchant_atom,
    "shopify.csv": shopify_csv, "woocommerce.csv": woocommerce_csv, "agentic.jsonl": agentic_jsonl,
    "products.jsonld": jsonld,
}  # fmt: skip


if __name__ == "__main__":
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in FEEDS.items():
        write(folder / name, count)
