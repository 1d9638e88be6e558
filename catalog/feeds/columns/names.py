"""What the columns of feeds are called: the names of a role in the platforms and languages that shops use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import itemgetter

from trimtab.catalog.feeds.columns.price_names import is_net, is_with_or_without_tax, price_kind, without_minor_units
from trimtab.catalog.feeds.rows import clean_name, spaced, split_words, words_of
from trimtab.text.kept import kept
from trimtab.text.money import currencies_in
from trimtab.text.normal import folded
from trimtab.text.words.forms import LANGUAGES

_NAMES = {
    "item_id": (
        "item_id id product_id sku sku_id skuid seller_sku item_sku article_number "
        "artikelnummer artikelnr art_nr artnr nummer "
        "artikel_nr bestellnummer référence reference referencia codice code uid variant_id variation_id offer_id "
        "productid product_code item_code item_number handle number item_no kod kód код "
        "артикул コード 番号 品番 货号 编号 رقم الرمز varenummer kodu stok_kodu cikkszám κωδικός 번호 코드 상품번호 "
        "variant_sku 商品管理番号 商品番号 رمز_المنتج_sku رمز_المنتج "
        "variation_sku variationid artnum indeks symbol identyfikator custom_label varenr tuotenumero handle_id "
        "cod código codigo numero numéro part_number kod_produktu sku管理番号 "
        "identifier supplier_pid article_code stock_code รหัสสินค้า sku_name internal_variant_id "
        "شناسه کد کد_کالا šifra identifiant "
        "mã mã_sản_phẩm mã_hàng каталожен_номер код_товара код_товару "
        "nr no sl_no s_no sr_no serial_no pzn asin gtin ean isbn isbn13 isbn10"
    ),
    "title": (
        "title name product_name product_title item_name display_name store_display_name "
        "titel bezeichnung artikelname produktname nom "
        "nom_du_produit titre titolo nome título titulo nombre nazwa název naziv naam productname namn название "
        "наименование タイトル 商品名 名称 标题 adı adi ad nimi denumire megnevezés navn όνομα τίτλος tytuł item_title "
        "listing_title назва ονομασία 상품이름 名 品名 상품명 이름 اسم الاسم العنوان שם ชื่อ tên nama ime nume titlu "
        "title_long title_short ชื่อสินค้า nama_produk description_short item_description style_name "
        "benämning etichetta neve tên_sản_phẩm tên_hàng продукт име "
        "نام عنوان 宝贝标题"
    ),
    "description": (
        "description desc long_description body body_html content beschreibung artikelbeschreibung "
        "descripción descrizione descrição omschrijving opis popis beskrivning описание "
        "short_description summary kurzbeschreibung produktbeschreibung 説明 描述 açıklama aciklama kuvaus "
        "leírás rövid_leírás hosszú_leírás descriere περιγραφή опис 详情 설명 الوصف وصف תיאור รายละเอียด mô_tả "
        "deskripsi beskrivelse descriptif descricao long_desc longdesc shortdesc product_copy "
        "description_long deskripsi_produk detail_description full_description รายละเอียด توضیحات شرح "
        "description.long description.short 상품_상세설명 상품_요약설명 상세설명 상품설명 "
        "商品説明 商品説明文 pc用商品説明文 スマートフォン用商品説明文"
    ),
    "brand": (
        "brand brand_name brands manufacturer manufacturer_name manufacturers vendor supplier marke hersteller "
        "marque fabricant marca "
        "marca_fabricante fabricante produttore merk fabrikant marka výrobce značka producent бренд производитель "
        "maker brand.name manufacturer.name ブランド 品牌 merkki märke mærke gyártó brend メーカー 브랜드 제조사 "
        "العلامة_التجارية "
        "الماركة מותג ยี่ห้อ thương_hiệu merek торговая_марка tillverkare valmistaja merke κατασκευαστής μάρκα "
        "laboratoire laboratorio domaine producteur producteur_nom winery weingut winzer bodega "
        "marchio ยี่ห้อ "
        "varumärke varemerke varemærke značka_produktu производител برند سازنده виробник "
        "nhãn_hiệu hãng cantina ブランド名 make"
    ),
    "category": (
        "category categories categories.name category.name product_category category_path categorytext "
        "category_name kategorie kategorien warengruppe produktkategorie catégorie catégories categoría "
        "categorías categoria categorie kategoria kategorier kategori категория カテゴリ 分类 taxonomy "
        "breadcrumbs department kategória категорія カテゴリー 分類 ジャンル 类别 카테고리 القسم الفئة التصنيف קטגוריה "
        "หมวดหมู่ danh_mục tuoteryhmä productgroep varugrupp varegruppe produktgruppe produktgruppen warengruppen "
        "rubrik rayon sección reparto κατηγορία grupa grupa_towarowa cat categorías_producto collection "
        "类目 หมวดหมู่ "
        "famille familia famiglia família دسته دسته_بندی گروه категории раздел назва_групи kategória nhóm_hàng "
        "カテゴリ名 merchant_category تصنيف تصنيف_المنتج"
    ),
    "product_type": (
        "product_type producttype type_of_product produkttyp type_de_produit sub_category subcategory unterkategorie "
        "sous_catégorie subcategoría subcategoria sottocategoria subkategori underkategori podkategoria podkategorie "
        "alt_kategori подкатегория サブカテゴリ 子カテゴリ "
        "sous_famille subfamilia sottofamiglia subfamília"
    ),
    "price": (
        "price price_tax_included price_tax_excluded price_tax_excluded_or_price_tax_included regular_price "
        "list_price price_amount unit_price sale_price_eur preis verkaufspreis vk bruttopreis preis_brutto prix "
        "prix_ttc precio pvp prezzo preço prijs cena cena_brutto cena_s_dph price_vat pris hinta ár fiyat цена 価格 "
        "价格 price.amount price.value offers.price current_price selling_price retail_price amount standard_price "
        "start_price buy_it_now_price finalprice final_price retail price_with_vat price_incl_vat price_inc_vat "
        "precio_con_iva prezzo_ivato valor_de_venda valor_venda "
        "一口价 售价 现价 ราคา vk_inkl_mwst قیمت giá giá_bán prix_de_vente prezzo_di_vendita precio_de_venta "
        "verkoopprijs myyntihinta eladási_ár bruttó_ár"
    ),
    "sale_price": (
        "sale_price special_price discount_price discounted_price promo_price offer_price angebotspreis "
        "aktionspreis sonderpreis prix_promo prix_soldé precio_oferta prezzo_scontato actieprijs reapris "
        "giá_khuyến_mãi giá_khuyến_mại akciós_ár قیمت_با_تخفیف"
    ),
    "regular_price": "regular_price_amount compare_at_price strikethrough_price was_price oldprice",
    "sale_period": "sale_price_effective_date sale_period",
    "sale_start": (
        "sale_start sale_price_start special_from_date special_price_from_date date_sale_price_starts "
        "sale_price_dates_from sale_start_date"
    ),
    "sale_end": (
        "sale_end sale_price_end special_to_date special_price_to_date date_sale_price_ends "
        "sale_price_dates_to sale_end_date"
    ),
    "currency": (
        "currency currencyid price_currency currency_code pricecurrency offers.pricecurrency "
        "price.currency currency_id währung waehrung devise moneda valuta para_birimi 通貨 币种 العملة валюта waluta "
        "měna divisa"
    ),
    "in_stock": (
        "in_stock instock is_in_stock availability available is_available stock_status verfügbarkeit "
        "verfuegbarkeit lieferbar disponibilité disponibilidad disponibilità beschikbaarheid dostępność "
        "dostupnost offers.availability наличие 在庫 vorrätig lagerstatus lager_status disponible "
        "disponível disponibile en_stock em_estoque disponibilidade saatavuus متوفر التوفر 在庫状況 库存状态 "
        "наявність доступность stock_availability διαθεσιμότητα w_magazynie avail inventory_status in_stock_status "
        "available_for_sale availableforsale "
        "tillgänglighet tilgjengelighet tilgængelighed dostupnosť elérhetőség disponibilitate ketersediaan "
        "наличност còn_hàng"
    ),
    "stock": (
        "stock quantity qty stock_quantity inventory inventory_quantity inventory_qty stock_level lagerbestand "
        "bestand quantité cantidad quantità voorraad lager count_in_stock estoque stok stok_adedi existencias "
        "lagerantal lagersaldo varasto készlet raktárkészlet stan_magazynowy ilość 在庫数 库存 재고 الكمية المخزون "
        "количество остаток залишок giacenza stoc cantitate aantal current_stock_level avail_qty available_qty "
        "available_quantity quantity_available antall_på_lager antall απόθεμα ποσότητα stan_mag count zapas "
        "lagerbestand_gesamt gesamtbestand "
        "数量 จำนวนคงเหลือ จำนวน quantity_to_sell_on_facebook voorraad_aantal موجودی tồn_kho số_lượng qté "
        "current_quantity liczba_sztuk varastosaldo 재고수량 on_hand quantity_on_hand qty_on_hand"
    ),
    "popularity": (
        "popularity sales sold total_sales units_sold purchases orders bestseller_rank_score verkauft verkäufe absatz "
        "verkaufte_stück ventes ventas vendite vendas verkocht sprzedane satış_adedi продажи 販売数 销量 판매량 "
        "sold_quantity quantity_sold 月销量"
    ),
    "discount": "discount discount_rate",
    "purchase_rate": "purchase_rate conversion_rate",
    "image": (
        "image media.url media.src image_urls image_url image_link imageurl images img picture picture_url thumbnail "
        "main_image image_src bild bild_url bildurl photo foto imagen immagine imagem imgurl images.src "
        "image.url 画像 图片 이미지 الصورة صورة fotografía obrázek kép kép_link zdjęcie görsel resim kuva изображение "
        "картинка photos main_image_url image_1 εικόνα φωτογραφία bilde bilder "
        "bildlänk bildlenke billedlink bildlink lien_image lien_de_l_image enlace_imagen link_immagine "
        "画像url 主图 hình_ảnh تصویر عکس product_media cover_media_url cover_url "
        "foto fotos фото фотография главное_фото ссылка_на_фото ссылка_на_главное_фото"
    ),
    "url": (
        "url link product_url product_link deeplink deep_link href produkt_url producturl permalink "
        "landing_page lien enlace ссылка リンク 链接 الرابط adres_url bağlantı "
        "länk lenke odkaz hivatkozás"
    ),
    "group_id": (
        "group_id item_group_id itemgroup_id parent_id parent_sku parent parent_product_id style_id style "
        "model_group variant_group product_group_id master_id master_sku isvariantof productgroupid "
        "artikelgrupp_id artikelgruppe_id szülő_cikkszám pair_code varegruppe_id produktgruppen_id"
    ),
    "latitude": (
        "latitude lat geo_lat gps_lat geo_latitude breitengrad geographische_breite latitud latitudine szerokość"
    ),
    "longitude": (
        "longitude lon lng long geo_lon geo_lng geo_long gps_lon gps_lng geo_longitude längengrad geographische_länge "
        "longitud longitudine długość"
    ),
    "location": (
        "location geo geopoint geo_point geolocation geo_location coordinates coords gps latlng lat_lng latlon lat_lon "
        "lat_long position point koordinaten coordonnées coordenadas"
    ),
    "attributes": "attributes",
    "language": "language lang locale content_language sprache langue",
}
"""Role -> its names, the surest first."""

BESIDE = {
    "sale_price": ("number", "a lower price, now or in its period"),
    "regular_price": ("number", "the higher price that the price is compared with"),
    "sale_period": ("text", "the period of the lower price: two moments with a `/` between them"),
    "sale_start": ("date", "from when the lower price holds"),
    "sale_end": ("date", "until when the lower price holds"),
    "currency": ("text", "the currency of the row's prices"),
    "stock": ("number", "how many there are; none is not in stock"),
    "group_id": ("text", "what variants of one product have in common"),
    "latitude": ("number", "degrees north; with `longitude`, items have a `distance`"),
    "longitude": ("number", "degrees east"),
    "location": ("text", "both in one cell: `48.2, 16.4`"),
    "language": ("text", "the language of the row's texts"),
}
"""Roles that become something else than a column of the catalogue: the type of their cells, and what they say."""
_REMARK = re.compile(r"\s*(?:[(\[][^()\[\]]*[)\]]|\*|:\s+\S+(?:\s+\S+){2,})\s*$")
"""What is remarked behind a name: `Categories (x,y,z...)`, `Name *`, `Title: with brand, model and so on`."""
_PREFIX = re.compile(r"^(?:(?:item|product|article|produkt|artikel|base|main)_|ox(?=[a-z]))")
_PRODUCT = frozenset(
    split_words(
        "product products item items article articles produit produits artikel produkt produkte producto productos "
        "produto produtos prodotto prodotti articolo artículo articulo ürün ürünün urun vare vara tuote tuotteen "
        "termék towar towaru produktu produs produsului výrobek výrobku продукт продукта товар товара товару "
        "منتج المنتج المنتجات מוצר המוצר"
    )
)
_COMPOUND = re.compile(r"^(?:artikel|produkt|product|vare|vara|tuote|termék|商品|製品|产品|產品|상품|제품)_?(?=.)")
"""What compound names begin with: `varenavn`, `商品名`."""
_PERIOD = re.compile(
    r"_(?:(?:last|past|letzte|letzten)_)?[0-9]+_?(?:d|days?|tagen?|tage|w|weeks?|wochen?|months?|monate?n?)$"
)
"""What names of sales end with: `sold_last_30_days`, `verkauft_30_tage`."""
_BETWEEN = frozenset(split_words("of de do du da del della di des het"))
_OFFERS = frozenset(split_words("цены цена pricing price prices offer offers inventory stock availability"))
_WRAPPERS = (
    _PRODUCT
    | _OFFERS
    | frozenset(
        split_words(
            "data details detail info information attributes fields general basic common core meta node source record "
            "translations default produk"
        )
    )
)
"""Members of nested objects that say nothing of what is in them, but for those that say it is an offer's."""
_OFFERED = frozenset({"price", "sale_price", "currency", "in_stock", "stock", "latitude", "longitude", "location"})
"""Roles of what is in an offer."""
_NAMED = frozenset({"name", "title", "label", "path", "value", "display_name", "displayname", "main", "text", "plain"})
"""Members that say what the object above them is called."""
_BY_LANGUAGE = ("title", "description", "category", "brand")
"""Roles that feeds have a column for in each language: `name_de`, `Bezeichnung FR`."""
_SPOKEN = re.compile(r"(.+)\.([a-z]{2})_[a-z]{2}"), re.compile(r"(.+)[_.]([a-z]{2})")
_OTHER_THAN_LANGUAGES = frozenset({"id", "no"})
_LESS_SURELY = 100
_CODE_NAMES = (
    "id", "gtin", "ean", "ean13", "upc", "isbn", "mpn", "sku", "barcode", "asin", "zip", "phone", "code", "hash",
    "slug", "handle", "barkod", "barcodes", "strichcode", "jan", "バーコード", "الباركود", "штрихкод", "번호",
)  # fmt: skip


def is_code_name(plain: str) -> bool:
    """Whether an attribute's name says that its values are codes."""
    return plain.replace(".", "_").rpartition("_")[2] in _CODE_NAMES


def spaced_names(name: str) -> tuple[str, str]:
    """A name without remarks, plain, as it is and with the words of camel case apart."""
    bare = _REMARK.sub("", name)
    return clean_name(bare), clean_name(spaced(bare))


def names_of(role: str) -> list[str]:
    """What feeds call a role, the surest first."""
    return _NAMES[role].split() if role in _NAMES else []


@lru_cache(maxsize=1)
def _roles() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for spelt in (str, _without_marks):
        for role, names in _NAMES.items():
            for rank, name in enumerate(split_words(names)):
                found.setdefault(spelt(name), (role, rank))
    return found


@kept
def _without_marks(name: str) -> str:
    """A name as programs write it that know no accents: `ten_san_pham`; Persian words are not joined."""
    return folded(name.replace("\u200c", "_")) if len(name) >= _LEAST_LETTERS else name


@kept
def role_of(name: str) -> tuple[str, int] | None:
    """The role that a column's name says, and how far down the role's names it stands; None where it says none.

    A currency in the name is left aside (`Preis (EUR)`, `price_eur`), and so are words for a product (`Ürün Adı`,
    `nome_do_produto`, `varenavn`), a language (`name_de`), cents, and the objects that a member is wrapped in.
    """
    plain, apart = spaced_names(name)
    return _by_name(plain) or (_by_name(apart) if apart != plain else None) or _by_price(plain, apart, name)


def role_named(name: str) -> str:
    """The role that a column's name says; empty where it says none."""
    found = role_of(name)
    return "" if found is None else found[0]


def _by_name(plain: str) -> tuple[str, int] | None:
    known, steps = _roles(), plain.split(".")
    is_offer = any(_is_wrapper(step) and not _OFFERS.isdisjoint(step.split("_")) for step in steps[:-1])
    for place, spelt in enumerate(_spellings(plain)):
        written = spelt if spelt in known else _without_marks(spelt)
        if written in known and not (is_offer and known[written][0] not in _OFFERED):
            return known[written][0], known[written][1] + (place and _LESS_SURELY + place)
    end = next((known[end] for end in _ends_of(plain) if end in known), None)
    if end is not None and end[0] not in _PRICED:
        return end[0], end[1] + _LESS_SURELY
    if plain.endswith("_1") and known.get(plain[:-2], ("", 0))[0] == "image":
        return "image", _LESS_SURELY
    rest, spoken = _language_behind(plain)
    if not spoken and plain[2:3] == "_" and plain[:2] in LANGUAGES and plain[:2] not in _OTHER_THAN_LANGUAGES:
        rest, spoken = plain[3:], plain[:2]
    found = _by_name(rest) if spoken else None
    return (found[0], found[1] + 1) if found is not None and found[0] in _BY_LANGUAGE else None


def _ends_of(plain: str) -> Iterator[str]:
    """What a name ends with in a script that writes words together (`등록상품명`), the longest first."""
    word = plain.partition("_")[0]
    yield from (word[cut:] for cut in range(1, len(word) - 1) if word[0] > _TOGETHER)


_TOGETHER = "\u2e80"
"""Letters from which on words are written together: Chinese, Japanese, Korean."""
_PRICED = frozenset({"price", "sale_price", "regular_price"})
"""Roles that other words of a name decide."""


def _by_price(plain: str, apart: str, name: str) -> tuple[str, int] | None:
    """A price's role by a currency in the name, or by what kind of price it says."""
    if currencies_in(name):
        words = [word for word in plain.split("_") if not currencies_in(word.upper())]
        bare = _roles().get("_".join(words))
        if bare is not None and bare[0] in ("price", "sale_price"):
            return bare[0], bare[1] + 1
    steps = [step for step in apart.split(".") if not _is_wrapper(step) or step in _OFFERS]
    kind = price_kind(apart)
    if kind in ("price", "sale") and (len(steps) == 1 or (steps[0] in _OFFERS and is_with_or_without_tax(steps[1:]))):
        return ("price" if kind == "price" else "sale_price"), (3 if is_net(apart) else 2) * _LESS_SURELY
    return None


@kept
def roles_within(name: str) -> frozenset[str]:
    """The roles that single words of a name say: `Tytuł oferty`, `Категория на Маркете`, `Остаток, шт`."""
    words = words_of(spaced_names(name)[1])
    if not _OF_ITEMS.isdisjoint(words[-1:]):
        return frozenset()
    known = _roles()
    found = (known.get(word) or known.get(_without_marks(word)) for word in words if len(word) >= _LEAST_LETTERS)
    roles = {role for role, _ in filter(None, found)}
    is_other = len(roles) > 1 or not _OTHER_TITLES.isdisjoint(words)
    return frozenset(roles - {"title"} if is_other else roles)


_OTHER_TITLES = frozenset({"seo", "meta", "page", "alt", "file", "shop", "store", "user"})
"""Words beside `title` and `name` that say whose they are; so does a word for another role (`supplier name`)."""
_OF_ITEMS = frozenset({"color", "colour", "size", "material", "farbe", "größe", "couleur", "taille", "talla"})
"""Last words that say what else of an item a column is: `supplier_color`."""
_LEAST_LETTERS = 3
"""Letters of a word that says what a column is, beside others."""


def language_of_name(name: str) -> str | None:
    """The language that a column's name ends with."""
    return _language_behind(clean_name(name))[1]


def _language_behind(plain: str) -> tuple[str, str | None]:
    """A name without the language that it ends with (`name_de`, `name.en_us`), and that language."""
    found = next(filter(None, (form.fullmatch(plain) for form in _SPOKEN)), None)
    is_language = found is not None and found[2] in LANGUAGES and found[2] not in _OTHER_THAN_LANGUAGES
    return (found[1], found[2]) if found is not None and is_language else (plain, None)


def _spellings(plain: str) -> Iterator[str]:
    """A name, then what it is without what says nothing, the surest first."""
    yield plain
    yield _PREFIX.sub("", plain)
    steps = plain.split(".")
    if len(steps) > 1:
        yield ".".join(steps[-2:])
        if steps[-1] in _NAMED and steps[-2] not in _WRAPPERS:
            yield steps[-2]
        is_place = steps[-1] in {name for role in ("latitude", "longitude", "location") for name in names_of(role)}
        if is_place or all(map(_is_wrapper, steps[:-1])):
            yield from _spellings(steps[-1])
        return
    words = plain.split("_")
    if not _PRODUCT.isdisjoint(words):
        words = [word for word in words if word not in _PRODUCT]
        yield "_".join(words[:-1] if words[-1:] and words[-1] in _BETWEEN else words)
    yield _COMPOUND.sub("", plain)
    counted = _PERIOD.sub("", plain)
    if counted in names_of("popularity"):  # a price of the last days is another price
        yield counted
    yield without_minor_units(plain)


def _is_wrapper(step: str) -> bool:
    """Whether a step says nothing of what is in it: `product_details`."""
    return _WRAPPERS.issuperset(step.split("_"))


def roles_of(names: Iterable[str]) -> dict[str, list[str]]:
    """Role -> the columns that could be it, the likeliest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        role = role_of(name)
        if role is not None:
            found.setdefault(role[0], []).append((role[1], name))
    return {role: [name for _, name in sorted(columns, key=itemgetter(0))] for role, columns in found.items()}
