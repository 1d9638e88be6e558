# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""What the words beside an amount say it is, in the languages of many shops.

All patterns are for lower-case text: ignoring case makes `re` try every word at every character.
"""

from __future__ import annotations

import re
from functools import lru_cache

from trimtab.webpages.parse.patterns import fast_pattern

CONTEXT: dict[str, re.Pattern[str]] = {
    name: fast_pattern(pattern)
    for name, pattern in {
        "old": r"\b(?:was|worth|valued at|de:|list price|regular|reg\.|rrp|msrp|uvp|statt|bisher|original|retail|compare|before|avant|antes|prima"
        r"|instead|precio normal|prix conseillé|vorher|ord\.|tidligere|zamiast|p[uů]vodn|prp|előtte|cena regularna|cena katalogowa"
        r"|běžná cena|bežná cena|adviesprijs|van voor|vejl|normalpris|ordinarie|normaalihinta|ovh|svh|pvp|pvr|pvc|pccp|preț vechi|prezzo di listino"
        r"|prix public|prix barré|au lieu de|в магазинах|стара ціна|старая цена|стара цена|редовна цена|redna cena|redovna cijena|eredeti ár|listaár|önceki"
        r"|αρχική τιμή|λιανική|harga asal|giá gốc|giá cũ)|原價|定價|市價|建議|정가|通常価格|原价|市场价|メーカー希望|希望小売|定価|参考価格|소비자가|시중가|\bmrp\b|førpris|før:|\bnorm\.|\bnu för\b|harga normal|harga coret|giá niêm yết|giá thị trường|ราคาปกติ|ราคาเต็ม|מחיר רגיל|מחיר קודם|במקום|السعر السابق|قبل الخصم|كان |سعر السوق|قیمت قبل|पुरानी कीमत|piyasa fiyatı|liste fiyatı|eski fiyat|\bprije\b|\bpredtým\b|\bdříve\b|\bprzed\b obniżką",
        "now": r"\b(?:now|sale|our price|special|your price|you pay|today|jetzt|nur|ahora|agora|ora|maintenant|nu|teraz"
        r"|oferta|internet|deal|current bid|highest bid|winning bid|aktuelles gebot|höchstgebot|enchère (?:actuelle|en cours)|offre actuelle|puja actual"
        r"|offerta attuale|huidig(?:e)? bod|aktualna (?:cena|oferta)|lance atual|nuvarande bud|høyeste bud|højeste bud|текущая ставка|текущая цена)\b|現在価格|現在の価格|目前出價|優惠|特價|一次付清|網路價|限時|販売価格|税込|즉시|할인가|판매가",
        "price": r"\b(?:price|prix|preis|prezzo|precio|preço|cena|cijena|pris|prijs|preț|pret|ár|hinta|hind|kaina|цена|ціна|τιμή|fiyat|harga|giá)\b|價|价|가격|価格",
        "lowest": r"\b30[ -]?(?:days?|tage|tagen|dni|dní|dnů|jours|derniers jours|días|dias|giorni|dagen|dagar|dager|dage|päiv|nap|napos|zile|дни|дней|днів|dana|dneh|dien|päeva|ημερών|ημέρες)"
        r"|lowest (?:recent )?price|niedrigster (?:gesamt)?preis|bestpreis der|najniższa cena|nejnižší cena|najnižšia cena|prix le plus bas|precio más bajo|prezzo più basso|laagste prijs"
        r"|laveste pris|lägsta pris|alin hinta|legalacsonyabb ár|cel mai mic preț|най-ниска цена|najniža cijena|najnižja cena|mažiausia kaina|zemākā cena|madalaim hind|χαμηλότερη τιμή|preço mais baixo",
        "shipping": r"shipp(?!ed (?:by|from))|deliver(?!ed by)|versand|livraison|env[ií]o|frete|spedizion|postage|dostav|배송|運費|free over|orders? over"
        r"|p&p|import charges|lieferung|verzend|bezorg|frakt|fragt|toimitus|doprav|dostaw|wysyłk|przesyłk|szállítás|livrare|доставк|kargo|poštovn|poštnin|αποστολή|ongkir|送料|运费|phí vận chuyển|portes de|porto\b",
        "threshold": r"free (?:standard )?(?:shipping|delivery|postage)|ships? free|qualif|orders? (?:of|over|above|from)|on orders|spend |when you spend|minimum (?:order|purchase|spend)|минимальн\w+ (?:заказ|сумма)|мінімальн\w+ замовл|минимална поръчка"
        r"|mindestbestell|versandkostenfrei|gratis ?versand|kostenlose[rn]? (?:versand|lieferung)|ab einem|ab einkaufswert|livraison (?:gratuite|offerte)|dès .{0,12}d.achat|à partir de .{0,12}d.achat|minimum d.achat"
        r"|env[ií]o grat|compra m[ií]nima|a partir de .{0,12}compra|spedizione grat|ordine minimo|portes gr[aá]t|frete gr[aá]t|gratis (?:verzend|bezorg|frakt|levering)|minimum ?bestel"
        r"|fri fra[kg]t|fraktfri|ilmainen toimitus|doprava zdarma|doprava zadarmo|darmow[aey] (?:dostaw|wysyłk)|ingyenes (?:ki)?szállítás|livrare gratuit|comanda minim|безплатна доставка|бесплатная доставка|безкоштовна доставка"
        r"|besplatna dostava|brezplačna dostava|ücretsiz kargo|δωρεάν αποστολή|nemokamas pristat|bezmaksas piegāde|tasuta (?:tarne|transport)|免運|免运|送料無料|무료배송|gratis ongkir|miễn phí (?:vận chuyển|giao)",
        "opening": r"starting (?:price|bid)|opening bid|\bestimate\b|startpreis|startgebot|mindestgebot|schätzpreis|mise à prix|prix de départ|precio de salida|puja inicial|base d.asta|prezzo di partenza"
        r"|startprijs|openingsbod|cena wywoławcza|utropspris|startpris|lance inicial|стартовая цена|начальная цена|開始価格|起標價",
        "deposit": r"\bpfand|leergut|deposit|\bcrv\b|consigne|statiegeld|kaucja|kaucj|záloh|\bpant\b|pantti|letétdíj|betétdíj|garantie sgr|\bsgr\b|depozit|dep[oó]sito|fianza|cauzione|cau[cç]ão"
        r"|anzahlung|acompte|se[ñn]a\b|aanbetaling|zaliczk|залог|депозит|kavcij|kaparo|保証金|押金|訂金|定金|ecotax|eco-?part|recupel|zuschlag|surcharge|suppl[ée]ment de|recargo|toeslag|til+egs?gebyr|sovrapprezzo|dopłat|příplat|наценк|urheberrechtsabgabe|recycling fee|recyclage",
        "unit": r"/\s?(?:kg|g|l|m|m2|m²|cm|100|oz|lb|ml|cl|dl|sq|ft|yd|gal|qt|litre|liter|kilo|metre|meter|кг|л)\b|\bper (?:kg|kilo|unit|oz|fl|lb|100|sq|night|litre|liter|l\b|m\b|metre|meter|gram)"
        r"|\bpro (?:kg|l|100|liter|meter|m)\b|\b(?:le|au|el|il|por|al|za|na|zł/|par) (?:kg|kilo|litre|litro|l)\b|1 ?kg ?=|1 ?l ?=|\bkg ?= |/ ?\d+ ?(?:g|ml|kg|l|cl|m)|grundpreis|eenheidsprijs|jednotková cena|cena jednostkowa|jfr-?pris|jämförpris|vertailuhinta|egységár"
        r"|preț unitar|prix au (?:kilo|litre|kg)|precio por (?:kg|unidad|litro)|prezzo al (?:kg|litro)|単価|每公斤|per 100",
        "piece": r"\b(?:bulk|volume|tier(?:ed)?) (?:pric|discount)|\bbuy (?:[2-9]|\d{2,})\b|staffelpreis|mengenrabatt|prix dégressif|\bqty \d+\+|\b\d+\+ ?(?:pcs|pieces|units|stk|stück|szt|ks)\b|\b\d{1,4} ?\+(?:\s|\x1f|$)|まとめ買い|\bmix(?:ed)? (?:six|any|case|\d+|(?:&|and) match)|\bany \d+ for\b|\bwhen you (?:buy|mix) ",
        "instalment": r"\b\d{1,2}\s?x\b(?!\s?\d)|\b\d{1,2}\s?x\s?(?:\d+[.,]\d{2}\b|\d+\s?[€$£])|(?:^\W*|[€$£]\s?|\d[.,]\d\d\s?)x\s?(?:de\s)?\d{1,2}\b|instal|month|/mo\b|/ ?mo(?:\.|nth)|p/m\b|\bp\.?m\.?\b|mensual|mese\b|mesi\b|mois\b|m[êe]s\b|meses|cuota|parcela|rate[n ]|financ|monat|\bmtl\.|monthly|klarna|afterpay|clearpay|affirm|zip pay|paypal|alma\b|scalapay"
        r"|měsíc|mesačne|mesiac|rat[aăey]\b|\bna raty|miesięcz|mies\.|havi\b|hó\b|/hó|lun[aăi]\b|maand|p/mnd|måned|/md|månad|/mån|kuukau|/kk|mjesec|mesec|на месец|в месяц|/мес|\d мес\b|мес\.|місяц|/міс|\d міс\b|δόσ|μήνα|\d ay\b|taksit|kuus\b|mėn|mēn|期|분할|개월|月々|分割|每月|cicil|trả góp|pay in \d|payments? of|weekly|per week|\bversements?\b|mensualit|\bpagos de\b|presta[cç][oõ]es|termijnen|\bdelbetal|avbetal|\bavdrag\b|\bafdrag\b|osamaksu|részlet|рассроч|платеж|платеж[іи]|частинами|განვადებ|por semana|in 3 rate|en \d fois|\bplazos?\b|\bemi\b|/माह|मासिक|किस्त|ผ่อน|/ ?เดือน|เดือนละ|תשלומים|לחודש|دفعات|أقساط|قسّ?ط|شهري|قسط|ماهانه|اقساط|/ ?tháng|mỗi tháng|/ ?bulan|per bulan|ansuran|sebulan|/ ?ay\b|aylık|hiteldíj|törlesztő|έως \d+ δόσεις",
        "save": r"\bsav(?:e|ing)|discount|\boff\b|ersparnis|spar|économ|ahorr|desconto|descuento|rabat|%|reducere|折|省",
        "net": r"\bex(?:cl)?\.? ?(?:vat|tax|gst)|(?:before|without|plus|\+) (?:vat|tax|gst)|ohne mwst|ohne ust|zzgl\.? (?:\d+ ?% ?)?(?:mwst|ust|gesetzl)|exkl|netto|brez ddv|bez dph|bez pdv|hors tax|hors tva|\bht\b|h\.t\.|sin iva|\+ ?iva|iva esclusa|iva escl|s/ ?iva|fără tva|\+ ?tva"
        r"|без ндс|без ддс|без пдв|bez vat|税抜|税別|未稅|不含税|ex moms|\bexcl(?!usi(?:v|f\b|t))|exclusive of|ekskl|senza iva|zonder btw|áfa nélkül|nettó|s/ ?imp|sem iva|\+ áfa|alv 0|alv0|ilman alv|be pvm|bez pvn|km-?ta|käibemaksuta|χωρίς φπα|kdv hariç|\+ ?kdv|부가세 별도|u\.mva|eks\.? ?mva|uten mva|uden moms|utan moms|未含税|ללא מע|לא כולל מע|בתוספת מע|غير شامل|بدون ضريبة|لا يشمل|chưa (?:bao )?gồm|chưa có vat|belum termasuk|tidak termasuk p|ไม่รวม ?(?:vat|ภาษี)|ก่อน vat|कर अतिरिक्त|gst extra|बिना कर|بدون مالیات",
        "gross": r"\binc(?:l|luding)?\.? ?(?:vat|tax|gst|btw)|inkl\.? ?(?:\d+ ?% ?)?(?:mwst|moms|mva|ust|gesetzl)|\bttc\b|t\.t\.c|iva inc|con iva|ivato|iva compresa"
        r"|com iva|c/ ?iva|iva inclu|\bs dph|\bs pdv|sa pdv|vč\.? dph|včetně dph|vrátane dph|z ddv|cu tva|с ндс|с ддс|з пдв|brutto|bruttó|税込|(?<![不未])含[稅税]|kdv dahil|z vat|áfával|met btw|sis\.? alv|sis alv|su pvm|ar pvn|km-?ga|με φπα|부가세 포함|m/moms|ink\.? moms|ink\.? mva",
        "member": r"\bmembers?\b|card ?holder|\bwith (?:your |the )?\w* ?card\b|loyalty|students?\b|teachers?\b|faculty|military|\bclub\b|clubcard|nectar"
        r"|\btarjeta|\bsocios?\b|adhérent|mitglied|\bkarta\b|insider|auto-?ship|subscribe|wholesale|\btrade\b|會員|会员|会員|회원|klubb|\bklub|kanta-asiakas|klubikort|lidhind|čipsa|z aplikacją|con carta|carta fedeltà|carte fidélité|abonn|medlem|leden\b|клуб|бонусной карт|с картой|ledenprijs|voor leden|kundenkarte|prime\b|सदस्य|العضو|للأعضاء|חברי? מועדון|מחיר מועדון|thành viên|สมาชิก|soci\b|membres?\b|\btagok|membru|membri\b|μέλ[οη]|üye(?:lere|ye)?\b|s kartou|člen|karticom|kartiyle|з карткою|törzsvásárló|klubár|törzskártyá|vorteils?(?:preis|karte)|klantenkaart|klantpas|jäsen(?:hinta|et|ille)|plussa"
        r"|kartı? ?(?:ile|sahib)|клубн|кошельк|по карте|за картою|с карта\b|κάρτα|s kartico|kartico\b|su kortele|nario kaina|ar karti|püsiklien|kliendikaar|tessera|fidelidade|fidelidad|fidelité|fidélité|sócios?\b|stałego klienta|kart[ąa] (?:klient|stał)|멤버십|anggota|ahli\b",
        "total": r"\b(?:sub)?tota[al]|\btot(?:alt|ale|aal)\b|\b(?:gesamt|zwischen)summe|yhteensä|\brazem\b|\bcelkem\b|\bspolu\b|összesen|итого|합계|小計|合計|合计|toplam|\bjumlah\b|basket|warenkorb|panier|carrito|bag\b|cart\b",
        "from": r"\b(?:from|ab|desde|à partir|da|od|starting|as low as|vanaf|fra|från|de la|up to)\b",
        "used": r"\b(?:used|refurb|gebraucht|occasion|usado|second hand|open box|pre-owned|tweedehands|begagnad|brugt|brukt|používan|używan|użyt|használt|rabljen|подержан|б/у|usato|seminuevo|reconditionn|reacondicionad|ricondizionat|generalüberholt|refurbished|renewed|中古)",
        "coupon": r"coupon|voucher|\bsepette\b|\bim warenkorb\b|\bw koszyku\b|\bv košíku\b|в корзине|в кошику|у кошику|\bat checkout\b|\bi (?:varu|handle)korgen\b|\bi kurven\b|gift card|points?\b|gutschein|cashback|bonus|點|点数|券|滿|ポイント|적립|쿠폰",
    }.items()
}
"""Word beside an amount, by what it says the amount is."""

_DELIVERY_BESIDE = re.compile(
    r"(?:zzgl|zuzüglich|plus|excl\w*|exkl\w*|ekskl\w*|ohne|without|hors|en sus|más|mas|più|inkl\w*|incl\w*|inclu\w*|free|gratis|kostenlos\w*"
    r"|frei\w*|fri\b|ilmainen|darmow\w*|zdarma|zadarmo|ingyenes|gratuit\w*|ücretsiz|бесплатн\w*|безплатн\w*|безкоштовн\w*|besplatn\w*|\+|&|und|and|mit|avec|con|sin|uden|utan|uten|bez)"
    r"\s?\.?\s?(?:[\w.]{1,12}\s){0,2}(?:versand|lieferung|shipp|deliver|postage|livraison|frais de|port\b|env[ií]o|gastos|spedizion|spese|verzend|bezorg|frakt|fragt|levering"
    r"|toimitus|dostaw|wysyłk|doprav|poštovn|szállítás|livrare|доставк|kargo|frete|portes)\w*"
    r"|versandkostenfrei\w*|(?:verzend|versand|frakt|fragt|spediz|livraison|env[ií]o|shipping|delivery)\w* (?:extra|included|inbegriffen|enthalten|grat\w+|offert\w*|inclus\w*|incluido\w*|inclusa|kostenlos|free|compres\w*)"
)
"""Delivery that is not in an amount, or is in it or free: the amount beside is not the cost of delivery."""


_ANOTHER_WAY = re.compile(
    r"\W*(?:or|oder|ou|o|eller|lub|nebo|alebo|vagy|sau|ali|tai|või|или|або|ή|veya|ya da|and|und|et|y|pay|payments?|possib|buy"
    r"|in \d|en \d|em até|jusqu|also|auch|available|financ|spread)(?![\w-])"
)
"""How a text begins that speaks of paying the amount before it in parts."""


@lru_cache(maxsize=8192)
def contexts_after(text: str) -> frozenset[str]:
    """The same for a text behind an amount, where `plus delivery`, `free delivery` and another way to pay say nothing
    about the amount."""
    said = contexts_in(_DELIVERY_BESIDE.sub(" ", text.lower())) - {"threshold", "lowest", "from"}
    return said - {"instalment"} if _ANOTHER_WAY.match(text.lower()) else said


@lru_cache(maxsize=8192)
def contexts_in(text: str) -> frozenset[str]:
    """Names of the CONTEXT patterns that a text matches; the same few words stand beside many prices."""
    lower = text.lower()
    return frozenset(name for name, pattern in CONTEXT.items() if pattern.search(lower))
