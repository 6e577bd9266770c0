"""What a received file is, by its first bytes and never by its name.

What belongs here: the marks of file types, and the refusal of those that hold no table we read, in words a filer
understands. What does not: looking inside archives (archives.py) and old Office files (compound.py).
"""

from __future__ import annotations

import re
from pathlib import Path

from quality.limits import Refused

ZIP, COMPOUND, LINES, TEXT = "zip", "compound", "lines", "text"

_HEAD_BYTES = 8192
#: first bytes -> what has them; both names stand in the finding
_MARKS = (
    (b"%PDF", "PDF 文档 PDF document"),
    (b"\xff\xd8\xff", "图片 picture (JPEG)"),
    (b"\x89PNG\r\n\x1a\n", "图片 picture (PNG)"),
    (b"GIF8", "图片 picture (GIF)"),
    (b"\x1f\x8b", "gzip 压缩文件 gzip file"),
    (b"Rar!\x1a\x07", "RAR 压缩包 RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包 7z archive"),
    (b"SQLite format 3\0", "SQLite 数据库 SQLite database"),
    (b"PAR1", "Parquet 数据文件 Parquet file"),
    (b"ARROW1", "Arrow 数据文件 Arrow file"),
    (b"{\\rtf", "RTF 文档 RTF document"),
    (b"\x09\x00\x04\x00", "Excel 2 至 4 的旧文件 Excel 2 to 4 file"),
    (b"\x09\x02\x06\x00", "Excel 2 至 4 的旧文件 Excel 2 to 4 file"),
    (b"\x09\x04\x06\x00", "Excel 2 至 4 的旧文件 Excel 2 to 4 file"),
)
#: how text begins that is no table; zero bytes and a byte order mark are taken out before
_TEXTS = (
    (rb"(?i)<\?xml[^>]*>\s*(<\?mso-application[^>]*>\s*)?<[^>]*urn:schemas-microsoft-com:office:spreadsheet",
     "Excel 2003 XML 表格 Excel 2003 XML"),
    (rb"(?i)<\?mso-application", "Excel 2003 XML 表格 Excel 2003 XML"),
    (rb"(?i)(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|meta|table|div|style)\b",
     "网页 HTML page"),
    (rb"(?i)mime-version:", "网页存档 MHTML page"),
    (rb"(?i)<\?xml|<!doctype", "XML 文件 XML file"),
    (rb"\[\s*[\[{]", "JSON 数组 JSON array"),
)  # fmt: skip


def kind_of(path: Path) -> str:
    """ZIP, COMPOUND (old Office), LINES (one JSON object a line) or TEXT; Refused names anything else."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return COMPOUND
    for mark, name in _MARKS:
        if head.startswith(mark):
            raise Refused("file-type", name)
    bare = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    for pattern, name in _TEXTS:
        if re.match(pattern, bare, re.DOTALL):
            raise Refused("file-type", name)
    return LINES if re.match(rb'\{\s*["}]', bare) else TEXT
