"""Words that link others and name nothing: articles, prepositions and conjunctions.

In a small catalogue hardly any item has them, so that they would count as much as what is looked for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from trimtab.text.analyser import Analyser

FOR: Final = {
    "bg": "за", "ca": "per", "cs": "pro na", "da": "til", "de": "für", "el": "για", "en": "for", "es": "para",
    "fa": "برای", "fr": "pour", "hr": "za", "id": "untuk", "it": "per", "lv": "priekš", "nb": "til", "nl": "voor",
    "no": "til", "pl": "dla do", "pt": "para", "ro": "pentru", "ru": "для на", "sk": "pre na", "sl": "za",
    "sr": "za за", "sv": "för till", "uk": "для на", "vi": "cho",
}  # fmt: skip
"""Language -> what stands in front of that which a thing is for."""

LINKING: Final = {
    "ar": "في من على الى إلى عن مع و أو",
    "bg": "с със в във на от по до и или при",
    "ca": "de del dels d amb a en el la els les un una i o",
    "cs": "s se v ve na do z ze k ke od po při pod a i nebo",
    "da": "af med i på fra og eller en et den det de ved",
    "de": "mit in im am an auf aus von vom zu zum zur bei und oder der die das den dem des ein eine einer eines "
          "einem einen",
    "el": "με σε από του της των το τον την τα τους τις ο η οι στο στη στην στα και ή ένα μια ένας",
    "en": "of with in on to by from at and or the a an",
    "es": "de del con en por a al y e o u el la los las un una unos unas",
    "et": "ja või",
    "fa": "در از با به و یا",
    "fi": "ja tai",
    "fr": "de du des d avec en à au aux par sur dans et ou le la les l un une",
    "he": "של עם על או את",
    "hi": "का की के में से और या को पर वाला वाली वाले लिए",
    "hr": "s sa u na od do i ili iz po uz",
    "hu": "a az egy és vagy",
    "id": "dengan dari di dan atau ke yang",
    "it": "di del dello della dei degli delle dell con in a al allo alla ai agli alle da dal dalla e o il lo la "
          "i gli le un uno una su",
    "lt": "su iš į ir ar ant",
    "lv": "ar no un vai uz",
    "nb": "av med i på fra og eller en et den det de ved",
    "nl": "van met in op aan uit bij en of de het een te",
    "no": "av med i på fra og eller en et den det de ved",
    "pl": "z ze w we na do od po przy pod i a oraz lub",
    "pt": "de do da dos das com em no na nos nas por a ao e ou o os as um uma",
    "ro": "de cu la din în pe si și sau un o",
    "ru": "с со в во на из от по к и или до под при",
    "sk": "s so v vo na do z zo k od po pri pod a i alebo",
    "sl": "s z v na od do in ali iz po",
    "sr": "s sa u na od do i ili iz po с са у на од до и или из по",
    "sv": "av med i på från och eller en ett den det de",
    "tr": "ve ile veya için",
    "uk": "з із зі в у на від до по та і й або при",
    "vi": "của và với có ở",
}  # fmt: skip
"""Language -> the others."""


@lru_cache(maxsize=128)
def function_words(analyser: Analyser) -> frozenset[str]:
    """Those of an analyser's languages, as words are compared."""
    return _keys(analyser, FOR) | _keys(analyser, LINKING)


@lru_cache(maxsize=128)
def words_for(analyser: Analyser) -> frozenset[str]:
    """The index terms of those behind which a text says what a thing is for."""
    return frozenset(
        analyser.terms(word)[0] for language in analyser.languages for word in FOR.get(language, "").split()
    )


def _keys(analyser: Analyser, table: dict[str, str]) -> frozenset[str]:
    return frozenset(analyser.key(word) for one in analyser.languages for word in table.get(one, "").split())
