"""What a column's name says of the prices in it: which of an item's prices they are, and in which unit of money."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Final, Literal

from trimtab.catalog.feeds.rows import clean_name, spaced, split_words, words_of
from trimtab.text.amounts.currencies import codes
from trimtab.text.kept import kept

PriceKind = Literal["price", "sale", "regular", "other"]
"""What is asked; a lower price for some time; a higher one to compare with; what is none for its buyer."""

_PRICE: Final = split_words(
    "一口价 售价 现价 促销价 活动价 单价 ราคาพิเศษ 정가 vk prices price preis preise prix precio preço preco "
    "prezzo prijs pris priser cijena cijene cena ceny ceně hinta ár ára fiyat fiyatı цена ціна стоимость 価格 价格 "
    "價格 가격 السعر سعر מחיר τιμή preț pret pvp mrp rrp msrp uvp harga giá gia قیمت ราคา "
    "pu tarif tarifs tarifa कीमत मूल्य 定価 特価 売価 판매가 할인가 공급가 매입가 소비자가 値段"
)
_PURCHASE: Final = split_words(
    "bprice wholesale whsl supply supplier jobber dealer trade händlerpreis "
    "cost costs purchase buy buying einkauf einkaufspreis ek coste costo achat custo compra acquisto "
    "inkoop inköp indkøb nákup nákupní zakup zakupu alış maliyet закупочная закупка 原価 "
    "仕入 进价 원가 공급가 매입가 التكلفة"
)
_CHARGED: Final = split_words(
    "shipping delivery payment deposit tax versand pfand versandkosten envío livraison consigne frete spedizione "
    "kargo доставка 送料 운임"
)
_OTHER: Final = (*_PURCHASE, *_CHARGED)
_NET: Final = frozenset(
    split_words("net netto excl excluded exkl ekskl escl ex exc htva ht hors neto nett zzgl nettopris nettopreis")
)
_WITHOUT: Final = frozenset(
    split_words("without no sin senza sem sans ohne bez без zonder utan uden uten before exclusive excluding")
)
_TAX: Final = frozenset(split_words("vat tax taxes iva mwst ust btw moms mva dph pdv ндс ддс tva kdv áfa alv gst"))
_GROSS: Final = frozenset(split_words("gross brutto ttc incl included inkl bruto lordo"))
_COST: Final = frozenset(
    split_words("cost costs wholesale whsl coste costo einkaufspreis ek custo maliyet 原価 进价 원가")
)
_REGULAR: Final = split_words(
    "former tprice oldprice strikethrough regular list listed old original was before mrp rrp msrp uvp retail "
    "compare neuf neupreis до "
    "recommended suggested strike regulärer regulär listen listenpreis alter alt statt streichpreis barré ancien "
    "conseillé ordinaire normal normale anterior antes tachado original listino pieno adviesprijs oude ordinarie "
    "førpris før katalogowa poprzednia regularna běžná původní liste eski piyasa "
    "старая обычная 표시가 소비자가 表示 αρχική "
    "λιανική_πριν προ πριν 定価 通常 通常価格 原价 市场价 정가 الأصلي قبل מקורי"
)
_SALE: Final = split_words(
    "sale special offer promo promotion promotional discount discounted reduced deal angebot angebotspreis aktion "
    "aktionspreis sonderpreis reduzierter reduziert solde soldé remisé promotionnel oferta rebaja rebajado "
    "descuento scontato offerta sconto promoção promocional desconto actie aanbieding rea kampanj kampanje tilbud "
    "tilbudspris tarjous promocyjna promocja akční akcia akció akciós προσφοράς έκπτωση εκπτωτική 할인가 促销价 活动价 "
    "ราคาพิเศษ ลดราคา indirimli kampanyalı скидка скидкой акция 特価 セール 特价 促销 할인 الخصم خصم العرض מבצע "
    "προσφορά redus مخفض المخفض تخفيض التخفيض"
)
_STARTS: Final = split_words(
    "start starts begin begins from since von ab beginn seit début debut du desde inicio início inizio dal vanaf van "
    "kezdet kezdete od от с начало początek začátek fra från startdatum başlangıç kezdete 開始 开始 시작 بداية"
)
_ENDS: Final = split_words(
    "end ends until till to through thru expires expiry bis ende endet fin jusqu jusquau au hasta até fine fim al tot "
    "einde do до конец koniec konec til till slut enddatum bitiş vége lejárat lejárata 終了 结束 종료 نهاية"
)
_MINOR: Final = frozenset(
    split_words(
        "cents cent pence øre öre ore centimes céntimos centimos centavos centesimi grosze groszy kopecks paise minor"
    )
)
_FOR_SEVERAL: Final = frozenset(split_words("ab from tier bulk staffel staffelpreis dès desde volume quantity qty"))
"""What stands in the names of prices for a number of pieces."""
_FROM: Final = frozenset(split_words("ab from dès desde"))
_FROM_TO: Final = {("preço", "de"): "regular", ("preco", "de"): "regular", ("preço", "por"): "price"}
"""What Brazilian shops ask before and now."""
_LONG: Final = 4
"""Letters from which on a word may end a compound one: `Verkaufspreis`."""
_LONG_SALE: Final = tuple(word for word in _SALE if len(word) > _LONG)
"""Words that may begin one: `Angebotsende`."""


@kept
def price_kind(name: str) -> PriceKind | None:
    """Which of an item's prices a column has, by its name; None where that says no price."""
    words = _words(name)
    if not any(_says(word, _PRICE) for word in words):
        return None if _COST.isdisjoint(words) else "other"
    said = _FROM_TO.get((words[0], words[-1]))
    if said is not None:
        return said  # type: ignore[return-value]  # one of the literals
    if any((word.isdecimal() and word != "1") or word in _FOR_SEVERAL for word in _without_from(words)):
        return "other"
    if is_net(name):
        words = [word for word in words if word not in _TAX]
    for kind, known in (("other", _OTHER), ("sale", _SALE), ("regular", _REGULAR)):
        if any(_says(word, known) for word in words):
            return kind  # type: ignore[return-value]  # one of the literals
    return "price"


@kept
def sale_bound(name: str) -> Literal["sale_start", "sale_end"] | None:
    """Which end of the period of a lower price a column of dates is, by its name: `Angebot bis`, `Début promo`."""
    words = _words(name)
    if not any(_says(word, _SALE) or word.startswith(_LONG_SALE) for word in words):
        return None
    is_start, is_end = (any(_says(word, known) for word in words) for known in (_STARTS, _ENDS))
    return None if is_start == is_end else "sale_start" if is_start else "sale_end"


def _without_from(words: list[str]) -> list[str]:
    """The words of a name without the one at its end that says from which price on: `Preis ab`."""
    return words[:-1] if words[-1] in _FROM else words


@kept
def is_purchase_price(name: str) -> bool:
    """Whether a column's name says what the shop itself pays, which no shopper may ask for."""
    words = _words(name)
    bought, charged = (any(_says(word, known) for word in words) for known in (_PURCHASE, _CHARGED))
    return bought and not charged and price_kind(name) == "other"


def is_standard(name: str) -> bool:
    """Whether a column's name says what an item costs as a rule, where another column has what is asked now."""
    return "standard" in _words(name) and price_kind(name) == "price"


def is_net(name: str) -> bool:
    """Whether a column's name says that its prices are without tax."""
    words = _words(name)
    is_untaxed = any(before in _WITHOUT and after in _TAX for before, after in pairwise(words))
    return is_untaxed or not _NET.isdisjoint(words)


def is_with_or_without_tax(words: Iterable[str]) -> bool:
    """Whether words say nothing of a price but whether tax is in it, or in which currency it is."""
    return all(word in _NET or word in _GROSS or word.upper() in codes() for word in words)


@kept
def is_in_minor_units(name: str) -> bool:
    """Whether a column's name says that its numbers count cents."""
    return any(word in _MINOR for word in _words(name))


def without_minor_units(plain: str) -> str:
    """A plain name without the words for cents: `amount_cents` is `amount`."""
    words = [word for word in plain.split("_") if word not in _MINOR]
    return "_".join(words[:-1] if words[-1:] == ["in"] else words)


def _words(name: str) -> list[str]:
    return words_of(clean_name(spaced(name)))


def _says(word: str, known: tuple[str, ...]) -> bool:
    whole, endings, parts = _forms(known)
    return word in whole or word.endswith(endings) or any(part in word for part in parts)


@cache
def _forms(known: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    """Words as they are, those that a word may end in, and those of scripts without blanks, which may stand in one."""
    endings = tuple(one for one in known if len(one) >= _LONG)
    return frozenset(known), endings, tuple(one for one in known if not one[0].isalpha() or one[0] > "\u3000")
