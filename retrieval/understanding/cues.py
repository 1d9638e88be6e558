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
        endings: endings of words alone that do: `sleeveless`.
        ends: words at which what is not there has ended.
        joins: words behind which more is not there.
    """

    before: str = ""
    before_one: str = ""
    before_last: str = ""
    after: str = ""
    property: str = ""
    endings: str = ""
    ends: str = ""
    joins: str = ""


_NORWEGIAN = Cues(
    before="uten;fri for", before_one="ingen", before_last="ikke", property="fri;fritt", endings="løs;løse",
    ends="med til i på av for", joins="og eller",
)  # fmt: skip

CUES: Mapping[str, Cues] = {
    "ar": Cues(before="بدون;بلا;خالي من", ends="مع ل في من", joins="و أو"),
    "bg": Cues(before="без", before_last="не", ends="с със за на в", joins="и или"),
    "cs": Cues(before="bez", before_last="ne", ends="s se pro na v do", joins="a nebo ani"),
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
        before="without;w/o;free of;free from;excluding;except", before_one="no", before_last="not",
        property="free", endings="less",
        ends="with for in on at by from to of the but under over between made size", joins="and or nor",
    ),
    "es": Cues(
        before="sin;libre de;excepto", before_one="no", ends="con para en de del por al", joins="y e o u ni"
    ),
    "fi": Cues(before="ilman", before_last="ei", endings="ton;tön", joins="ja tai"),
    "fr": Cues(before="sans;pas de;pas d", ends="avec pour en dans à au aux sur de du des", joins="et ou ni"),
    "he": Cues(before="ללא;בלי;נטול;נטולת;נטולי;נטולות", before_last="לא", ends="עם"),
    "hi": Cues(before="बिना", after="के बिना;रहित", joins="और या"),
    "hr": Cues(before="bez", before_last="ne", ends="s sa za na u", joins="i ili ni"),
    "hu": Cues(before_last="nem", after="nélkül;nélküli", property="mentes", joins="és vagy"),
    "id": Cues(before="tanpa", before_last="bukan", ends="dengan untuk di", joins="dan atau"),
    "it": Cues(
        before="senza;privo di;priva di", before_last="non", ends="con per in da di del della", joins="e ed o né"
    ),
    "ko": Cues(after="없는;없이;제외", property="프리"),
    "nb": _NORWEGIAN,
    "nl": Cues(
        before="zonder;vrij van", before_one="geen", before_last="niet", property="vrij;vrije", endings="loos;loze",
        ends="met voor in op van uit", joins="en of",
    ),
    "no": _NORWEGIAN,
    "pl": Cues(before="bez", before_last="nie", ends="z ze do dla na w", joins="i lub ani oraz"),
    "pt": Cues(before="sem;livre de", before_last="não", ends="com para em de do da por", joins="e ou nem"),
    "ro": Cues(before="fără", before_last="nu", ends="cu pentru în de", joins="și sau"),
    "ru": Cues(before="без", before_last="не", ends="с со для на в из", joins="и или ни"),
    "sk": Cues(before="bez", before_last="nie", ends="s so pre na v do", joins="a alebo ani"),
    "sv": Cues(
        before="utan;fri från;fritt från", before_one="inga;ingen", before_last="inte",
        property="fri;fritt;fria", endings="lös;lösa", ends="med för i på av till", joins="och eller",
    ),
    "tr": Cues(after="olmadan;olmayan;içermeyen", endings="siz;sız;suz;süz", joins="ve veya"),
    "uk": Cues(before="без", before_last="не", ends="з із для на в", joins="і та або"),
    "vi": Cues(before="không có;không", ends="với cho", joins="và hoặc"),
}  # fmt: skip
"""By language; what is said inside a word, or where no spaces part words, is in `UNSPACED`."""

UNSPACED: Mapping[str, str] = {
    "ko": r"(?<!\p{L})(?P<property>무)(?P<words>\p{Hangul}{2,4})",
    "th": r"(?:ไม่มี|ไม่ใส่|ปราศจาก|ไร้)(?P<property>)?(?P<words>\p{Thai}+)",
    "ja": r"(?P<words>\p{Han}+|[\p{Katakana}ー]+?)(?:なし|無し|抜き|ぬき|不使用|(?P<property>フリー|レス))",
    "zh": r"(?:不含|不带|没有|(?P<property>无))(?P<words>\p{Han}{1,2})",
}
"""By language a pattern of what is not there: `words`, and whether they name a `property`."""
