"""Every language that can be read: the names of countries in it are found in whatever form they are typed."""

import unicodedata

import pytest
from babel import Locale

from trimtab.text.analyser import analyser_of
from trimtab.text.normal import fold_accents, fold_case
from trimtab.text.query import QueryReader
from trimtab.text.words.forms import LANGUAGES
from trimtab.text.words.lexicon import Lexicon

N_NAMES = 25


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_typed_in_another_form_is_found(language: str) -> None:
    names = sorted(set(Locale.parse(language).territories.values()))[:N_NAMES]
    analyser = analyser_of([language])
    lexicon = Lexicon.of_texts(analyser, names)
    terms = {name: set(lexicon.terms(name)) for name in names}
    reader = QueryReader(lexicon, set().union(*terms.values()).__contains__)
    for name, had in terms.items():
        forms = [name, unicodedata.normalize("NFD", name), fold_accents(fold_case(name)), name.upper(), f"  {name}! "]
        assert analyser.key(analyser.key(name)) == analyser.key(name)
        for form in forms:
            words = reader.read(form).words
            assert all(any(had.issuperset(terms) for terms in word.readings) for word in words), form
