"""Finds the encoding of a text file strictly and hands on UTF-8.

What belongs here: bytes -> the name of their encoding, and a UTF-8 copy. What does not: records and
columns (delimited.py). Nothing is guessed from statistics: a file is in an encoding when every byte of it is.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 20
#: from here on it is worth the import of numpy
_LARGE = 8 << 20

#: UTF-32 begins like UTF-16, and nobody sends it: refused
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: control characters that no text table holds; GB 18030 accepts almost any bytes, these give binaries away
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a"))
#: two characters of Chinese in UTF-8; GB 18030 takes the six bytes for three rare ones
_CHINESE_UTF8 = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf]{2}|\xef[\xbc-\xbf][\x80-\xbf]){2}")


class EncodingUnknown(Exception):
    """The bytes are not text in any encoding we read. ``code`` is the finding's; ``line``: where it begins, from 1."""

    def __init__(self, code: str = "encoding-unknown", line: int | None = None) -> None:
        self.code, self.line = code, line
        super().__init__(code)


def detect(path: Path) -> str:
    """The Python name of the encoding: utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be or gb18030.

    A byte order mark decides; then strict UTF-8; then UTF-16 without a mark; then GB 18030, which contains
    GBK and GB 2312 (mandatory since 2023-08-01: GB 18030-2022). EncodingUnknown when none holds, and when lines of
    a file are in different encodings."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_UTF32):
        raise EncodingUnknown()
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    for name in [marked] if marked else ["utf-8", *_unmarked_utf16(head)]:
        if _holds(path, name):
            return name
    in_utf8 = _line_in_utf8(path)
    if not (marked or in_utf8) and _holds(path, "gb18030"):
        return "gb18030"
    if line := _control_line(path):
        raise EncodingUnknown("text-control", line)
    if line := _broken_line(path) or in_utf8:
        raise EncodingUnknown("encoding-mixed", line)
    raise EncodingUnknown()


def as_utf8(path: Path, encoding: str, target: Path) -> Path:
    """The file in UTF-8 without a mark: the file itself when it is so already, else a copy at ``target``."""
    if encoding == "utf-8":
        return path
    with target.open("wb") as out:
        first = True
        for text in _decoded(path, encoding):
            out.write((text.lstrip("\ufeff") if first else text).encode("utf-8"))  # some writers mark twice
            first = first and not text
    return target


def damaged(head: str) -> bool:
    """Whether the beginning of a text was read in a wrong encoding before it was sent, and is beyond repair here."""
    if "\ufffd" in head or "锟斤拷" in head:
        return True
    try:
        twice = head.encode("cp1252" if any("\u2000" < c < "\u2200" for c in head) else "latin-1")
    except UnicodeEncodeError:
        return False
    return bool(_CHINESE_UTF8.search(twice))


def looks_like_text(path: Path) -> bool:
    """Whether a file without a known encoding is at least no binary: no zero byte near its beginning."""
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def _unmarked_utf16(head: bytes) -> list[str]:
    """UTF-16 candidates: commas, digits and line ends leave zeros at every other byte."""
    if b"\0" not in head:
        return []
    return ["utf-16-le"] if head[1::2].count(0) >= head[0::2].count(0) else ["utf-16-be"]


def _holds(path: Path, encoding: str) -> bool:
    # UTF-8 proves itself: a stray control character in it is a fault of its cell, and held there
    controls = b"\0" if encoding.startswith("utf-8") else _CONTROLS
    try:
        if encoding == "utf-8" and path.stat().st_size >= _LARGE:
            return _holds_utf8(path)
        return not any(_has(text.encode("utf-8"), controls) for text in _decoded(path, encoding))
    except UnicodeError:
        return False


def _has(data: bytes, controls: bytes) -> bool:
    return len(data.translate(None, controls)) < len(data)


def _holds_utf8(path: Path) -> bool:
    """The same for a large file, of which most is ASCII: that needs no decoding."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if decoder.getstate()[0] or not chunk.isascii():
                decoder.decode(chunk)
            if b"\0" in chunk:
                return False
    decoder.decode(b"", final=True)
    return True


def _line_in_utf8(path: Path) -> int | None:
    """The first line, from 1, that is Chinese in UTF-8 within a file that is none as a whole."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if _CHINESE_UTF8.search(line) and _decodes(line):
                return number
    return None


def _control_line(path: Path) -> int | None:
    """The first line, from 2, with a zero byte in a file that is UTF-8 but for these; not in a binary."""
    found = None
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not _decodes(line):
                return None
            if not found and b"\0" in line:
                found = number
    return found if found != 1 else None


def _broken_line(path: Path) -> int | None:
    """The first line, from 1, that is no UTF-8, if one before it is Chinese in UTF-8."""
    chinese = False
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not _decodes(line):
                return number if chinese else None
            chinese = chinese or bool(_CHINESE_UTF8.search(line))
    return None


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
