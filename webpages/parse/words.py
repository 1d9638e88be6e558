# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Words that say what a part of a page is for, in the languages of many shops: in class names, and in text.

All patterns are for lower-case text: ignoring case makes `re` try every word at every character.
"""

from __future__ import annotations

import re
from functools import lru_cache

from trimtab.webpages.parse.patterns import fast_pattern

_ROLES: dict[str, str] = {
    "related": r"relat|recommend|similar|also|upsell|cross-?sell|carousel|slick|swiper|owl-|recent|viewed|suggest|sponsor"
    r"|accessor|bundle|teaser|grid-?item|product-?(?:tile|card|list|item)|listing|thumbnail-?list|associated|recs?\b",
    "net": r"\bex-?(?:vat|tax)|excl|netto|without-?tax|price-?tax|\bht\b|no-?vat|tax-?free",
    "total": r"sub-?total|grand-?total|mini-?cart|basket|cart-?(?:item|summary|total)|checkout|shopping-?bag|warenkorb|panier",
    "shipping": r"shipp|deliver|versand|livraison|env[ií]o|frete|spedizion|postage|dostav|freight",
    "unit": r"unit-?price|per-?unit|price-?per|grundpreis|base-?price|unitario",
    "instalment": r"instal|monthly|finance|financ|klarna|afterpay|leasing|parcel|cuota|ratenzahl|affirm|cetelem|split",
    "points": r"points?\b|loyal|miles|coupon|voucher|gift|reward|club|member",
    "save": r"sav(?:e|ing)|discount|ersparnis|percent|badge|economi|ahorr|desconto|descuento|rabat|sleva|you-?save",
    "old": r"\bold|old\b|-old|_old|oldprice|\bwas\b|was-?price|list-?price|listprice|msrp|rrp|uvp|strike|striked|crossed"
    r"|regular|original|before|previous|retail|compare|\bfrom-?price|barr(?:e|é)|tachad|antes|statt|line-?through|high-?price"
    r"|price-?was|normal-?price|standard-?price|full-?price|was$|\borig",
    "now": r"\bnow\b|now-?price|sale|special|final|current|actual|offer|promo|our-?price|reduced|you-?pay|neu|aktuell|angebot"
    r"|oferta|price-?new|new-?price|best-?price|discounted|display-?price|sell(?:ing)?-?price|ppd",
    "price": r"pric|prix|preis|prezzo|precio|pre[cç]o|\bcena|cena\b|\bpris\b|prijs|hint|fiyat|amount|cost|money|prc|\bpvp|valor",
    "detail": r"product-?(?:detail|info|main|view|page|summary|essential|single|form|purchase|right|header|top)|\bpdp|buy-?box"
    r"|buy|add-?to|detail|main-?(?:product|info|content)|item-?(?:info|main)|prod(?:uct)?-?(?:desc|title|name)|vip|itm",
    "name": r"product[-_]?name|item[-_]?name|prod[-_]?name|pdp[-_]?name|title|heading|fn\b|h1",
    "cart": r"cart|basket|\bbag\b|addto|add-to|buy|purchase|checkout|warenkorb|panier|carrito|carrinho|kosik|košar|cos\b|order",
    "image": r"(?:main|primary|hero|large|big|zoom|product|prod|gallery|detail|full|featured|master|viewer)[-_]?(?:img|image|photo|pic)"
    r"|zoom|hero|gallery|primary|magic|viewer|main",
    "thumb": r"thumb|swatch|mini|small|tiny|icon|logo|sprite|badge|flag|avatar|rating|star|banner|payment|social|pixel|spacer"
    r"|blank|loader|loading|placeholder|arrow|promo",
    "chrome": r"\bnav|navbar|menu|header|footer|foot\b|breadcrumb|sidebar|cookie|newsletter|social|search|modal|popup|banner"
    r"|review|comment|rating|faq",
    "description": r"desc|detail|spec|feature|overview|about|info",
    "stock": r"stock|avail|lager|dispo|magazzino|inventory|sold",
    "sku": r"sku|item-?(?:no|num|code|id)|product-?(?:no|num|code|id)|article|artikel|model|\bref|codice|c[oó]d|mpn|part-?n",
}  # fmt: skip

ROLES: tuple[str, ...] = tuple(_ROLES)
_ROLE_PATTERN_BY_NAME = {name: fast_pattern(pattern) for name, pattern in _ROLES.items()}
_ROLE_PATTERNS = [(1 << bit, pattern) for bit, pattern in enumerate(_ROLE_PATTERN_BY_NAME.values())]
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
MAX_MARK = 300


def lower_same_length(text: str) -> str:
    """Lower case where that keeps every character in its place (`İ` becomes two), else the text as it is."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text


@lru_cache(maxsize=32_768)
def roles_of(mark: str) -> int:
    """Bit set over ROLES of the words in class names, ids and the like."""
    roles = 0
    for token in mark[:MAX_MARK].split():
        roles |= _roles_of_token(token)
    return roles


@lru_cache(maxsize=65_536)
def _roles_of_token(token: str) -> int:
    """Roles of one name; shops use the same few thousand names, so that most are in the cache."""
    text = _plain(token)
    return sum(bit for bit, pattern in _ROLE_PATTERNS if pattern.search(text))


@lru_cache(maxsize=65_536)
def has_role(mark: str, name: str) -> bool:
    """Whether a name has one role; cheaper than all roles where only one matters."""
    return _ROLE_PATTERN_BY_NAME[name].search(_plain(mark[:MAX_MARK])) is not None


def _plain(name: str) -> str:
    """Lower case, with a hyphen where `camelCase` begins a word."""
    lower = name.lower()
    return lower if lower == name else _CAMEL.sub("-", name).lower()


def role_bit(name: str) -> int:
    return 1 << ROLES.index(name)


CONTEXT: dict[str, re.Pattern[str]] = {
    name: fast_pattern(pattern)
    for name, pattern in {
        "old": r"\b(?:was|list price|regular|reg\.|rrp|msrp|uvp|statt|bisher|original|retail|compare|before|avant|antes|prima"
        r"|instead|precio normal|prix conseillé|vorher|ord\.|tidligere|zamiast|p[uů]vodn|prp|előtte|в магазинах|原價|定價|市價|建議|정가|通常価格)",
        "now": r"\b(?:now|sale|our price|special|your price|you pay|today|jetzt|nur|ahora|agora|ora|maintenant|nu|teraz"
        r"|oferta|internet|deal)\b|優惠|特價|一次付清|網路價|限時|販売価格|税込|즉시|할인가|판매가",
        "price": r"\b(?:price|prix|preis|prezzo|precio|preço|cena|pris|prijs|цена|ціна|fiyat)\b|價|价|가격",
        "shipping": r"shipp|deliver|versand|livraison|env[ií]o|frete|spedizion|postage|dostav|배송|運費|free over|orders? over"
        r"|p&p|import charges|lieferung",
        "unit": r"/\s?(?:kg|l|m|m2|m²|100|oz|lb|each|ea|unit|ml|stk|st|piece)\b|\bper (?:kg|unit|oz|lb|item|100|sq|night|piece)"
        r"|\bpro (?:kg|l|100|st)|1 ?kg ?=|1 ?l ?=|/ ?\d+ ?(?:g|ml)",
        "instalment": r"\d\s?x\b|x\s?(?:de\s)?\d|instal|month|/mo\b|mensual|mese|mois|m[êe]s\b|cuota|parcela|rate[n ]|financ|monat"
        r"|měsíc|mesačne|rat[aăey]\b|期|분할",
        "save": r"\bsav(?:e|ing)|discount|\boff\b|ersparnis|spar|économ|ahorr|desconto|descuento|rabat|%|reducere|折|省",
        "net": r"\bex(?:cl)?\.? ?(?:vat|tax)|ohne mwst|exkl|netto|brez ddv|bez dph|hors tax|\bht\b|sin iva|iva esclusa|s/ ?iva|fără tva"
        r"|без ндс|bez vat|税抜|未稅|ex moms|excl|ekskl|senza iva|zonder btw|áfa nélkül|nettó|s/ ?imp|sem iva",
        "gross": r"\binc(?:l|luding)?\.? ?(?:vat|tax|gst|btw)|inkl\.? ?(?:\d+ ?% ?)?(?:mwst|moms|mva|ust|gesetzl)|\bttc\b|iva inc|con iva"
        r"|com iva|c/ ?iva|\bs dph|vč\.? dph|včetně dph|vrátane dph|z ddv|cu tva|с ндс|з пдв|brutto|bruttó|税込|含稅|kdv dahil",
        "member": r"\bmembers?\b|card ?holder|\bwith (?:your |the )?\w* ?card\b|loyalty|students?\b|teachers?\b|faculty|military|\bclub\b"
        r"|\btarjeta|\bsocios?\b|adhérent|mitglied|\bkarta\b|insider|auto-?ship|subscribe|wholesale|\btrade\b|會員|会員|회원",
        "total": r"\b(?:sub)?total|basket|warenkorb|panier|carrito|bag\b|cart\b",
        "from": r"\b(?:from|ab|desde|à partir|da|od|starting|as low as|vanaf|fra|från|de la|up to)\b",
        "used": r"\b(?:used|refurb|gebraucht|occasion|usado|second hand|open box|pre-owned)",
        "coupon": r"coupon|voucher|gift card|points?\b|gutschein|cashback|bonus|點|点数|券|滿|ポイント|적립|쿠폰",
    }.items()
}


@lru_cache(maxsize=8192)
def contexts_in(text: str) -> frozenset[str]:
    """Names of the CONTEXT patterns that a text matches; the same few words stand beside many prices."""
    lower = text.lower()
    return frozenset(name for name, pattern in CONTEXT.items() if pattern.search(lower))


ADD_TO_CART = fast_pattern(
    r"add(?:ed)? to (?:my )?(?:shopping )?(?:cart|bag|basket|trolley|order|tote)|\bbuy(?: it)?(?: now)?\b|\badd item|purchase"
    r"|in den (?:waren|einkaufs)korb|warenkorb|in den einkaufswagen|jetzt kaufen|ajouter au panier|acheter|añadir (?:al|a la)"
    r"|agregar al carro|agregar|comprar|adicionar|carrinho|aggiungi al carrello|acquista|carrello|in winkelwagen|winkelmandje"
    r"|læg i (?:indkøbs)?kurv|köp|kjøp|lägg i|legg i|osta|lisää|do kos|do koš|koupit|kúpiť|přidat|vložiť|kosár|ad[aă]ug[aă]"
    r"|în co[sș]|cumpăr|в корзину|купить|заказать|до кошика|купити|dodaj|kupi|košarico|sepete|satın al|買|购|購|加入|カート|かご"
    r"|장바구니|구매|หยิบ|mua|giỏ|أضف|السلة|اشتر|pre-?order|add to|reserve|order now|bestellen",
)
NOT_CART = fast_pattern(
    r"wish|compare|registry|list\b|favou?rit|merk|view (?:cart|bag)|checkout|email|subscribe|watch|search|sign|log ?in"
    r"|account|help|find|store|gift card|learn|ask|remind|notify",
)
OUT_OF_STOCK = fast_pattern(
    r"out of stock|sold out|currently unavailable|no longer available|not available|ausverkauft|nicht (?:mehr )?(?:verfügbar|lieferbar)"
    r"|rupture de stock|épuisé|indisponible|agotado|sin stock|no disponible|esgotado|indisponível|esaurito|non disponibile"
    r"|uitverkocht|niet (?:meer )?leverbaar|udsolgt|slutsåld|utsolgt|loppu|vyprodáno|vypredané|není skladem|nie je (?:na sklade|dostupn)"
    r"|wyprzedan|niedostępn|elfogyott|stoc epuizat|indisponibil|нет в наличии|немає|razprodano|ni na zalogi|tükendi|缺貨|售完|完售|已售"
    r"|品切れ|売り切れ|在庫切れ|품절|매진|نفد|ended|this listing (?:was )?ended|notify me when|email me when",
)
IN_STOCK = fast_pattern(
    r"\bin stock|auf lager|sofort lieferbar|en stock|disponible|disponível|disponibile|op voorraad|på lager|i lager|varastossa"
    r"|skladem|na sklade|skladom|dostępny|raktáron|în stoc|в наличии|na zalogi|stokta|有貨|現貨|在庫あり|재고",
)
