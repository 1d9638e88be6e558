# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Words that say what a part of a page is for, in the languages of many shops: in class names, and in text.

Names of utility classes are no such words: `font-bold` (old), `relative` (related), `border` (order), `items-start`.

All patterns are for lower-case text: ignoring case makes `re` try every word at every character.
"""

from __future__ import annotations

import re
from functools import lru_cache

from trimtab.webpages.parse.patterns import fast_pattern

_ROLES: dict[str, str] = {
    "related": r"relat(?!ive)|recommend|similar|also|upsell|cross-?sell|carousel|slick|swiper|owl-|recent|viewed|suggest|sponsor"
    r"|accessor|bundle|teaser|grid-?item|product-?(?:tile|card|list|item)|listing|thumbnail-?list|associated|recs?\b",
    "net": r"\bex-?(?:vat|tax)|excl(?!us)|netto|without-?tax|price-?tax|\bht\b|no-?vat|tax-?free",
    "total": r"sub-?total|grand-?total|mini-?cart|basket|cart-?(?:item|summary|total)|checkout|shopping-?bag|warenkorb|panier",
    "shipping": r"shipp|deliver|versand|livraison|env[ií]o|frete|spedizion|postage|dostav|freight",
    "unit": r"unit-?price|per-?unit|price-?per|grundpreis|base-?price|unitario",
    "instalment": r"instal|monthly|finance|financ|klarna|afterpay|leasing|parcel|cuota|ratenzahl|affirm|cetelem|split-?(?:it|pay)|pay-?split",
    "points": r"points?\b|loyal|miles|coupon|voucher|gift|reward|club|member",
    "save": r"sav(?:e|ing)|discount|ersparnis|percent|badge|economi|ahorr|desconto|descuento|rabat|sleva|you-?save",
    "old": r"\bold|-old|_old|oldprice|(?:pri[cs]e?|cena|cost|amount|val)old\b|\bwas\b|was-?price|list-?price|listprice|msrp|rrp|uvp|strike|striked|crossed"
    r"|(?<!font-)(?<!text-)regular|original|before(?!:)|previous|retail|compare|\bfrom-?price|barr(?:e|é)|tachad|antes|statt|line-?through|high-?price"
    r"|price-?was|normal-?price|standard-?price|price-?(?:standard|normal|common|crossed)|full-?price|was$|\borig",
    "now": r"\bnow\b|now-?price|sale|special|final|(?<!text-)(?<!fill-)(?<!stroke-)current|actual|offer|promo|our-?price|reduced|you-?pay|neu|aktuell|angebot"
    r"|oferta|price-?new|new-?price|best-?price|discounted|display-?price|sell(?:ing)?-?price|ppd",
    "price": r"pric|prix|preis|prezzo|precio|pre[cç]o|\bcena|cena\b|\bpris\b|prijs|hint|fiyat|amount|cost|money|prc|\bpvp|valor",
    "detail": r"product-?(?:detail|info|main|view|page|summary|essential|single|form|purchase|right|header|top)|\bpdp|buy-?box"
    r"|buy|add-?to|detail|main-?(?:product|info|content)|item-?(?:info|main)|prod(?:uct)?-?(?:desc|title|name)|vip|itm",
    "name": r"product[-_]?name|item[-_]?name|prod[-_]?name|pdp[-_]?name|title|heading|fn\b|h1",
    "cart": r"cart|basket|\bbag\b|addto|add-to|buy|purchase|checkout|warenkorb|panier|carrito|carrinho|kosik|košar|cos\b|(?<!b)order(?!-?\d)",
    "image": r"(?:main|primary|hero|large|big|zoom|product|prod|gallery|detail|full|featured|master|viewer)[-_]?(?:img|image|photo|pic)"
    r"|zoom|hero|gallery|primary|magic|viewer|main",
    "thumb": r"thumb|swatch|mini|small|tiny|icon|logo|sprite|badge|flag|avatar|rating|star(?!t)|banner|payment|social|pixel|spacer"
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


ADD_TO_CART = fast_pattern(
    r"add(?:ed)? to (?:my )?(?:shopping )?(?:cart|bag|basket|trolley|order|tote)|\bbuy(?: it)?(?: now)?\b|\badd item|purchase|(?:add|put) (?!selected|both|all|these)[^.]{1,30} (?:to|in) (?:my |your |the )?(?:shopping )?(?:cart|bag|basket|trolley)"
    r"|in den (?:waren|einkaufs)?korb|warenkorb|in den einkaufswagen|jetzt kaufen|(?:ajouter|mettre) [^.]{0,30}(?:au|dans (?:le|mon|votre)) panier|^\W*dans (?:le|mon|votre) panier|^\W*ajouter\W*$|acheter|añadir (?:al|a la)|(?:a|en) (?:la|mi) (?:cesta|bolsa)"
    r"|agregar al carro|agregar|comprar|adicionar|carrinho|sacola|aggiungi (?:al(?:la)?|nel(?:la)?) (?:carrello|spesa|borsa|cesto|cestino)|acquista|carrello|in (?:de |mijn |je )?(?:winkelwagen|mandje|winkeltas)|winkelmand"
    r"|læg i (?:indkøbs)?kurv|köp|kjøp|lägg i|legg i|\bosta\b|lisää|do kos|do koš|koupit|kúpiť|přidat|vložiť|kosár|ad[aă]ug[aă]"
    r"|în co[sș]|cumpăr|в корзину|купить|заказать|до кошика|купити|dodaj|kupi|košarico|sepete|satın al|買|[购購](?!物)|放入|加到|加入|カート|かご"
    r"|장바구니|구매|หยิบ|ใส่ตะกร้า|ซื้อ|\bmua\b|giỏ|أضف|السلة|للسلة|اشتر|سبد خرید|לסל|לעגלה|קנה עכשיו|tambah(?:kan)? ke|keranjang|beli sekarang|troli"
    r"|προσθήκη στο|στο καλάθι|αγορά|добави в|купи|ostukorvi|lisa korvi|į krepšelį|pirkti|pievienot grozam|pirkt|u košaricu|u korpu"
    r"|legg i handle|i varukorg|i kurv|ostoskoriin|koriin|do koszyka|kup teraz|kosárba|megveszem|cumpara|adauga in|में जोड़ें|खरीदें"
    r"|pre-?order|vorbestell|précommand|reservar|preordina|передзамов|предзака|předobj|predobj|előrendel|precomand|przedsprzeda|förhandsb|forudbestil|ennakkotil"
    r"|予約|预购|預購|예약|đặt trước|ön ?sipariş|προπαραγγελ|add to|reserve|order now|bestellen"
    r"|^\W*(?:put )?in(?:to)? (?:the )?(?:cart|basket)\b|(?:warenkorb|einkaufswagen) hinzu|(?:sofort|direkt) kaufen|ajoute(?:r)? (?:au sac|à (?:mon|la|votre))|j.ajoute au|sumar al carr|compra (?:ora|subito)"
    r"|toevoegen aan|voeg [^.]{0,25}toe|(?:nu|direct) kopen|koop (?:nu|direct)|føj til|\bkøb\b|legg til i|i kundvagn|í körfu|\bkup\b|[ву] кошик|[ву]о? кошничк|[ву] корпу|\b(?:ie)?likt groz|αγόρασε"
    r"|(?:hemen|şimdi) al\b|[إا]ضاف[ةه]|شراء|افزودن|קנו עכשיו|カゴに|バッグに|쇼핑백|เพิ่ม(?:ไปยัง|ลง(?:ใน)?|ใน)?(?:ตะกร้า|รถเข็น)|ใส่รถเข็น|में डालें|যোগ করুন|কিনুন|கூடையில்|జోడించు|sa cart\b|bilhin ngayon|beli langsung|kwenye kikapu|by mandjie"
    r"|səbətə|себетке|savat(?:cha)?ga|კალათაში|զամբյուղ|сагс(?:анд|лах)|në shportë|a la cistella|saskira|á cesta|y fasged|\bj.ach[eè]te\b",
)
CARTS = fast_pattern(
    r"cart\b|\bbag\b|basket|trolley|korb|einkaufswagen|panier|carrito|cesta\b|bolsa|carrinho|sacola|cesto\b|carrello|winkelwagen|mandje|winkelmand"
    r"|kurv|korg|koriin|ostoskor|koszyk|ko[sš][ií]k|kosár|co[sș]\b|корзин|кошик|количк|sepet|购物车|購物車|カート|かご|장바구니|ตะกร้า|giỏ|سلة|سبد|לסל|עגלה"
    r"|keranjang|troli|καλάθι|ostukorv|krepšel|groz|košar|korpu|\bsac\b|borsa|kundvagn|ostoskass|kärry|körfu|co[sș]ul|кошни[цч]|корпу|عربة|عربه|バッグ|カゴ|쇼핑백|[购購]物[袋籃]|รถเข็น"
    r"|कार्ट|टोकरी|কার্টে|கூடை|కార్ట్|kikapu|səbət|себет|savat|კალათ|զամբյուղ|сагс|shport|cistella|saski|fasged"
)
"""What a product is put into before it is paid for."""
NOT_CART = fast_pattern(
    r"wish|compare|registry|list\b|favou?rit|merk|view (?:cart|bag|basket)|checkout|zu[mr] (?:warenkorb|einkaufswagen|kasse)(?! hinzu)|warenkorb (?:an|ein)|voir (?:le |mon |votre )?panier|ver (?:el |o )?carr|(?:vai al|vedi) carrello|bekijk|email|subscribe|watch|search|\bsign|log ?in"
    r"|account|\bhelp|\bfind|\bstore|gift card|learn|\bask\b|\bchat\b|reserve (?:price|not|met)|remind|notify|wunsch|favorit|ønske|önske|toivelista|życzeń|przechowalni|oblíben|obľúben|kedvenc|dorințe"
    r"|souhaits|coup de c|preferit|lista de deseo|desejos|verlanglijst|αγαπημένα|избранн|обране|обраних|yêu thích|المفضلة|מועדפים|お気に入り|ほしい物|관심상품|찜하기|收藏|關注|关注|追蹤"
    r"|vergleich|comparer|comparar|confronta|porówn|porovn|сравн|порівн|karşılaştır|比較|比较|비교",
)
