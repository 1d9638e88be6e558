"""What a word is found by: its stems in the languages of the catalogue, accents folded, in each of its spellings."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import regex
from Stemmer import Stemmer

from trimtab.text.kept import Kept
from trimtab.text.normal import fold_accents, written_out
from trimtab.text.words import light_stemmers
from trimtab.text.words.light_stemmers import LightStemmer

STEMMERS: Final = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip
"""Language -> its Snowball stemmer."""

UNSTEMMED: Final = ("bn", "ja", "ka", "km", "ko", "lo", "my", "th", "vi", "zh")
"""Languages that are read without a stemmer."""

LANGUAGES: Final = tuple(sorted((*STEMMERS, *light_stemmers.LANGUAGES, *UNSTEMMED)))

_SCRIPTS: Final = {
    "ar": "ARABIC", "bg": "CYRILLIC", "el": "GREEK", "fa": "ARABIC", "he": "HEBREW", "hi": "DEVANAGARI",
    "hy": "ARMENIAN", "ne": "DEVANAGARI", "ru": "CYRILLIC", "ta": "TAMIL", "uk": "CYRILLIC", "yi": "HEBREW",
}  # fmt: skip
"""Language -> the script its stemmer reads; Latin where it is not here."""

_ELIDING: Final = ("ca", "fr", "it")
"""Languages that write an article and its noun as one: l'huile, dell'acqua."""

_GREEK_PLURAL: Final = regex.compile(r"(?<=\p{Greek}{2})ι[αά]$")
"""The plural ending of neuter nouns, of which the stemmer cuts off too much: `παιδιά`, `παιδί`."""

_ARABIC_ARTICLE: Final = regex.compile(r"(?:[وف]?ب?ال|[وف]?لل)+(?=\p{Arabic}{3})")
"""What is written in front of an Arabic noun, as one word with it: `الزيتون`, `بالفستق`, `للأطفال`. The stemmer cuts it
off, but leaves another stem than of the noun alone."""

_SCANDINAVIAN: Final = ("da", "nb", "no", "sv")
_ONE_LETTER: Final = (("aa", "a"), ("ae", "a"), ("oe", "o"))
"""How Scandinavian letters are written on other keyboards, and what they are folded to. German's are its stemmer's."""


class WordForms:
    """The index terms of words in a catalogue of some languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        stemmed = [language for language in languages if language in STEMMERS or language in light_stemmers.LANGUAGES]
        if all(language in _SCRIPTS for language in stemmed):
            stemmed.append("en")  # Latin words in a catalogue of another script are mostly English
        self._stemmers = {language: _stemmer(language) for language in stemmed}
        self._elides = any(language in _ELIDING for language in languages)
        self._has_article = "ar" in languages
        self._digraphs = _ONE_LETTER if any(language in _SCANDINAVIAN for language in languages) else ()
        self._terms_of = Kept[str, tuple[str, ...]](self._read)

    def terms(self, word: str) -> tuple[str, ...]:
        """All terms of a case-folded word, the first first."""
        return self._terms_of[word]

    def _read(self, word: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._one_letter(term) for spelling in self._spellings(word) for term in spelling))

    def _spellings(self, word: str) -> Iterator[list[str]]:
        for form in self._without_apostrophe(word):
            yield self._stems(form)
            if not form.isascii():
                # Who leaves the accents out leaves the stemmer without them too.
                yield self._stems(fold_accents(form))
                yield self._stems(written_out(form))

    def _without_apostrophe(self, word: str) -> Iterator[str]:
        head, apostrophe, tail = word.rpartition("'")
        if apostrophe and tail == "s" and head:
            yield head.replace("'", "")
        elif apostrophe and self._elides and len(tail) > 1:
            yield tail
        yield word.replace("'", "")

    def _stems(self, form: str) -> list[str]:
        form = _GREEK_PLURAL.sub("ι", form)
        if self._has_article and (article := _ARABIC_ARTICLE.match(form)):
            form = form[article.end() :]
        stemmers = self._stemmers_for(form)
        return [fold_accents(stemmer.stemWord(form)) or fold_accents(form) for stemmer in stemmers] or [
            fold_accents(form)
        ]

    def _stemmers_for(self, form: str) -> list[Stemmer | LightStemmer]:
        script = "LATIN" if form.isascii() else unicodedata.name(form[0], "").partition(" ")[0]
        return [stemmer for language, stemmer in self._stemmers.items() if _SCRIPTS.get(language, "LATIN") == script]

    def _one_letter(self, term: str) -> str:
        for written, letter in self._digraphs:
            term = term.replace(written, letter)
        return term


def _stemmer(language: str) -> Stemmer | LightStemmer:
    return Stemmer(STEMMERS[language]) if language in STEMMERS else LightStemmer(language)
