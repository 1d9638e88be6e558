"""The bytes of a feed: unpacked, decoded and recognised by their content, whatever the file is called."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from charset_normalizer import from_bytes

from trimtab.catalog.files import nearest_file
from trimtab.core.errors import BadFile

Form = Literal["parquet", "xml", "json", "lines", "delimited"]

HEAD_BYTES = 65_536
HEADER_BYTES = 256
_BLOCK_BYTES = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNPACKING = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile)
_GZIP, _BZIP2, _ZIP = b"\x1f\x8b", b"BZh", b"PK\x03\x04"
_PACKINGS = {_GZIP: "gzip", _BZIP2: "bzip2", _ZIP: "zip"}
MAX_LINE_CHARACTERS = 10_000_000
UNPACKED_BYTES, UNPACKED_RATIO = 1 << 30, 250
"""A packed file may unpack to this many bytes, or to this many times its own: what unpacks to more is not a feed."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where it is packed (gzip, bzip2, or zip with one file in it).

    Raises:
        BadFile: it is not there, cannot be read, or is cut off; also while it is read.
    """
    try:
        with path.open("rb") as file:
            yield _unpacked(file, path)
    except FileNotFoundError:
        raise BadFile(path, f"no such file{nearest_file(path)}") from None
    except _UNPACKING as error:
        raise BadFile(path, f"is not a complete {_packing_of(path)} file ({error})") from None
    except OSError as error:
        raise BadFile(path, f"cannot be read ({error.strerror or error})") from None


@contextmanager
def opened_text(path: Path) -> Iterator[IO[str]]:
    """The text of a file, lines as they are; see `opened`."""
    encoding = encoding_of(path)
    with opened(path) as file:
        text = io.TextIOWrapper(io.BufferedReader(_Readable(file)), encoding=encoding, errors="replace", newline="")
        yield text


def lines_of(file: IO[str], path: Path) -> Iterator[str]:
    """The lines of a text, none of which may go on for ever: a packed file of some kilobytes may have one of gigabytes.

    Raises:
        BadFile: a line is too long.
    """
    number = 1
    while line := file.readline(MAX_LINE_CHARACTERS + 1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise BadFile(path, f"has a line of more than {MAX_LINE_CHARACTERS:,} characters", row=number)
        yield line
        number += 1


def form_of(path: Path) -> Form:
    """What kind of file it is.

    Raises:
        BadFile: it is empty, or of a kind that is not read.
    """
    with opened(path) as file:
        head = file.read(HEAD_BYTES)
    if not head.strip():
        raise BadFile(path, "is empty; a first row naming the columns is needed")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise BadFile(path, "is a workbook or an archive of several files; allowed: CSV, JSON, XML or Parquet")
    text = head.decode(encoding_of(path), errors="replace").lstrip("\ufeff \t\r\n")
    if len(_CONTROLS.findall(text)) > MAX_CONTROLS * len(text):
        raise BadFile(path, "is not text (a picture, a PDF, a program?); allowed: CSV, JSON, XML or Parquet")
    if text.startswith("<"):
        if text[:200].lower().startswith(("<!doctype html", "<html")):
            raise BadFile(
                path, "is a web page; allowed: CSV, JSON, XML or Parquet (`trimtab pages ingest` reads pages)"
            )
        return "xml"
    if text.startswith("["):
        first = text[1:].lstrip()
        return "json" if first[:1] in "{]" or not first else "lines"
    if text.startswith("{"):
        line = text.partition("\n")[0].rstrip()
        return "lines" if line.endswith("}") and text.count("\n") and not line.endswith("{}") else "json"
    return "delimited"


def encoding_of(path: Path) -> str:
    """The encoding of a text: by its mark, else UTF-8 where all of it is, else what its letters suggest."""
    with opened(path) as file:
        head = file.read(HEAD_BYTES)
        for mark, encoding in _BOMS:
            if head.startswith(mark):
                return encoding
        first, second = (head[start:HEADER_BYTES:2].count(0) for start in (0, 1))
        if min(first, second) == 0 and max(first, second) > 1:  # one byte of two is 0 in ASCII; more is not text
            return "utf-16-le" if second else "utf-16-be"
        strange = _lines_not_utf8(head, file)
    if not strange:
        return "utf-8"
    declared = _DECLARED.match(head)
    if declared is not None and _is_encoding(declared[1].decode()) and declared[1].lower() != b"utf-8":
        return declared[1].decode()
    words = b"".join(_WORDS.findall(strange))
    if len(_HIGH_BYTES.sub(b"", words)) >= 0.4 * len(words) or _HIGH_BYTES.search(words) is None:
        return _latin_encoding(strange)
    found = from_bytes(strange, cp_isolation=_OTHERS).best()
    return found.encoding if found is not None else "cp1252"


_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x7f]")
MAX_CONTROLS = 0.01
"""The share of characters that no text has above which a file is not one."""

_DECLARED = re.compile(rb"\s*<\?xml[^>]*\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_WORDS = re.compile(rb"(?<![A-Za-z])(?:[A-Za-z]*+[\x80-\xff][A-Za-z\x80-\xff]+|[A-Za-z]++[\x80-\xff])")
"""Words with a byte that is not ASCII; one that stands alone is a sign, not a word."""
_LETTERS = {
    "cp1252": ("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àèéìòóù", "áâãàçéêíóôõúü", "ëïéèöüáó", "åäöéæø", "áðéíóúýþæö"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýžö", "áéíóöőúüű", "ăâîşţșț", "čćđšž", "áäčďéíĺľňóôŕšťúýž"),
    "cp1254": ("çğıöşüâî",),
}
"""Letters that are not ASCII, of languages in which those are few, so that they stand alone; by their encoding."""
_SIGNS = frozenset("€£¥¢’‘“”„–—…°®©™«»§·×•²³½¼¾±µ¿¡\xa0")
_OTHERS = ["cp1251", "cp1253", "shift_jis", "gb18030", "big5", "euc_kr", "cp1255", "cp1256"]


def _latin_encoding(text: bytes) -> str:
    """The encoding in which the letters are most nearly those of one language."""
    strange = {
        encoding: [
            letter
            for letter in text.decode(encoding, errors="replace").casefold()
            if not letter.isascii() and letter not in _SIGNS
        ]
        for encoding in _LETTERS
    }
    return min(
        _LETTERS,
        key=lambda encoding: min(
            sum(letter not in letters for letter in strange[encoding]) for letters in _LETTERS[encoding]
        ),
    )


def _is_encoding(name: str) -> bool:
    """Whether it is an encoding of text; Python has others by the same names (`zlib`, `undefined`)."""
    try:
        b"a".decode(name)
    except (LookupError, ValueError):
        return False
    return True


def _lines_not_utf8(head: bytes, file: IO[bytes]) -> bytes:
    """Lines that are not ASCII, as many as are needed to tell an encoding; none where all of the file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, strange = True, bytearray()
    block = head
    while block and (is_utf8 or len(strange) < HEAD_BYTES):
        if not block.isascii():
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            strange += b"\n".join(line for line in block.split(b"\n") if not line.isascii())[:HEAD_BYTES]
            strange = strange[-2 * HEAD_BYTES :]
        elif is_utf8:
            decoder.decode(block)
        block = file.read(_BLOCK_BYTES)
    return b"" if is_utf8 else bytes(strange)


def _packing_of(path: Path) -> str:
    with path.open("rb") as file:
        magic = file.read(4)
    return next((kind for start, kind in _PACKINGS.items() if magic.startswith(start)), "gzip")


def _unpacked(file: IO[bytes], path: Path) -> IO[bytes]:
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(_GZIP):
        return _bounded(cast(IO[bytes], gzip.open(file)), path)
    if magic.startswith(_BZIP2):
        return _bounded(bz2.open(file), path)
    if magic == _ZIP:
        archive = zipfile.ZipFile(file)
        members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX")]
        if len(members) == 1:
            try:
                return _bounded(archive.open(members[0]), path)
            except (RuntimeError, NotImplementedError) as error:  # a password, or a method that is not known
                raise BadFile(path, f"is a zip file that cannot be unpacked ({error})") from None
        file.seek(0)
    if path.suffix.lower() == ".gz" and magic and not magic.isascii():
        raise gzip.BadGzipFile("it does not begin as one")
    return file


def _bounded(unpacked: IO[bytes], path: Path) -> IO[bytes]:
    return cast(IO[bytes], _Bounded(unpacked, path))


class _Readable(io.RawIOBase):
    """A binary file as `io.BufferedReader` wants it, whatever it was unpacked from."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Bounded(_Readable):
    """What a file unpacks to, up to a limit."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        super().__init__(file)
        self._path = path
        self._left = max(UNPACKED_BYTES, UNPACKED_RATIO * path.stat().st_size)

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        """
        Raises:
            BadFile: it is more than the limit.
        """
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise BadFile(self._path, f"unpacks to more than {UNPACKED_RATIO} times its size, as no feed does")
        return data
