"""Breaks files as they break in life and as somebody would break them on purpose; the same seed, the same file.

What belongs here: bytes -> other bytes, knowing what a CSV, an archive, a part of a workbook or a line of JSON
looks like. What does not: the files to begin with (seeds.py), what must hold afterwards (oracles.py).
"""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable

LARGEST = 1 << 20  # bytes of a mutant: the limits have tests of their own

_TEXTS = [
    "", " ", '"', '""', '"\n', "'", ",", ";", "\t", "\r", "\n", "\r\n", "\n\n", "，", "\ufeff", "\0", "\x1a", "\u3000",
    "\u200b", "\u2028", "\x85", "\U00020bb7", "e\u0301",
    "\U0001f600", "1e309", "-0", "NaN", "inf", "1_000", "٦٠",
    "９９", "1.2万", "0x1F", "99999999999999999999", "1" * 400, "-", "2026-02-30", "0000-00", "2026-13", "9999999",
    "长期", "无", "NULL", "=cmd|'/c calc'!A0", "@SUM(1)", "{", "}", "[", "null", "true", "甲" * 300, "<",
    "&amp;", "]]>",
    "%s%n", "${jndi}", "../../x", "\\", "\\u0000", "330108-F-000001", "ⅷ", "½", "\u202e", "a" * 70_000,
]  # fmt: skip
_BYTES = [
    b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\x81", b"\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"PK\x03\x04",
]  # fmt: skip
_XML = [
    '<c r="XFD1048576"><v>1</v></c>', '<row r="1048576"/>', '<c r="A1" t="s"><v>999999</v></c>', "<v/>",
    "<is><t>x</t></is>", '<c t="e"><v>#REF!</v></c>', '<c t="b"><v>2</v></c>',
    '<c t="d"><v>2026-01-01T00:00:00Z</v></c>', "<!-- -->", "<![CDATA[x]]>", '<!DOCTYPE a [<!ENTITY b "c">]>', "&b;",
    "&#0;", "&#x110000;", '<mergeCell ref="A1:XFD1048576"/>', '<mergeCell ref="B9:A2"/>', '<dimension ref="A1"/>',
    '<row r="0">', '<row r="-1">', '<c r="">', '<c r="1A">', '<c r="A0">', '<c r="AAAAAAAA1">',
    'number-columns-repeated="9999999"', 'number-rows-repeated="1000000"', "<text:p/>", "<v>1e999</v>", "<v>nan</v>",
    "<f>A1</f>",
]  # fmt: skip


_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "big5", "latin-1")
_VALUES = (
    "", "0", "1", "-1", "99999999999", "A1", "XFD1048576", "s", "str", "n", "inlineStr", "float", "date", "x\0",
)  # fmt: skip
_JSON = [
    '"x"', "{}", "[]", '{"a": 1}', "[" * 2000, '"' + "y" * 9000 + '"', '"\\ud800"', '"\\u0000"', "1e400",
]  # fmt: skip


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One to four breaks of the file, chosen by what it looks like."""
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = draw.choice(_fitting(data))(data, draw)[:LARGEST]
    return data


def _fitting(data: bytes) -> list[Callable[[bytes, random.Random], bytes]]:
    """The breaks worth trying: mostly inside the structure, sometimes straight into the bytes."""
    if data.startswith(b"PK\x03\x04"):
        return [_part, _part, _part, _archive, _raw]
    if data.startswith(b"\x1f\x8b"):
        return [_gzipped, _gzipped, _gzipped, _raw]
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return [_binary, _binary, _raw]
    if data.lstrip().startswith(b"{"):
        return [_json, _json, _lines, _raw]
    return [_cells, _cells, _cells, _lines, _lines, _recoded, _raw]


def _raw(data: bytes, draw: random.Random) -> bytes:
    """Bytes flipped, cut out, doubled, put in."""
    at, length = draw.randrange(len(data) + 1), draw.choice((1, 1, 2, 8, 64, 512))
    way = draw.randrange(5)
    if way == 0:
        return data[:at] + bytes(draw.randrange(256) for _ in range(min(length, 8))) + data[at + min(length, 8) :]
    if way == 1:
        return data[:at] + data[at + length :]
    if way == 2:
        return data[:at] + data[at : at + length] * 2 + data[at + length :]
    if way == 3:
        return data[:at] + draw.choice(_BYTES) + data[at:]
    return data[:at]


def _binary(data: bytes, draw: random.Random) -> bytes:
    """A few bytes of a compound file, mostly in its records, at times in its directory."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 2, 8))):
        at = draw.randrange(min(512, len(changed)) if draw.random() < 0.2 else len(changed))
        changed[at] = draw.choice((0, 1, 0x7F, 0xFF, draw.randrange(256)))
    return bytes(changed)


def _encoding(data: bytes) -> str:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _as_text(change: Callable[[str, random.Random], str]) -> Callable[[bytes, random.Random], bytes]:
    """A break of text, in whatever encoding the text is."""

    def changed(data: bytes, draw: random.Random) -> bytes:
        encoding = _encoding(data)
        text = change(data.decode(encoding, "replace"), draw)
        return text.encode(encoding, "replace")

    return changed


def _change_cell(text: str, draw: random.Random) -> str:
    """Something strange in place of a cell, behind it or around it."""
    cells = [(m.start(), m.end()) for m in re.finditer(r"[^,;\t\r\n]+", text)] or [(0, 0)]
    start, end = draw.choice(cells)
    new = draw.choice(_TEXTS)
    cell = text[start:end]
    wide = cell.translate({n: n + 0xFEE0 for n in range(33, 127)})
    return text[:start] + draw.choice((new, cell + new, new + cell, f'"{cell}{new}"', f'"{cell}', wide)) + text[end:]


def _change_lines(text: str, draw: random.Random) -> str:
    """Lines gone, doubled, swapped, empty, too long or too short; other line ends."""
    lines = text.splitlines(keepends=True) or [""]
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    way = draw.randrange(8)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(other, lines[at])
    elif way == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 3:
        lines.insert(at, draw.choice(("\n", "\r\n", ",,,,,\n", " \n", '""\n', "合计,,99\n", "\r")))
    elif way == 4:
        lines[at] = lines[at].rstrip("\r\n") + draw.choice((",", ",x", ",x,y,z,w", ",\n,", ";;;;")) + "\n"
    elif way == 5:
        lines[at] = lines[at].split(",", 1)[0] + "\n"
    elif way == 6:
        lines[at] = lines[at].rstrip("\r\n") + draw.choice(("\r", "\r\n", "\n\r", ""))
    else:
        lines = [line.replace("\n", draw.choice(("\r\n", "\r", "\n"))) for line in lines]
    return "".join(lines)


_cells = _as_text(_change_cell)
_lines = _as_text(_change_lines)


def _recoded(data: bytes, draw: random.Random) -> bytes:
    """The same text in another encoding, or two of them in one file."""
    text = data.decode(_encoding(data), "replace")
    name = draw.choice(_ENCODINGS)
    if draw.random() < 0.7:
        return text.encode(name, "replace")
    half = len(text) // 2
    return text[:half].encode("utf-8") + text[half:].encode(name, "replace")


def _json(data: bytes, draw: random.Random) -> bytes:
    """A key, a value or a bracket of a line."""
    text = data.decode("utf-8", "replace")
    tokens = [(m.start(), m.end()) for m in re.finditer(r'"(?:[^"\\]|\\.)*"|[\d.]+|[{}\[\]:,]', text)] or [(0, 0)]
    start, end = draw.choice(tokens)
    new = draw.choice([*_TEXTS, *_JSON])
    return (text[:start] + new + text[end:]).encode("utf-8", "replace")


def _gzipped(data: bytes, draw: random.Random) -> bytes:
    try:
        inner = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return _raw(data, draw)
    return gzip.compress(draw.choice((_json, _lines))(inner, draw), mtime=0)


def _parts(data: bytes) -> dict[str, bytes] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return {info.filename: book.read(info) for info in book.infolist() if info.file_size < LARGEST}
    except Exception:  # whatever an earlier break made of it
        return None


def _zip(parts: dict[str, bytes], draw: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, data in parts.items():
            method = zipfile.ZIP_DEFLATED if draw.random() < 0.9 else zipfile.ZIP_STORED
            book.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def _part(data: bytes, draw: random.Random) -> bytes:
    """The XML of one part: a tag put in, an attribute or a text changed, tags gone or doubled."""
    parts = _parts(data)
    if not parts:
        return _raw(data, draw)
    likely = [name for name in parts if "sheet" in name or "sharedStrings" in name or name == "content.xml"]
    name = draw.choice(likely if likely and draw.random() < 0.8 else list(parts))
    text = parts[name].decode("utf-8", "replace")
    parts[name] = draw.choice((_tag_in, _attribute, _content, _tags))(text, draw).encode("utf-8", "replace")
    return _zip(parts, draw)


def _tag_in(text: str, draw: random.Random) -> str:
    ends = [m.end() for m in re.finditer(">", text)] or [0]
    at = draw.choice(ends)
    return text[:at] + draw.choice(_XML) + text[at:]


def _attribute(text: str, draw: random.Random) -> str:
    found = list(re.finditer(r'[\w:]+="([^"]*)"', text))
    if not found:
        return text
    match = draw.choice(found)
    new = draw.choice(_VALUES)
    return text[: match.start(1)] + new + text[match.end(1) :]


def _content(text: str, draw: random.Random) -> str:
    found = list(re.finditer(r">([^<>]+)<", text))
    if not found:
        return text
    match = draw.choice(found)
    return text[: match.start(1)] + draw.choice(_TEXTS) + text[match.end(1) :]


def _tags(text: str, draw: random.Random) -> str:
    found = list(re.finditer(r"<[^>]*>", text))
    if not found:
        return text
    match, last = draw.choice(found), draw.choice(found)
    start, end = min(match.start(), last.start()), max(match.end(), last.end())
    piece = text[start : min(end, start + 2000)]
    return text[:start] + draw.choice(("", piece * 2, match.group() * 50)) + text[start + len(piece) :]


def _archive(data: bytes, draw: random.Random) -> bytes:
    """Parts gone, doubled, renamed or put in."""
    parts = _parts(data)
    if not parts:
        return _raw(data, draw)
    name = draw.choice(list(parts))
    way = draw.randrange(5)
    if way == 0:
        del parts[name]
    elif way == 1:
        parts[draw.choice(("../x.xml", "/x.xml", name.upper(), "xl/worksheets/sheet9.xml", "甲.xml"))] = parts[name]
    elif way == 2:
        parts[name] = draw.choice((b"", b"<a/>", parts[name][: len(parts[name]) // 2], b"\xef\xbb\xbf" + parts[name]))
    elif way == 3:
        other = draw.choice(list(parts))
        parts[name], parts[other] = parts[other], parts[name]
    else:
        parts[name] = parts[name].decode("utf-8", "replace").encode(draw.choice(("utf-16", "gb18030")), "replace")
    return _zip(parts, draw)
