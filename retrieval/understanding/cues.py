"""How languages say that something is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cues:
    """The words of one language; phrases of several are separated by `;`.

    Attributes:
        before: phrases in front of what is not there, which may be several words.
        before_one: words that speak of the next word alone.
        before_last: words that speak of the next word where that is the last.
        after: phrases behind the one word that is not there.
        property: words behind another that make a property of it: `sugar free`. They are endings of words too.
        before_property: words in front of another that do: `non stick`, `zero sugar`.
        endings: endings of words alone that do: `sleeveless`.
        inside: a pattern of words that do, without case and accents; `words` is what is not there.
        case: the ending with which stemmers know again what is not there.
        ends: words at which what is not there has ended.
        joins: words behind which more is not there.
    """

    before: str = ""
    before_one: str = ""
    before_last: str = ""
    after: str = ""
    property: str = ""
    before_property: str = ""
    endings: str = ""
    inside: str = ""
    case: str = ""
    ends: str = ""
    joins: str = ""


_NORWEGIAN = Cues(
    before="uten;fri for", before_one="ingen", before_last="ikke", property="fri;fritt", endings="løs;løse",
    ends="med til i på av for", joins="og eller",
)  # fmt: skip

_CYRILLIC_ADJECTIVE = (
    r"бе[зс](?P<words>\p{L}{3,}?)(?:[ое]в|н)?"
    r"(?:ый|ий|ой|ая|яя|а|ое|ее|е|ые|ие|і|и|ого|его|ому|ему|ої|ой|ою|им|ым|ом|ую|ю|у|их|ых|ими|ыми)"
)
_LATIN_ADJECTIVE = (
    r"bez(?P<words>\p{L}{3,}?)(?:[oe][vw]|n)?(?:y|i|a|e|o|u|ego|eho|oga|emu|ej|ou|ym|im|om|ych|ih|ymi|im[ai])"
)
_SLOVENE_ADJECTIVE = r"brez(?P<words>\p{L}{3,}?)(?:sk|[oe]v|n)?(?:i|a|o|e|u|ega|emu|ej|im|ih|imi|ima)"
"""Adjectives with the Slavic word for without as their beginning: `безлактозное`, `bezkofeinowa`, `brezglutenski`."""

CUES: Mapping[str, Cues] = {
    "ar": Cues(
        before="بدون;بلا;دون;خالي;خال;خالية;منزوع;منزوعة;ما عدا", before_property="غير",
        ends="مع ل في من", joins="و أو",
    ),
    "bg": Cues(before="без", before_last="не", ends="с със за на в", joins="и или", inside=_CYRILLIC_ADJECTIVE),
    "bn": Cues(after="ছাড়া", property="মুক্ত;বিহীন;ফ্রি", joins="ও এবং বা"),
    "ca": Cues(
        before="sense;lliure de;excepte;tret de;que no sigui;que no siguin", before_one="no",
        ends="amb per en de del al", joins="i o ni", before_property="zero",
    ),
    "cs": Cues(
        before="bez;kromě", before_last="ne", ends="s se pro na v do", joins="a nebo ani", inside=_LATIN_ADJECTIVE,
    ),
    "da": Cues(
        before="uden;fri for", before_one="ingen", before_last="ikke", property="fri;frit", endings="løs;løse",
        ends="med til i på af for", joins="og eller",
    ),
    "de": Cues(
        before="ohne;frei von;außer", before_one="kein;keine;keinen;keiner", before_last="nicht",
        property="frei;freie;freier;freies", endings="los;lose;loser;loses",
        ends="mit für im in am aus von zum", joins="und oder",
    ),
    "el": Cues(before="χωρίς", before_last="όχι", ends="με για σε από", joins="και ή"),
    "en": Cues(
        before="without;w/o;free of;free from;excluding;except;other than", before_one="no;no added", before_last="not",
        property="free", endings="less",
        ends="with for in on at by from to of the but under over between made size", joins="and or nor",
        before_property="non;zero",
    ),
    "es": Cues(
        before="sin;libre de;excepto;salvo;que no sea;que no sean;que no tenga;que no lleve", before_one="no",
        ends="con para en de del por al", joins="y e o u ni",
        before_property="cero;zero",
    ),
    "et": Cues(before="ilma;peale", before_last="mitte", property="vaba", ends="koos", joins="ja või ega"),
    "eu": Cues(after="gabe;gabeko;gabea", joins="eta edo"),
    "fa": Cues(before="بدون;بی;فاقد;بجز;به جز;غیر از", ends="با برای در از", joins="و یا"),
    "fi": Cues(
        before="ilman", before_last="ei", inside=r"(?P<words>\p{L}{3,})t(?:on|onta|tom\p{L}*)", case="a",
        joins="ja tai",
    ),
    "fr": Cues(
        before="sans;pas de;pas d;sauf;autre que", ends="avec pour en dans à au aux sur de du des", joins="et ou ni",
        before_property="non;zéro",
    ),
    "ga": Cues(before="gan;saor ó", ends="le do i", joins="agus nó"),
    "he": Cues(before="ללא;בלי;נטול;נטולת;נטולי;נטולות", before_last="לא", ends="עם"),
    "hi": Cues(before="बिना", after="के बिना;रहित", property="फ्री;मुक्त", joins="और या"),
    "hr": Cues(before="bez", before_last="ne", ends="s sa za na u", joins="i ili ni", inside=_LATIN_ADJECTIVE),
    "hu": Cues(before_last="nem", after="nélkül;nélküli", property="mentes", joins="és vagy"),
    "hy": Cues(before="առանց", after="չպարունակող", joins="և կամ"),
    "id": Cues(before="tanpa", before_last="bukan", ends="dengan untuk di", joins="dan atau"),
    "it": Cues(
        before="senza;privo di;priva di;tranne;eccetto;che non sia;che non siano;che non abbia", before_last="non",
        ends="con per in da di del della", joins="e ed o né",
        before_property="zero",
    ),
    "ka": Cues(after="გარეშე", joins="და ან"),
    "ko": Cues(after="없는;없이;제외", property="프리"),
    "lt": Cues(before="be;išskyrus", before_last="ne", ends="su į iš ant", joins="ir ar nei"),
    "lv": Cues(before="bez;izņemot", before_last="ne", ends="ar no uz", joins="un vai nedz"),
    "nb": _NORWEGIAN,
    "ne": Cues(before="बिना", after="बिनाको", property="रहित;मुक्त;फ्री", joins="र वा"),
    "nl": Cues(
        before="zonder;vrij van;behalve", before_one="geen", before_last="niet", property="vrij;vrije",
        endings="loos;loze", ends="met voor in op van uit", joins="en of",
    ),
    "no": _NORWEGIAN,
    "pl": Cues(
        before="bez;oprócz", before_last="nie", ends="z ze do dla na w", joins="i lub ani oraz",
        inside=_LATIN_ADJECTIVE,
    ),
    "pt": Cues(
        before="sem;livre de;exceto;que não seja;que não sejam;que não tenha", before_last="não",
        ends="com para em de do da por", joins="e ou nem",
        before_property="zero",
    ),
    "ro": Cues(before="fără", before_last="nu", ends="cu pentru în de", joins="și sau"),
    "ru": Cues(
        before="без;кроме", before_last="не", ends="с со для на в из", joins="и или ни", inside=_CYRILLIC_ADJECTIVE,
    ),
    "sk": Cues(before="bez", before_last="nie", ends="s so pre na v do", joins="a alebo ani", inside=_LATIN_ADJECTIVE),
    "sl": Cues(
        before="brez;razen", before_last="ne", ends="s z za na v", joins="in ali niti", inside=_SLOVENE_ADJECTIVE,
    ),
    "sr": Cues(
        before="bez;osim;без;осим", before_last="ne;не", ends="s sa za na u с са за на у",
        joins="i ili ni и или ни", inside=f"{_LATIN_ADJECTIVE}|{_CYRILLIC_ADJECTIVE}",
    ),
    "sv": Cues(
        before="utan;fri från;fritt från;förutom", before_one="inga;ingen", before_last="inte",
        property="fri;fritt;fria", endings="lös;lösa", ends="med för i på av till", joins="och eller",
    ),
    "ta": Cues(after="இல்லாத;இல்லாமல்;அற்ற;தவிர", joins="மற்றும் அல்லது"),
    "tr": Cues(after="olmadan;olmayan;içermeyen", endings="siz;sız;suz;süz", joins="ve veya"),
    "uk": Cues(before="без;крім", before_last="не", ends="з із для на в", joins="і та або", inside=_CYRILLIC_ADJECTIVE),
    "vi": Cues(before="không có;không", ends="với cho", joins="và hoặc"),
    "yi": Cues(before="אָן;אן;אויסער", ends="מיט פאר", joins="און אדער"),
}  # fmt: skip
"""By language; what is said inside a word, or where no spaces part words, is in `UNSPACED`."""

UNSPACED: Mapping[str, str] = {
    "ko": r"(?<!\p{L})(?P<property>무)(?P<words>\p{Hangul}{2,4})",
    "th": r"(?:ไม่มี|ไม่ใส่|ปราศจาก|ไร้)(?P<property>)?(?P<words>\p{Thai}+)",
    "ja": r"(?P<words>\p{Han}+|[\p{Katakana}ー]+?)(?:なし|無し|抜き|ぬき|不使用|(?P<property>フリー|レス))",
    "km": r"(?:គ្មាន|មិនមាន)(?P<property>)?(?P<words>\p{Khmer}+)",
    "lo": r"(?:ບໍ່ມີ|ບໍ່ໃສ່|ປາສະຈາກ)(?P<property>)?(?P<words>\p{Lao}+)",
    "my": r"(?P<words>\p{Myanmar}+?)(?P<property>)? ?မပါ(?:သော|ဘဲ)?",
    "zh": r"(?:不含|不带|不要|不加|没有|(?P<property>无))(?P<words>\p{Han}{1,2})",
}
"""By language a pattern of what is not there: `words`, and whether they name a `property`."""
