"""Finds the encoding of a text file strictly and hands on UTF-8.

What belongs here: bytes -> the name of their encoding, and a UTF-8 copy. What does not: records and
columns (delimited.py). Nothing is guessed from statistics: a file is in an encoding when every byte of it is.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 20

#: longest first, because the mark of UTF-32 begins like that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: control characters that no text table holds; GB 18030 accepts almost any bytes, these give binaries away
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a"))


class EncodingUnknown(Exception):
    """The bytes are not text in any encoding we read."""


def detect(path: Path) -> str:
    """The Python name of the encoding: utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be or gb18030.

    A byte order mark decides; then strict UTF-8; then UTF-16 without a mark; then GB 18030, which contains
    GBK and GB 2312 (mandatory since 2023-08-01: GB 18030-2022). EncodingUnknown when none holds."""
    with path.open("rb") as file:
        head = file.read(4096)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    for name in [marked] if marked else ["utf-8", *_unmarked_utf16(head), "gb18030"]:
        if _holds(path, name):
            return name
    raise EncodingUnknown(marked or "not UTF-8, UTF-16 or GB 18030")


def as_utf8(path: Path, encoding: str, target: Path) -> Path:
    """The file in UTF-8 without a mark: the file itself when it is so already, else a copy at ``target``."""
    if encoding == "utf-8":
        return path
    with target.open("wb") as out:
        for text in _decoded(path, encoding):
            out.write(text.encode("utf-8"))
    return target


def _unmarked_utf16(head: bytes) -> list[str]:
    """UTF-16 candidates: commas, digits and line ends leave zeros at every other byte."""
    if b"\0" not in head:
        return []
    return ["utf-16-le"] if head[1::2].count(0) >= head[0::2].count(0) else ["utf-16-be"]


def _holds(path: Path, encoding: str) -> bool:
    try:
        return all(_is_text(text.encode("utf-8")) for text in _decoded(path, encoding))
    except UnicodeError:
        return False


def _is_text(data: bytes) -> bool:
    return len(data.translate(None, _CONTROLS)) == len(data)


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
