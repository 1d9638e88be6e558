"""The words and codes in a text without spaces: `L'Oréal's`, `t-shirt`, `NOR.0707-60`, `AC/DC`, `C++`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import regex

from trimtab.text.amounts.quantities import AmountReader
from trimtab.text.normal import fold_accents, fold_case
from trimtab.text.tokens import Kind, Token
from trimtab.text.words.forms import WordForms
from trimtab.text.words.segmentation import HANGUL_RUN, UNSPACED_RUN, pairs_of, segments

LONGEST: Final = 64
"""Characters of a term; the rest is cut off."""

_LETTERS: Final = r"\p{L}\p{M}"
_IN_WORD: Final = rf"{_LETTERS}\p{{N}}"
_WORD: Final = rf"[\p{{L}}\p{{N}}][{_IN_WORD}]*(?:'[{_IN_WORD}]+)*"
_DECIMAL_COMMA: Final = r"(?<=\p{N}[xX]\p{N}{1,2}),(?=\p{N}{1,2}(?![\p{L}\p{N}.,]))"
_COMPOUND = regex.compile(
    rf"({_WORD}(?:(?:[-./_&+·]|{_DECIMAL_COMMA}){_WORD})*)((?:\+\+?|\#)(?![{_IN_WORD}]))?|\p{{Extended_Pictographic}}"
)
_PIECE = regex.compile(_WORD)
_RUN = regex.compile(rf"\p{{N}}+|[{_LETTERS}]+")
_SIDES = regex.compile(r"(?<=\p{N})[xX](?=\p{N})")
_ENDS_IN_DECIMAL = regex.compile(rf"(.*[{_LETTERS}])?(\p{{N}}{{1,3}}[.,]\p{{N}}{{1,2}})")
_ACRONYM = regex.compile(rf"[{_LETTERS}](?:\.[{_LETTERS}])+")

_LONGEST_CODE_WORD: Final = 3
"""Letters of a word that may be a part of a code; a longer one is a word beside one."""

_LATIN: Final = str.maketrans("авдекмнорстухαβδεζηικμνορτυχ", "abdekmhopctyxabdezhikmnoptyx")
"""Letters of codes, Cyrillic and Greek, and what people type instead."""

_LONGEST_LISTED: Final = 3
"""Letters of words that a slash or an ampersand makes one (AC/DC, H&M); longer ones are a list (red/green)."""

_LIST_SIGN: Final = "/"
_SHORTEST_LISTED_CODE: Final = 3
"""Characters of codes that a slash makes a list; shorter ones are pieces of one."""

_LONGEST_JOINED: Final = 40
_PAIR: Final = 2


class _Piece(NamedTuple):
    text: str
    start: int
    end: int


class ChunkReader:
    """The reader of words and codes in a catalogue of some languages."""

    def __init__(
        self, forms: WordForms, amounts: AmountReader, fold_case: Callable[[str], str], package: str | None
    ) -> None:
        """
        Args:
            package: parts the words of scripts without spaces, see `trimtab.text.words.segmentation`.
        """
        self._forms, self._amounts, self._fold_case, self._package = forms, amounts, fold_case, package

    def tokens(self, chunk: str) -> Iterator[Token]:
        """The tokens of a normalised text without spaces, in order."""
        if chunk.isascii() and chunk.isalpha():
            yield self._word(_Piece(chunk, 0, len(chunk)))
            return
        for match in _COMPOUND.finditer(chunk):
            compound, sign = match[1], match[2] or ""
            if compound is None:
                yield Token(match[0], match[0], match[0], "word", match.start(), match.end())
                continue
            at = match.start()
            pieces = [_Piece(found[0], at + found.start(), at + found.end()) for found in _PIECE.finditer(compound)]
            if UNSPACED_RUN.fullmatch(compound):
                tokens = list(self._unspaced(compound, at))
            elif _ACRONYM.fullmatch(compound):
                tokens = [self._word(_Piece(compound.replace(".", ""), at, match.end(1)))]
            elif _is_code(pieces):
                tokens = [
                    self._code(code, _parts_of(chunk[code[0].start : code[-1].end])) for code in _codes(pieces, chunk)
                ]
            else:
                tokens = [
                    self._code([piece], _parts_of(piece.text)) if _has_digit(piece.text) else self._word(piece)
                    for piece in pieces
                ]
                tokens[-1] = tokens[-1]._replace(joined=self._joined(compound, pieces))
            if sign:
                tokens[-1] = _signed(tokens[-1], sign)
            yield from tokens

    def _word(self, piece: _Piece) -> Token:
        word = self._fold_case(piece.text)
        term, *also = (found[:LONGEST] for found in self._forms.terms(word))
        key = fold_accents(word.replace("'", ""))
        parts = pairs_of(key) if HANGUL_RUN.fullmatch(key) and len(key) > _PAIR else ()
        return Token(piece.text, key, term, "word", piece.start, piece.end, also=tuple(also), parts=parts)

    def _unspaced(self, text: str, at: int) -> Iterator[Token]:
        """The words of a script without spaces."""
        for segment in segments(text, self._package):
            word, start, end = segment.term, at + segment.start, at + segment.end
            yield Token(word, word, word, "word", start, end, parts=segment.parts, joined=segment.joined)

    def _code(self, pieces: Sequence[_Piece], runs: Sequence[str]) -> Token:
        """Letters and digits, with or without signs between them.

        Args:
            runs: what the code is made of.
        """
        code = _in_latin(fold_accents(self._fold_case("".join(piece.text for piece in pieces).replace("'", ""))))[
            :LONGEST
        ]
        parts = tuple(map(self._part, runs)) if len(runs) > 1 else ()
        kind: Kind = "number" if code.isdigit() and len(pieces) == 1 else "code"
        return Token(code, code, code, kind, pieces[0].start, pieces[-1].end, parts=parts)

    def _part(self, run: str) -> str:
        _, amount = next(self._amounts.amounts(run), (0, None))
        if amount is not None and amount.length == len(run):
            return amount.measure.term if amount.measure is not None else amount.number
        word = self._fold_case(run)
        return (_in_latin(fold_accents(word)) if _has_digit(run) else self._forms.terms(word)[0])[:LONGEST]

    def _joined(self, compound: str, pieces: Sequence[_Piece]) -> tuple[str, ...]:
        """The terms of the pieces written as one word, where they may be one."""
        longest = max(_length(piece.text) for piece in pieces)
        is_list = any(sign in compound for sign in "/&+") and longest > _LONGEST_LISTED
        is_sentence = "." in compound
        if len(pieces) == 1 or is_list or is_sentence or len(compound) > _LONGEST_JOINED:
            return ()
        return self._forms.terms(self._fold_case("".join(piece.text for piece in pieces)))


def _signed(token: Token, sign: str) -> Token:
    """The token with a sign that is part of its name, found without it too."""
    return token._replace(
        key=token.key + sign, term=token.key + sign, also=(), joined=token.indexed, end=token.end + len(sign)
    )


def _in_latin(code: str) -> str:
    """A short code whose letters all look like Latin ones, or stand for them, in these: `В12`, `Β12`, `Д3`."""
    if code.isascii() or sum(map(str.isalpha, code)) > _LONGEST_CODE_WORD:
        return code
    latin = code.translate(_LATIN)
    return latin if latin.isascii() else code


def _length(word: str) -> int:
    """The letters and digits of a word as it is compared: ß is two."""
    return len(word) if word.isascii() else len(fold_accents(fold_case(word)))


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _parts_of(code: str) -> list[str]:
    """What a code is made of: its pieces, sides (`M8x1.25`), and a decimal number at the end of one (`USB3.0`)."""
    parts: list[str] = []
    for side in _SIDES.split(code):
        decimal = _ENDS_IN_DECIMAL.fullmatch(side)
        name, number = (decimal[1] or "", [decimal[2]]) if decimal else (side, [])
        parts += [run for piece in _PIECE.findall(name) for run in _runs(piece)] + number
    return parts


def _runs(piece: str) -> list[str]:
    """A piece in its letters and digits where it has a word of its own (`iphone12`), else whole (`1000XM4`)."""
    runs = _RUN.findall(piece)
    return runs if any(_length(run) >= _LONGEST_CODE_WORD and not _has_digit(run) for run in runs) else [piece]


def _codes(pieces: Sequence[_Piece], chunk: str) -> list[list[_Piece]]:
    """The pieces of a code, or of each of a list: `10W-40/5W-30`."""
    codes: list[list[_Piece]] = [[]]
    for piece in pieces:
        if codes[-1] and chunk[codes[-1][-1].end : piece.start] == _LIST_SIGN:
            codes.append([])
        codes[-1].append(piece)
    are_codes = all(_is_mixed("".join(piece.text for piece in code)) for code in codes)
    return codes if are_codes else [list(pieces)]


def _is_mixed(text: str) -> bool:
    return _has_digit(text) and not text.isdigit() and _length(text) >= _SHORTEST_LISTED_CODE


def _is_code(pieces: Sequence[_Piece]) -> bool:
    """Whether pieces are the name of a model: they have digits, and no word of their own."""
    words = [piece.text for piece in pieces if not _has_digit(piece.text)]
    return len(words) < len(pieces) and all(_length(word) <= _LONGEST_CODE_WORD for word in words)
