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
#: what a file may be instead of a table, as the finding holds it, and in English; also what the other rooms find
KINDS = {
    "PDF 文档": "PDF document",
    "图片（JPEG）": "picture (JPEG)",
    "图片（PNG）": "picture (PNG)",
    "图片（GIF）": "picture (GIF)",
    "gzip 压缩文件": "gzip file",
    "RAR 压缩包": "RAR archive",
    "7z 压缩包": "7z archive",
    "SQLite 数据库": "SQLite database",
    "Parquet 数据文件": "Parquet file",
    "Arrow 数据文件": "Arrow file",
    "RTF 文档": "RTF document",
    "Excel 2 至 4 的旧文件": "Excel 2 to 4 file",
    "Excel 2003 XML 表格": "Excel 2003 XML table",
    "网页（HTML）": "HTML page",
    "网页存档（MHTML）": "MHTML page",
    "XML 文件": "XML file",
    "JSON 数组": "JSON array",
    "JSON 文件": "JSON file",
    "Word 文档": "Word document",
    "PowerPoint 演示文稿": "PowerPoint slides",
    "Outlook 邮件": "Outlook message",
    "二进制工作簿（xlsb）": "binary workbook (xlsb)",
    "OpenDocument 文档": "OpenDocument file",
    "ZIP 压缩包": "ZIP archive",
}
#: first bytes -> what has them
_MARKS = (
    (b"%PDF", "PDF 文档"),
    (b"\xff\xd8\xff", "图片（JPEG）"),
    (b"\x89PNG\r\n\x1a\n", "图片（PNG）"),
    (b"GIF8", "图片（GIF）"),
    (b"\x1f\x8b", "gzip 压缩文件"),
    (b"Rar!\x1a\x07", "RAR 压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包"),
    (b"SQLite format 3\0", "SQLite 数据库"),
    (b"PAR1", "Parquet 数据文件"),
    (b"ARROW1", "Arrow 数据文件"),
    (b"{\\rtf", "RTF 文档"),
    (b"\x09\x00\x04\x00", "Excel 2 至 4 的旧文件"),
    (b"\x09\x02\x06\x00", "Excel 2 至 4 的旧文件"),
    (b"\x09\x04\x06\x00", "Excel 2 至 4 的旧文件"),
)
#: how text begins that is no table; zero bytes and a byte order mark are taken out before
_TEXTS = (
    (rb"(?i)<\?xml[^>]*>\s*(<\?mso-application[^>]*>\s*)?<[^>]*urn:schemas-microsoft-com:office:spreadsheet",
     "Excel 2003 XML 表格"),
    (rb"(?i)<\?mso-application", "Excel 2003 XML 表格"),
    (rb"(?i)(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|meta|table|div|style)\b",
     "网页（HTML）"),
    (rb"(?i)mime-version:", "网页存档（MHTML）"),
    (rb"(?i)<\?xml|<!doctype", "XML 文件"),
    (rb"\[\s*[\[{]", "JSON 数组"),
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
