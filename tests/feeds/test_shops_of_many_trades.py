"""Tables of shops of many trades: cars, homes, parts, wine, books, medicine; what their columns and cells mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.tables import LAMP, Cell, one_of, table, written
from trimtab.catalog.feeds.dates import written_date
from trimtab.catalog.feeds.reading import Feed, read_feed
from trimtab.catalog.shop import AttributeSection, Catalogue, Shop

EQUIPMENT = ("Navi", "Klima", "Sitzheizung", "Kupplung", "LED")
CARS: dict[str, Cell] = {
    "interne_nr": lambda row: f"GW{row:04d}",
    "Marke": one_of("BMW", "VW"),
    "Modell": one_of("320d Touring", "Golf", "Up"),
    "Ausführung": one_of("M Sport", "Style"),
    "Erstzulassung": lambda row: f"{row % 12 + 1:02d}/2019",
    "Kilometerstand": lambda row: f"{100 + row}.074 km",
    "Preis (brutto)": lambda row: f"{20 + row}.990 €",
    "Verbrauch komb.": one_of("5,5 l/100km", "7,1 l/100km"),
    "Ausstattung": lambda row: ", ".join(EQUIPMENT[(row + step) % 5] for step in (0, 2 if row % 3 else 1)),
    "Bilder": one_of("https://c/a.jpg|https://c/b.jpg"),
}


def kinds(found: Feed) -> dict[str, str]:
    return {one.name: one.kind for one in found.attributes}


def test_cars(feed: Any) -> None:
    """Nothing is called a title: it is made of brand, model and version, and ties no variants together."""
    found = feed(table(CARS, delimiter=";"))
    first = found.items.row(0, named=True)
    assert first["title"] == "BMW 320d Touring M Sport"
    assert first["price"] == 20_990
    assert first["attr_erstzulassung"] == datetime(2019, 1, 1, tzinfo=UTC)
    assert first["attr_kilometerstand"] == 100_074
    assert first["attr_verbrauch_komb"] == 5.5
    assert first["image"] == "https://c/a.jpg"
    assert found.layout.group_by is None
    assert next(one for one in found.attributes if one.name == "ausstattung").multi
    assert found.shop.attributes["ausstattung"].facet is not False


def test_homes(feed: Any) -> None:
    """What is priced on request has no price; which of two prices is one is said by its name."""
    found = feed(
        table(
            {
                "Código": lambda row: f"IM{row}",
                "Título do anúncio": lambda row: f"Casa com jardim {row}",
                "Valor de venda": one_of("R$ 963.000,00", "Sob consulta"),
                "Valor do aluguel": one_of("R$ 4.815,00", ""),
            },
            delimiter=";",
        )
    )
    assert found.layout.roles["price"] == "Valor de venda"
    assert found.rejections.summary == "24 rows kept, 0 rejected"
    assert found.items["price"].is_nan().sum() == 12


def test_parts(feed: Any) -> None:
    found = feed(
        table(
            {
                "Indeks": lambda row: f"BR-{row:04d}",
                "Nazwa towaru": lambda row: f"Klocki hamulcowe {row}",
                "Grupa": one_of("Hamulce / Klocki", "Filtry / Oleju"),
                "Numery OEM": lambda row: f"1K0 698 {100 + row} A, 5Q0 698 {200 + row} B",
                "Cena netto": lambda row: f"{10 + row},00 zł",
                "Cena brutto": lambda row: f"{12 + row},30 zł",
                "Kod EAN": lambda row: f"5948211913{500 + row}",
            },
            delimiter=";",
        )
    )
    assert found.items["item_id"][0] == "BR-0000"
    assert found.items["price"][0] == pytest.approx(12.3)
    assert found.items["attr_numery_oem"][0].to_list() == ["1K0 698 100 A", "5Q0 698 200 B"]
    assert found.items["category"][0] == "Hamulce"


def test_wine(feed: Any) -> None:
    found = feed(
        table(
            {
                "Réf": lambda row: f"V{row}",
                "Cuvée": lambda row: f"Vieilles Vignes {row}",
                "Domaine": one_of("Clos d'Été", "Mas Neuf"),
                "Degré": one_of("13,5 % vol.", "12 % vol."),
                "Prix TTC": one_of("12,90 €", "1 290,00 €"),
                "Prix au litre": one_of("17,20 €/L"),
                "Stock": one_of("12 bouteilles", "Épuisé", ">20", "10+"),
            },
            delimiter="\t",
        )
    )
    assert found.items["in_stock"].to_list()[:4] == [True, False, True, True]
    assert found.items["attr_degré"].to_list()[:2] == [13.5, 12]
    assert found.items["brand"][0] == "Clos d'Été"
    assert found.items["price"][1] == 1290


def test_medicine(feed: Any) -> None:
    """What has titles alike and brands that are not is not one product; an own word for stock is left aside."""
    found = feed(
        table(
            {
                "Κωδικός": lambda row: f"GR{row}",
                "Όνομα προϊόντος": lambda row: f"Αντηλιακή κρέμα προσώπου SPF50 {row}",
                "Κατασκευαστής": one_of("Vichy", "Apivita"),
                "Ομάδα": one_of("a", "b", "c"),
                "Λιανική τιμή": one_of("49,49 €"),
                "Τιμή προσφοράς": one_of("40,00 €", ""),
                "Διαθεσιμότητα": one_of("Άμεσα διαθέσιμο", "Εξαντλημένο", "Ρωτήστε μας"),
            },
            delimiter=";",
        )
    )
    assert found.layout.group_by is None
    assert found.items["price"].to_list()[:2] == pytest.approx([40, 49.49])
    assert found.items["in_stock"].to_list()[:3] == [True, False, True]
    assert "8 cells of Διαθεσιμότητα could not be read" in " ".join(found.rejections.said)


def test_books(feed: Any) -> None:
    """A code of availability is not an id, and pairs are called by what they say of themselves."""
    rows = [
        {
            "isbn13": f"97800000000{row:02d}",
            "title": {"main": f"A map of salt {row}"},
            "contributors": [{"role": "author", "name": "Ana Ruiz"}, {"role": "translator", "name": "J. Park"}],
            "prices": {"GBP": 9.5, "USD": 12},
            "availability": {"code": "IP", "text": "Available"},
        }
        for row in range(12)
    ]
    found = feed("\n".join(map(json.dumps, rows)))
    assert found.items["item_id"][0] == "9780000000000"
    assert found.items["price"][0] == 9.5
    assert found.items["attr_contributors.author"][0] == "Ana Ruiz"
    assert found.shop.prices["usd"].currency == "USD"


def test_ids_of_letters_are_no_prices(feed: Any) -> None:
    """`KR12` could be twelve kronor."""
    found = feed(
        table(
            {
                "상품번호": lambda row: f"KR{row}",
                "상품명": lambda row: f"무선 이어폰 프로 {row}",
                "판매가": one_of("647,000원", "9,900원"),
                "정가": one_of("900,000원"),
                "재고": one_of("있음", "품절"),
            }
        )
    )
    assert found.items["item_id"][0] == "KR0"
    assert found.items["price"][0] == 647_000
    assert found.shop.catalogue.currency == "KRW"
    assert found.items["in_stock"].to_list()[:2] == [True, False]


def test_references_are_no_categories(feed: Any) -> None:
    found = feed(table({**LAMP, "categories": one_of("20,33", "20"), "price": one_of(5)}))
    assert found.items["category"].null_count() == len(found.items) or set(found.items["category"]) == {""}
    assert "categories" in kinds(found)


def test_a_header_that_is_repeated(feed: Any) -> None:
    """For a machine below the one for people, and again where files were put together."""
    text = table({"Item Sku": lambda row: f"S{row}", "Item Name": lambda row: f"Mat {row}", "List Price": one_of(9.5)})
    header, *rows = text.splitlines()
    found = feed("\n".join([header, "item_sku,item_name,list_price", *rows[:9], header, *rows[9:]]))
    assert found.rejections.summary == "24 rows kept, 0 rejected"


def test_cells_of_a_spreadsheet_that_keep_zeros(feed: Any) -> None:
    found = feed(table({"Art.-Nr.": lambda row: f'="{row:06d}"', "Bezeichnung": lambda row: f"Schraube {row}"}))
    assert found.items["item_id"][1] == "000001"


def test_what_is_not_on_show(feed: Any, tmp_path: Path) -> None:
    text = table({**LAMP, "status": one_of("active", "active", "draft"), "price": one_of(5)})
    found = feed(text)
    assert len(found.items) == 16
    assert "8 rows are left out: status is draft" in found.rejections.said
    path = tmp_path / "spoken.csv"
    path.write_text(text)
    spoken = read_feed(path, shop=Shop(attributes={"status": AttributeSection(type="text")}))
    assert len(spoken.items) == 24


def test_months() -> None:
    assert (found := written_date("04/2019")) is not None
    assert found.iso(is_day_first=True) == "2019-04-01"
    assert written_date("13/2019") is None
    assert written_date("04/1850") is None


def test_what_a_price_is_compared_with_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(table({**LAMP, "now": one_of(8), "then": one_of(10), "price": one_of(8)}))
    shop = Shop(catalogue=Catalogue(columns={"regular_price": "then"}))
    assert read_feed(path, shop=shop).items["discount"][0] == pytest.approx(0.2)


def test_headings_in_a_price_list_are_categories(feed: Any) -> None:
    rows = [["", head, "", ""] if n == 0 else [f"{head[:2]}{n}", f"{head} Sorte {n}", f"{n},50 €", n]
            for head in ("Tee", "Kaffee") for n in range(9)]  # fmt: skip
    rows.append(["", "Alle Preise inklusive Mehrwertsteuer", "", ""])
    found = feed(written([["Art.Nr", "Bezeichnung", "VK inkl. MwSt.", "Bestand"], *rows], ";"))
    assert found.rejections.summary == "16 rows kept, 0 rejected"
    assert found.items["category"].to_list()[7:9] == ["Tee", "Kaffee"]
    assert found.items["price"][0] == 1.5
    assert "3 rows are left out: it is a heading" in found.rejections.said


def test_a_row_that_explains_the_columns(feed: Any) -> None:
    header, *rows = table({**LAMP, "price": one_of(5)}).splitlines()
    found = feed("\n".join([header, "# Required | A unique name,# Required,# Optional", *rows]))
    assert found.rejections.summary == "24 rows kept, 0 rejected"


def test_names_in_letters_with_marks(feed: Any) -> None:
    columns = {
        "รหัสสินค้า": lambda row: f"TH{row}",
        "ชื่อสินค้า": lambda row: f"รองเท้าวิ่ง {row}",
        "ราคา": one_of("1,290.00 บาท"),
        "ราคาพิเศษ": one_of("990.00 บาท"),
        "จำนวนคงเหลือ": one_of(0, 4),
        "สีรองเท้า": one_of("ดำ", "แดง"),
    }
    found = feed(table(columns))
    assert found.items["price"][0] == 990
    assert found.items["in_stock"].to_list()[:2] == [False, True]
    assert "สีรองเท้า" in kinds(found)


def test_what_another_program_exports_of_a_shopify_shop(feed: Any) -> None:
    columns = {
        "Handle": lambda row: f"boot-{row}",
        "Title": lambda row: f"Boot {row}",
        "Body HTML": one_of("<p>Warm</p>"),
        "Status": one_of("Active", "Active", "Draft"),
        "Variant SKU": lambda row: f"K{row}",
        "Variant Price": one_of("499.00"),
        "Variant Cost": one_of("200"),
        "Metafield: custom.lining [single_line_text_field]": one_of("wool", "fleece"),
        "Category: Name": one_of("Shoes > Boots"),
    }
    found = feed(table(columns))
    first = found.items.row(0, named=True)
    assert (first["description"], first["attr_lining"], first["attr_category"]) == ("Warm", "wool", "Shoes > Boots")
    assert "8 rows are left out: Status is draft" in found.rejections.said
    assert "attr_Cost per item" not in found.items.columns


@pytest.mark.parametrize("name", ["Kategorie Ebene {}", "category_l{}", "Level {} Category", "categoryLevel{}"])
def test_categories_in_a_column_for_each_level(feed: Any, name: str) -> None:
    """Levels below each other are steps of a path; what stands beside another is a second category."""
    levels = {
        name.format(1): one_of("Wohnen", "Garten"),
        name.format(2): one_of("Schlafen", "Geräte"),
        name.format(3): one_of("Kissen", "", "Decken", "Spaten"),
    }
    found = feed(table({**LAMP, **levels}))
    assert found.items["attr_category"].to_list()[:3] == [
        "Wohnen > Schlafen > Kissen",
        "Garten > Geräte",
        "Wohnen > Schlafen > Decken",
    ]
    assert found.items["product_type"][0] == "Kissen"
    beside = feed(table({**LAMP, "category_1": one_of("Candles", "Baths", "Gifts"), "category_2": one_of("Gifts", "")}))
    assert beside.items["attr_category"].to_list()[:2] == [["Candles", "Gifts"], ["Baths"]]


def test_ids_made_of_what_tells_rows_apart(feed: Any) -> None:
    """A list of sizes has no article numbers: style, colour and size together are the id, whatever the price."""
    columns: dict[str, Cell] = {
        "Style Name": lambda row: f"Runner ST{row // 6:03d}",
        "Colorway": lambda row: ("Black/White", "Off White")[row // 3 % 2],
        "EU Size": lambda row: ("41", "42 2/3", "44")[row % 3],
        "Retail": one_of("$60.00", "$1,299.00"),
        "Wholesale": one_of("$30.00"),
        "MSRP": one_of("$1,400.00"),
        "Avail. Qty": one_of(0, 12),
    }
    found = feed(table(columns))
    assert found.rejections.summary == "24 rows kept, 0 rejected"
    assert sorted(found.items["item_id"][0].split("-")) == ["41", "Black/White", "Runner ST000"]
    assert found.items["price"].to_list()[:2] == [60, 1299]
    raised = feed(table({**columns, "Retail": one_of("$70.00")}))
    assert raised.items["item_id"].to_list() == found.items["item_id"].to_list()


def test_labels_of_advertisements_are_not_for_shoppers(feed: Any) -> None:
    """They may say what a shop earns; a search finds nothing by them."""
    columns = {"custom_label_0": one_of("high margin", "low margin"), "colour": one_of("red", "blue")}
    found = feed(table({**LAMP, **columns, "image_link": one_of("https://a/b.jpg"), "price": one_of("5 EUR")}))
    label = next(one for one in found.attributes if one.name == "custom_label_0")
    assert (label.search, label.facet, label.filter) == (False, False, True)
