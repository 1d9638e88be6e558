"""Bounds on the price in the words of a query: `under $50`, `zwischen 20 und 30 Euro`, `50元以下`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import regex

from trimtab.core.understood import Mention
from trimtab.text.amounts.currencies import as_written, paid_with
from trimtab.text.amounts.multiples import InFull, in_full
from trimtab.text.amounts.symbols import is_unspaced
from trimtab.text.analyser import Analyser
from trimtab.text.money import PriceInText, prices_in
from trimtab.text.tokens import Token

PRICE = "price"


@dataclass(frozen=True, slots=True)
class PriceCues:
    """The words of one language around a price; phrases of several are separated by `;`.

    Attributes:
        below, above: in front of the highest and of the lowest price.
        at_most, at_least: behind them.
        between, joins, around: in front of two prices, what stands between these, and behind them.
    """

    below: str = ""
    above: str = ""
    at_most: str = ""
    at_least: str = ""
    between: str = ""
    joins: str = ""
    around: str = ""


_DANISH = PriceCues(
    below="under;højst;op til;max;billigere end", above="over;mindst;fra", between="mellem", joins="og til",
)  # fmt: skip

CUES: Mapping[str, PriceCues] = {
    "ar": PriceCues(
        below="أقل من;تحت;حتى;أرخص من", above="أكثر من;فوق;ابتداء من", between="بين", joins="و",
    ),
    "bg": PriceCues(
        below="до;под;по-малко от;по-евтино от", above="над;от;поне;повече от", between="между;от", joins="и до",
    ),
    "bn": PriceCues(at_most="এর নিচে;এর কম;পর্যন্ত", at_least="এর বেশি;এর উপরে"),
    "ca": PriceCues(
        below="menys de;fins a;màxim;per menys de", above="més de;des de;mínim;a partir de", between="entre;de",
        joins="i a",
    ),
    "cs": PriceCues(below="do;pod;maximálně;levnější než", above="nad;od;alespoň", between="mezi", joins="a až"),
    "da": _DANISH,
    "de": PriceCues(
        below="unter;bis;bis zu;maximal;max;höchstens;weniger als;günstiger als", above="über;ab;mindestens;mehr als",
        between="zwischen;von", joins="und bis",
    ),
    "el": PriceCues(
        below="κάτω από;έως;μέχρι;λιγότερο από;το πολύ", above="πάνω από;από;τουλάχιστον;περισσότερο από",
        between="μεταξύ;από", joins="και έως",
    ),
    "en": PriceCues(
        below="under;below;less than;cheaper than;up to;max;maximum;at most;no more than;within;not over",
        above="over;above;more than;at least;from;min;minimum;starting at", at_most="or less;or under;max",
        at_least="or more;and up;and over;and above", between="between;from", joins="and to",
    ),
    "es": PriceCues(
        below="menos de;hasta;máximo;por debajo de;por menos de", above="más de;desde;mínimo;a partir de",
        between="entre;de", joins="y a",
    ),
    "et": PriceCues(below="alla;kuni;maksimaalselt", above="üle;alates;vähemalt", joins="ja kuni"),
    "eu": PriceCues(at_most="baino gutxiago;tik behera;ra arte", at_least="baino gehiago;tik gora", joins="eta"),
    "fa": PriceCues(below="زیر;کمتر از;تا;حداکثر", above="بالای;بیشتر از;از;حداقل", between="بین;از", joins="و تا"),
    "fi": PriceCues(
        below="alle;enintään;korkeintaan", above="yli;vähintään;alkaen", joins="ja", around="välillä;väliltä",
    ),
    "fr": PriceCues(
        below="moins de;jusqu'à;jusqu à;maximum;max;sous;à moins de", above="plus de;à partir de;minimum;au moins",
        between="entre;de", joins="et à",
    ),
    "ga": PriceCues(
        below="faoi;faoi bhun;níos lú ná;suas le", above="os cionn;níos mó ná;ó", between="idir", joins="agus",
    ),
    "he": PriceCues(below="עד;מתחת ל;פחות מ", above="מעל;החל מ;לפחות", between="בין", joins="ל עד"),
    "hi": PriceCues(
        at_most="से कम;से नीचे;के नीचे;के अंदर;के भीतर;तक", at_least="से ज़्यादा;से ज्यादा;से अधिक;से ऊपर;के ऊपर", joins="से और",
        around="के बीच",
    ),
    "hr": PriceCues(
        below="do;ispod;najviše;manje od;jeftinije od", above="od;iznad;najmanje;više od", between="između;od",
        joins="i do",
    ),
    "hu": PriceCues(at_most="alatt;ig", at_least="felett;fölött;tól", joins="és", around="között"),
    "hy": PriceCues(
        below="մինչև;ոչ ավելի քան", above="սկսած;ոչ պակաս քան", at_most="ից պակաս;ից էժան", at_least="ից ավելի;ից թանկ",
        joins="և մինչև",
    ),
    "id": PriceCues(
        below="di bawah;kurang dari;maksimal;sampai;hingga", above="di atas;lebih dari;minimal;mulai dari",
        between="antara", joins="dan sampai hingga",
    ),
    "it": PriceCues(
        below="meno di;fino a;sotto;sotto i;massimo;al massimo", above="più di;oltre;da;almeno;a partire da",
        between="tra;fra;da", joins="e a",
    ),
    "ja": PriceCues(at_most="以下;未満;まで;以内", at_least="以上;から", joins="から", around="の間;まで"),
    "ka": PriceCues(at_most="მდე;ზე ნაკლები;ზე იაფი", at_least="დან;ზე მეტი;ზე ძვირი", joins="დან"),
    "km": PriceCues(below="ក្រោម;មិនលើស;តិចជាង", above="លើស;ចាប់ពី;ច្រើនជាង", between="ពី;ចន្លោះ", joins="ដល់ ទៅ"),
    "ko": PriceCues(at_most="이하;미만;까지", at_least="이상;부터", joins="에서 부터", around="사이;까지"),
    "lo": PriceCues(below="ຕ່ຳກວ່າ;ຕໍ່າກວ່າ;ບໍ່ເກີນ", above="ຫຼາຍກວ່າ;ສູງກວ່າ;ຕັ້ງແຕ່", joins="ຫາ ເຖິງ"),
    "lt": PriceCues(below="iki;mažiau nei;pigiau nei", above="nuo;daugiau nei", between="tarp;nuo", joins="ir iki"),
    "lv": PriceCues(below="līdz;zem;lētāk par", above="virs;no;vismaz", between="starp;no", joins="un līdz"),
    "my": PriceCues(at_most="အောက်;ထက်နည်း;အထိ", at_least="အထက်;ထက်ပို;မှစ", joins="မှ"),
    "nb": PriceCues(
        below="under;høyst;maks;opp til;billigere enn", above="over;minst;fra", between="mellom", joins="og til",
    ),
    "ne": PriceCues(at_most="भन्दा कम;मुनि;सम्म;भन्दा सस्तो", at_least="भन्दा बढी;माथि;देखि", joins="देखि र"),
    "nl": PriceCues(
        below="onder;tot;maximaal;max;minder dan;goedkoper dan;onder de", above="boven;vanaf;minstens;meer dan",
        between="tussen;van", joins="en tot",
    ),
    "pl": PriceCues(
        below="poniżej;do;maksymalnie;tańsze niż", above="powyżej;od;co najmniej", between="między;od", joins="a do i",
    ),
    "pt": PriceCues(
        below="menos de;até;no máximo;abaixo de;por menos de", above="mais de;acima de;a partir de;no mínimo",
        between="entre;de", joins="e a",
    ),
    "ro": PriceCues(
        below="sub;până la;mai puțin de;maxim;cel mult", above="peste;mai mult de;minim;cel puțin;de la",
        between="între", joins="și",
    ),
    "ru": PriceCues(
        below="до;дешевле;менее;не дороже", above="от;дороже;более;свыше",
        between="между;от", joins="и до",
    ),
    "sk": PriceCues(
        below="do;pod;menej ako;maximálne;najviac", above="nad;od;viac ako;minimálne;aspoň",
        between="medzi;od", joins="a do",
    ),
    "sl": PriceCues(below="do;pod;največ;manj kot", above="od;nad;vsaj;več kot", between="med;od", joins="in do"),
    "sr": PriceCues(
        below="do;ispod;najviše;manje od;jeftinije od;до;испод;највише;мање од;јефтиније од",
        above="od;iznad;najmanje;više od;preko;од;изнад;најмање;више од;преко",
        between="između;od;између;од", joins="i do и до",
    ),
    "sv": PriceCues(
        below="under;högst;max;upp till;billigare än", above="över;minst;från", between="mellan", joins="och till",
    ),
    "ta": PriceCues(
        at_most="கீழ்;குறைவாக;குறைவான;வரை;உள்ளே;க்கு கீழ்;க்கு குறைவாக;க்குள்", at_least="மேல்;அதிகமாக;முதல்;க்கு மேல்",
        joins="முதல்",
    ),
    "th": PriceCues(
        below="ต่ำกว่า;ไม่เกิน;น้อยกว่า;ถูกกว่า", above="มากกว่า;สูงกว่า;ตั้งแต่", joins="ถึง", between="ระหว่าง",
    ),
    "tr": PriceCues(
        at_most="altı;altında;den az;e kadar;ye kadar;kadar", at_least="üstü;üzeri;üzerinde", joins="ile",
        around="arası;arasında",
    ),
    "uk": PriceCues(below="до;дешевше;менше", above="від;дорожче;більше", between="між;від", joins="і до"),
    "vi": PriceCues(
        below="dưới;tối đa;không quá;rẻ hơn", above="trên;từ;tối thiểu;hơn",
        between="từ;giữa", joins="đến và",
    ),
    "yi": PriceCues(below="אונטער;ביז;ווייניקער ווי", above="איבער;פון;מער ווי", between="צווישן;פון", joins="און ביז"),
    "zh": PriceCues(
        below="低于;不超过", above="高于;超过", at_most="以下;以内;之内", at_least="以上;起", joins="到 至 和",
        around="之间",
    ),
}  # fmt: skip
CUES_OF = {**CUES, "no": CUES["nb"]}

_HYPHEN = regex.compile(r"\s*[-–—~〜]\s*")

Phrase = tuple[str, ...]


class Bound(NamedTuple):
    """What some words of a text say of the price, and where they stand."""

    text: str
    start: int
    end: int
    low: float | None
    high: float | None
    currencies: tuple[str, ...] = ()
    """What its prices can be in; empty where no currency is named."""

    @property
    def mention(self) -> Mention:
        """The bound as an attribute of the query."""
        return Mention(self.text[self.start : self.end].strip(), PRICE, _written(self.low, self.high))

    def is_in(self, currency: str | None) -> bool:
        """Whether it names a currency, and one that this can be."""
        return bool(self.currencies) and (currency is None or currency in self.currencies)


def joint_range(bounds: Sequence[Bound]) -> str | None:
    """The range that meets all of some bounds; None where there are not several, or none does."""
    low = max((bound.low for bound in bounds if bound.low is not None), default=None)
    high = min((bound.high for bound in bounds if bound.high is not None), default=None)
    return _written(low, high) if len(bounds) > 1 and low is not None and high is not None and low <= high else None


def _written(low: float | None, high: float | None) -> str:
    return "..".join("" if end is None else f"{end:.12g}" for end in (low, high))


def price_bounds(
    text: str, analyser: Analyser, language: str | None = None, currency: str | None = None
) -> list[Bound]:
    """The bounds on the price in a text, in order.

    A number without a currency is a price only where the text ends with it: `under 50 inch` is none.

    Args:
        language: of the text; without, whatever a language of the analyser calls so.
        currency: of the prices that are shown; without, that of where the language is spoken.
    """
    phrases = _phrases_of(analyser, language)
    if not phrases.may_be_in(text, analyser) or not any(map(str.isnumeric, text)):
        return []
    languages = analyser.languages if language is None else (language,)
    full = in_full(text, languages)
    paid_in = paid_with(currency, languages[0])
    found = prices_in(as_written(full.text, paid_in), currency=currency, language=languages[0])
    prices = [_Price.of(price, full, paid_in) for price in found]
    return _Reader(text, analyser.read(text), phrases).bounds(prices) if prices else []


class _Price(NamedTuple):
    """A price and where it stands.

    Attributes:
        could_be: the currencies that it can be in; empty where none is named and no word multiplies it.
        factor: what a word behind it multiplies it by.
    """

    amount: float
    start: int
    end: int
    could_be: tuple[str, ...]
    factor: int

    @classmethod
    def of(cls, price: PriceInText, full: InFull, paid_in: tuple[str, ...]) -> _Price:
        """A price of a text with its numbers in full, where it stands in the text as it was."""
        factor = next((by for at, by in full.factors.items() if price.start <= at < price.end), 1)
        could_be = price.could_be or (paid_in if factor > 1 else ())  # nothing but prices is said in thousands
        places = full.places[price.start], full.places[price.end]
        return cls(float(price.money.amount), *places, could_be, factor)

    def shared(self, high: _Price) -> _Price:
        """As the low end of a range of which the high one says by what both are multiplied: `1 to 2 million`."""
        is_shared = self.factor == 1 < high.factor and self.amount * high.factor < high.amount
        return self._replace(amount=self.amount * high.factor) if is_shared else self


class _Reader:
    """The words around prices in one text."""

    def __init__(self, text: str, tokens: Sequence[Token], phrases: _Phrases) -> None:
        self._text, self._tokens, self._phrases = text, tokens, phrases

    def bounds(self, prices: Sequence[_Price]) -> list[Bound]:
        found: list[Bound] = []
        at = 0
        while at < len(prices):
            pair = self._between(prices[at], prices[at + 1]) if at + 1 < len(prices) else None
            bound = pair or self._one_sided(prices[at])
            if bound is not None:
                found.append(bound)
            at += 2 if pair else 1
        return found

    def _between(self, low: _Price, high: _Price) -> Bound | None:
        low = low.shared(high)
        middle = self._text[low.end : high.start]
        words = tuple(token.key for token in self._tokens if low.end <= token.start and token.end <= high.start)
        joined = (bool(words) and words in self._phrases.joins) or middle.strip() in self._phrases.unspaced_joins
        start = self._start_of_phrase(low.start, self._phrases.between)
        named_in = high.could_be or low.could_be
        named = bool(named_in)
        if low.amount > high.amount or not (
            (joined and (named or start is not None)) or (named and _HYPHEN.fullmatch(middle))
        ):
            return None
        end = self._end_of_phrase(high.end, self._phrases.around) or high.end
        return Bound(self._text, low.start if start is None else start, end, low.amount, high.amount, named_in)

    def _one_sided(self, price: _Price) -> Bound | None:
        ends = not self._text[price.end :].strip(" .!?")
        for phrases, is_high in ((self._phrases.below, True), (self._phrases.above, False)):
            start = self._start_of_phrase(price.start, phrases)
            if start is not None and (price.could_be or ends):
                return Bound(self._text, start, price.end, *_ends(price.amount, is_high=is_high), price.could_be)
        for phrases, is_high in ((self._phrases.at_most, True), (self._phrases.at_least, False)):
            end = self._end_of_phrase(price.end, phrases)
            if end is not None:
                return Bound(self._text, price.start, end, *_ends(price.amount, is_high=is_high), price.could_be)
        return None

    def _start_of_phrase(self, end: int, phrases: frozenset[Phrase]) -> int | None:
        """Where the longest of the phrases begins that ends there."""
        before = [token for token in self._tokens if token.end <= end]
        if before and self._text[before[-1].end : end].strip():
            return None
        for n in range(min(self._phrases.longest, len(before)), 0, -1):
            if tuple(token.key for token in before[-n:]) in phrases:
                return before[-n].start
        return None

    def _end_of_phrase(self, start: int, phrases: frozenset[Phrase]) -> int | None:
        """Where the longest of the phrases ends that begins there."""
        rest = self._text[start:].lstrip()
        unspaced = next((phrase[0] for phrase in phrases if len(phrase) == 1 and rest.startswith(phrase[0])), None)
        behind = [token for token in self._tokens if token.start >= start]
        for n in range(min(self._phrases.longest, len(behind)), 0, -1):
            if tuple(token.key for token in behind[:n]) in phrases and not self._text[start : behind[0].start].strip():
                return behind[n - 1].end
        is_unspaced = unspaced is not None and not unspaced[0].isascii() and unspaced[0] > "\u2fff"
        return start + self._text[start:].index(unspaced) + len(unspaced) if unspaced and is_unspaced else None


def _ends(amount: float, *, is_high: bool) -> tuple[float | None, float | None]:
    return (None, amount) if is_high else (amount, None)


class _Phrases:
    """The cues of some languages, as an analyser compares words."""

    def __init__(self, analyser: Analyser, languages: Sequence[str]) -> None:
        cues = [CUES_OF[language] for language in languages if language in CUES_OF]

        def phrases(texts: Iterable[str], separator: str = ";") -> frozenset[Phrase]:
            parts = (part for text in texts for part in text.split(separator) if part)
            found = frozenset(tuple(token.key for token in analyser.read(part)) for part in parts)
            return found | {("".join(phrase),) for phrase in found}  # as some write them: `upto`, `dibawah`

        self.below, self.above = phrases(cue.below for cue in cues), phrases(cue.above for cue in cues)
        self.at_most, self.at_least = phrases(cue.at_most for cue in cues), phrases(cue.at_least for cue in cues)
        self.between, self.joins = phrases(cue.between for cue in cues), phrases((cue.joins for cue in cues), " ")
        self.around = phrases(cue.around for cue in cues)
        self.unspaced_joins = frozenset(word for cue in cues for word in cue.joins.split() if is_unspaced(word))
        every = self.below | self.above | self.at_most | self.at_least | self.between | self.around
        self.longest = max(map(len, every), default=0)
        self.words = frozenset(word for phrase in every | self.joins for word in phrase)

    def may_be_in(self, text: str, analyser: Analyser) -> bool:
        """Whether a text has what makes a bound of a price; texts that are not ASCII may without spaces around it."""
        return not text.isascii() or "-" in text or "~" in text or any(t.key in self.words for t in analyser.read(text))


@lru_cache(maxsize=128)
def _phrases_of(analyser: Analyser, language: str | None) -> _Phrases:
    return _Phrases(analyser, analyser.languages if language is None else (language,))


def bound_words(analyser: Analyser, language: str | None = None) -> frozenset[str]:
    """The words around prices: none of them is misspelt."""
    return _phrases_of(analyser, language).words
