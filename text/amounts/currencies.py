"""How currencies are written: symbols, abbreviations and words, and where each currency is legal tender.

Codes, decimals, territories and languages are CLDR's, by Babel. How shops write a currency is a table of our own,
because CLDR has one symbol a language and shops use several (`zł`, `zl`, `złotych`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError, get_global
from babel.numbers import get_currency_precision, get_territory_currencies, list_currencies

_WRITTEN = {
    "USD": "$ US$ $US $SU U$S U$D USD$ dollar dollars щ.д.",
    "EUR": "€ euro euros eurs евро ευρώ €uro eiro eura eurai euras euroa eurot eurov eurá euró evra evri evro evrov "
    "eurų евра євро եվրո אירו يورو یورو यूरो ইউরো யூரோ ยูโร ევრო ユーロ 欧元 歐元 유로",
    "GBP": "£ £RU ￡ GB£ UK£ £GB £stg stg GBp pound pounds quid",
    "JPY": "¥ ￥ JP¥ 円 yen 日元",
    "CNY": "¥ ￥ CN¥ ¥CN 元 圆 圓 人民币 人民幣 yuan RMB",
    "INR": "₹ Rs Rs. ₨ Re rupee rupees र रु रु. रुपये ரூ ரூபாய் ₹.",
    "SEK": "kr kr. Skr kronor krona",
    "NOK": "kr kr. Nkr kroner krone",
    "DKK": "kr kr. Dkr kroner krone",
    "ISK": "kr kr. Ikr krónur",
    "CHF": "Fr. SFr SFr. Fr fr. francs franc Franken ₣",
    "CAD": "$ C$ CA$ $CA CAN$ CDN$ CND$ CAD$ $C KA$ dollar dollars",
    "AUD": "$ A$ AU$ $A $AU AUD$ dollar dollars",
    "NZD": "$ NZ$ $NZ $ZN NZD$ dollar dollars",
    "SGD": "$ S$ SG$ $SG SGD$",
    "HKD": "$ HK$ $HK HKD$ 元 港元 港币 港幣",
    "TWD": "$ NT$ NT NTD TWD$ 元 新台幣 新臺幣",
    "MXN": "$ MX$ $MX Mex$ MXN$ peso pesos",
    "BRL": "R$ BR$ real reais",
    "ARS": "$ AR$ $AR ARS$ peso pesos",
    "CLP": "$ CL$ $CL CLP$ peso pesos",
    "COP": "$ CO$ $CO COL$ COP$ peso pesos",
    "UYU": "$ $U UY$ $UY peso pesos",
    "DOP": "RD$ peso pesos",
    "CUP": "$ $MN",
    "CUC": "CUC$",
    "RUB": "₽ RUR руб руб. рубль рубля рублей р. р Р Р. rub. rubles roubles Rbl",
    "BYN": "Br р. р Р руб руб. бел.руб. б.р.",
    "UAH": "₴ грн грн. гривень гривні гривня hrn",
    "PLN": "zł zl zł. зл złotych złoty złote zloty",
    "CZK": "Kč Kc kc Кч korun koruna",
    "HUF": "Ft Ft. forint",
    "RON": "lei leu",
    "MDL": "lei leu L",
    "BGN": "лв лв. lv. лева",
    "HRK": "kn kuna",
    "RSD": "din din. дин дин. динар динара dinara dinar",
    "BAM": "KM КМ км",
    "MKD": "den ден ден. ДЕН den. денар денари",
    "ALL": "Lekë lekë lek",
    "TRY": "₺ TL Тл lira lirası",
    "KZT": "₸ тг тг. тңг тңг. тенге теңге",
    "UZS": "soʻm so'm soum som сўм сум Sʻ S'",
    "KGS": "сом с",
    "TJS": "с сом. сомони",
    "GEL": "₾ ლ ლარი lari",
    "AMD": "֏ դր դր. դրամ",
    "AZN": "₼ ман. man. manat",
    "MNT": "₮",
    "KRW": "₩ ￦ 원 KR₩ won",
    "VND": "₫ đ Đ VNĐ đồng dong",
    "THB": "฿ TH฿ บาท baht",
    "IDR": "Rp Rp. rupiah",
    "MYR": "RM ringgit",
    "PHP": "₱ Php P",
    "LAK": "₭",
    "KHR": "៛",
    "MMK": "K Ks",
    "BDT": "৳ ৲ টকা Tk Tk. taka",
    "PKR": "Rs Rs. ₨ rupees روپے",
    "LKR": "Rs Rs. ₨ රු රු. ரூ",
    "NPR": "Rs Rs. ₨ रु रु. नेरू",
    "MUR": "Rs Rs. ₨",
    "SCR": "Rs SR",
    "MVR": "Rf ރ ރ.",
    "BTN": "Nu Nu.",
    "AFN": "؋ Af",
    "IRR": "﷼ ریال تومان تومن Toman Tomans ر.إ. rial rials",
    "ILS": "₪ NIS nis ש״ח ש\"ח ש'ח ש׳׳ח שח שקל שקלים ش.ج",
    "AED": "د.إ د.إ. dh dhs dh. dhs. درهم دراهم dirham dirhams",
    "SAR": "ر.س ر.س. ﷼ ريال ريال_سعودي SR riyal riyals",
    "QAR": "ر.ق ر.ق. ريال ريال_قطري QR ﷼",
    "OMR": "ر.ع ر.ع. ريال ريال_عماني RO R.O. ﷼",
    "YER": "ر.ي ر.ي. ريال ريال_يمني ﷼",
    "KWD": "د.ك د.ك. KD K.D. دينار دينار_كويتي dinar dinars",
    "BHD": "د.ب د.ب. .د.ب BD B.D. دينار دينار_بحريني dinar dinars",
    "JOD": "د.أ د.أ. د.ا JD دينار دينار_أردني dinar dinars",
    "IQD": "د.ع د.ع. ع.د ID دينار دينار_عراقي dinar",
    "LYD": "د.ل د.ل. ل.د LD دينار دينار_ليبي dinar",
    "TND": "د.ت د.ت. DT دينار دينار_تونسي dinar dinars",
    "DZD": "د.ج د.ج. دج DA دينار دينار_جزائري dinar dinars",
    "MAD": "د.م د.م. درهم_مغربي dh dhs درهم dirham dirhams",
    "EGP": "ج.م ج.م. E£ EG£ LE L.E. L.E جنيه جنيه_مصري pound pounds",
    "SDG": "ج.س ج.س. جنيه",
    "SYP": "ل.س ل.س. LS SY£ ليرة",
    "LBP": "ل.ل ل.ل. £LB LB£ LL ليرة",
    "MRU": "UM أ.م.",
    "NGN": "₦ naira",
    "ZAR": "R rand rands",
    "LSL": "M",
    "SZL": "E",
    "NAD": "$ N$ $NA R",
    "BWP": "P",
    "KES": "Ksh KSh KShs Ksh. Kshs shilling shillings",
    "TZS": "TSh TShs Tsh",
    "UGX": "USh UShs Ush",
    "SOS": "S Sl ش.ص",
    "GHS": "GH₵ GH¢ ₵ GHC",
    "GMD": "D",
    "ETB": "Br ብር birr",
    "ERN": "Nfk ናቕፋ نافكا",
    "ZMW": "ZK K",
    "MWK": "MK",
    "MZN": "MTn MT",
    "AOA": "Kz kwz",
    "RWF": "RF FRw R₣",
    "BIF": "FBu Fbu",
    "CDF": "FC",
    "DJF": "Fdj",
    "GNF": "FG GFr",
    "KMF": "CF",
    "MGA": "Ar",
    "STN": "Db",
    "CVE": "CV$ Esc",
    "SLE": "Le",
    "XOF": "සිෆ්එ فرانکCFA CFA FCFA F.CFA",
    "XAF": "FCFA CFA F.CFA",
    "XPF": "CFPF FCFP CFP XPF",
    "PEN": "S/ S/. sol soles",
    "BOB": "Bs Bs. $b",
    "VES": "Bs Bs. Bs.S",
    "PYG": "₲ Gs Gs. guaraníes",
    "CRC": "₡ colones",
    "PAB": "B/.",
    "GTQ": "Q",
    "HNL": "L",
    "NIO": "C$",
    "HTG": "G",
    "JMD": "$ J$ JM$",
    "TTD": "$ TT$ $TT",
    "BBD": "$ Bds$ BD$",
    "BSD": "$ BS$",
    "BZD": "$ BZ$ $BZ",
    "BMD": "$ BM$ $BM",
    "KYD": "$ CI$",
    "GYD": "$ G$ GY$",
    "SRD": "$ $SR",
    "XCD": "$ EC$ $EC",
    "FJD": "$ FJ$ $FJ",
    "SBD": "$ SI$ $SB",
    "BND": "$ BN$ $BN",
    "LRD": "$ LD$",
    "TOP": "T$",
    "WST": "WS$ $WS",
    "VUV": "VT Vt",
    "PGK": "K",
    "MOP": "MOP$",
    "ZWL": "Z$",
    "AWG": "Afl. ƒ",
    "XCG": "Cg Cg. ƒ",
    "ANG": "NAf. ƒ",
    "FKP": "£ £FK",
    "GIP": "£ £GI",
    "SHP": "£",
    "SSP": "£",
    "ITL": "₤ ₤IT",
    "ESP": "₧ pts pta",
    "GRD": "₯ Δρχ",
    "FRF": "₣ F",
    "BTC": "₿ Ƀ",
}  # fmt: skip
"""Code -> how it is written, beside the code itself; `_` is a blank. Of several currencies with one symbol the first
one is meant where nothing says which."""

_WORDS_TOO = frozenset(
    {"all", "amd", "ang", "bam", "ban", "bob", "bop", "btn", "cop", "cup", "dem", "ern", "esp", "fim", "gel", "gip"}
    | {"hal", "irr", "kid", "lak", "mad", "mop", "mur", "nad", "pab", "pen", "php", "ron", "sar", "sit", "sos", "srd"}
    | {"ssp", "std", "top", "try", "vet", "xua", "zar"}
)
"""Codes that in lower case are words or names of other things."""

_WEAK = frozenset(
    {"real", "sol", "som", "pound", "pounds", "quid", "won", "lek", "lira", "den", "Ar", "MT", "ID", "NT", "Le"}
)
"""Written forms that mean other things as well; so does every single letter of an alphabet."""

_MADE_TERRITORIES = {"UK": "GB", "EL": "GR"}


def _variants(written: str) -> set[str]:
    """The forms a table entry stands for: `kr` is also `KR` and `Kr`; `Ft` is never `ft`, which are feet."""
    return {written} if len(written) == 1 else {written, written.upper(), written[0].upper() + written[1:]}


@lru_cache(maxsize=1)
def codes() -> frozenset[str]:
    """Every ISO 4217 code that CLDR has, those of former currencies among them; the metals and funds are left out."""
    known = {code for code in list_currencies() if not code.startswith("X") or code in _WRITTEN}
    return frozenset(known - {"RUR"} | {"BTC"})  # RUR is written for RUB to this day


@lru_cache(maxsize=1)
def symbols() -> dict[str, tuple[str, ...]]:
    """A written form -> the currencies it can mean, the likeliest first."""
    found: dict[str, dict[str, None]] = {}
    for code, forms in _WRITTEN.items():
        for form in forms.split():
            for variant in _variants(form.replace("_", " ")):
                found.setdefault(variant, {})[code] = None
                if not variant.isascii():  # as shoppers type them: `kč`
                    found.setdefault(variant.lower(), {})[code] = None
    for code in codes():
        found.setdefault(code, {}).setdefault(code)
        if code.lower() not in _WORDS_TOO:
            for form in (code.lower(), code.capitalize()):
                found.setdefault(form, {}).setdefault(code)
    return {form: tuple(meant) for form, meant in found.items()}


@lru_cache(maxsize=512)
def paid_with(currency: str | None, language: str | None) -> tuple[str, ...]:
    """A currency; where nobody says which, those of the territory where most who speak the language live."""
    return (currency,) if currency else currencies_of_territory(territory_of_language(language))


def as_written(text: str, currencies: tuple[str, ...]) -> str:
    """A text with some currencies in it as they are written, of the same length: `rp 500` is `Rp 500`.

    Shoppers type in lower case, in which `ft` are feet to everybody else.
    """
    forms, pattern = _lower_case(currencies)
    return pattern.sub(lambda match: forms[match[0]], text) if pattern else text


@lru_cache(maxsize=128)
def _lower_case(currencies: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str] | None]:
    """The forms of some currencies in lower case and as they are written, and what finds them."""
    written = (form for code in currencies for form in (*_WRITTEN.get(code, "").split(), code))
    forms = {form.lower(): form for form in written if len(form) > 1 and len(form.lower()) == len(form)}
    alternatives = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return forms, re.compile(rf"(?<![^\W\d_])(?:{alternatives})(?![^\W\d_])") if forms else None


@lru_cache(maxsize=1)
def lengths_by_first() -> dict[str, tuple[int, ...]]:
    """The first sign of a written form -> how long the forms are that begin so, the longest first."""
    return _lengths(0)


@lru_cache(maxsize=1)
def lengths_by_last() -> dict[str, tuple[int, ...]]:
    """The same by the last sign."""
    return _lengths(-1)


def _lengths(edge: int) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for form in symbols():
        found.setdefault(form[edge], set()).add(len(form))
    return {sign: tuple(sorted(lengths, reverse=True)) for sign, lengths in found.items()}


def is_weak(symbol: str) -> bool:
    """Whether the form says a currency only where the shop's own currency is written so: `R`, `L`, `Q`, `sol`."""
    return symbol in _WEAK or symbol.lower() in _WEAK or (len(symbol) == 1 and symbol.isalpha() and symbol.isascii())


@lru_cache(maxsize=512)
def decimals_of(currency: str | None) -> int:
    """How many decimals amounts of a currency have; 2 where it is not known."""
    return get_currency_precision(currency) if currency else 2


def territory_of_language(language: str | None) -> str | None:
    """The territory of a locale (`de_CH`, `pt-BR`), or where most who speak the language live."""
    if not language:
        return None
    try:
        locale = Locale.parse(language.strip().replace("-", "_").partition(".")[0])
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    if locale.territory:
        return locale.territory if len(locale.territory) == 2 else None
    likely: str | None = get_global("likely_subtags").get(locale.language)
    return likely.rsplit("_", 1)[-1] if likely else None


def territory_code(territory: str | None) -> str | None:
    """An ISO 3166 code of two letters in upper case, `uk` taken for `GB`; None where it is not a territory."""
    if not territory or len(territory) != 2:
        return None
    upper = territory.upper()
    code = _MADE_TERRITORIES.get(upper, upper)
    return code if code in get_global("territory_currencies") else None


@lru_cache(maxsize=512)
def currencies_of_territory(territory: str | None) -> tuple[str, ...]:
    """What one pays with in a territory today, the usual one first."""
    code = territory_code(territory)
    return tuple(get_territory_currencies(code)) if code else ()


@lru_cache(maxsize=512)
def decimal_sign_of(language: str | None, territory: str | None = None) -> str | None:
    """`.` or `,` as people of a language or a territory write it; None where nothing is known."""
    code = territory_code(territory)
    if code:
        speakers = get_global("territory_languages").get(code, {})
        official = [name for name, about in speakers.items() if about.get("official_status")]
        language = official[0] if official else language
    if not language:
        return None
    identifier = language.replace("-", "_").partition(".")[0]
    for name in (f"{identifier.partition('_')[0]}_{code}" if code else identifier, identifier):
        try:
            sign = Locale.parse(name).number_symbols["latn"]["decimal"]
        except (UnknownLocaleError, ValueError, TypeError, KeyError):
            continue
        return sign if sign in ".," else None
    return None
