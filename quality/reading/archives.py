"""Looks into a zipped workbook before a parser opens it: kind, parts, sizes, and what it reaches for.

What belongs here: cheap looks at the packed parts that say what they would cost and whether they are harmless.
What does not: what a sheet says (sheet_xml.py), reading cells (workbooks.py). A workbook of a few kilobytes can
claim a cell in the last row and column; its parser would then ask for memory for all cells between, and the
process would be gone, not refused. Nothing is ever unpacked to disk, and no address in a part is followed.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from quality.limits import MIB, Limits, Refused
from quality.reading.sheet_xml import Facts, check_extent, facts_of

#: parts below this size can do no harm, however tightly they are packed
_SMALL_PART = MIB
#: a larger part is not proved well-formed, which would take as long as reading it; it is only searched
_PROVED_BYTES = 4 * MIB
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
#: a declaration, and neither a comment nor plain characters
_DECLARES = re.compile(rb"<!(?!\[CDATA\[|--)")
#: ods: a cell that shows an error
_ODS_ERROR = re.compile(rb'value-type\s*=\s*"error"')


@dataclass(frozen=True)
class Archive:
    """A zipped workbook that may be opened. ``sheets``: facts by the name of the sheet, as far as they are known."""

    sheets: dict[str, Facts] = field(default_factory=dict)


def look_into(path: Path, limits: Limits) -> Archive:
    """What a zip holds; Refused for no workbook, one beyond the limits, a locked, damaged or reaching one."""
    try:
        with zipfile.ZipFile(path) as book:
            entries = book.infolist()
            _check_entries(entries, limits)
            names = {entry.filename for entry in entries}
            if "mimetype" in names and book.read("mimetype").startswith(_SPREADSHEET):
                return _ods(book, entries, limits)
            if "xl/workbook.xml" not in names:
                raise Refused("file-type", _other(names))
            return _xlsx(book, entries, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise Refused("file-unreadable") from None  # cut off, or packed in a way we do not read


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise Refused("archive-too-many-parts", f"{limits.entries:,}")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("file-encrypted")
    limits.check_unpacked(sum(entry.file_size for entry in entries))
    if any(e.file_size > max(_SMALL_PART, limits.ratio * e.compress_size) for e in entries):
        raise Refused("archive-too-dense", f"{limits.ratio:,}")
    names = [entry.filename.replace("\\", "/") for entry in entries]
    outside = any(name.startswith("/") or ".." in name.split("/") for name in names)
    if outside or len({name.casefold() for name in names}) < len(names):
        raise Refused("archive-suspicious")  # readers differ in which of two equal parts they see


def _other(names: set[str]) -> str:
    """What a zip is that is no workbook of ours."""
    tops = {name.split("/")[0] for name in names}
    if "xl/workbook.bin" in names:
        return "二进制工作簿（xlsb）"
    for folder, name in (("word", "Word 文档"), ("ppt", "PowerPoint 演示文稿")):
        if folder in tops:
            return name
    return "OpenDocument 文档" if "mimetype" in names else "ZIP 压缩包"


def _xlsx(book: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: Limits) -> Archive:
    parts = {target: sheet for sheet, target in _sheet_parts(book).items()}
    sheets: dict[str, Facts] = {}
    for entry in entries:
        data = book.read(entry)  # to its end, whatever it is: so its checksum is proved
        if entry.filename.endswith((".xml", ".rels")):
            _check_xml(data)
        if entry.filename in parts:
            sheets[parts[entry.filename]] = facts_of(data, limits, proved=len(data) <= _PROVED_BYTES)
        elif entry.filename.endswith(".xml"):
            check_extent(data, limits)
    return Archive(sheets)


def _ods(book: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: Limits) -> Archive:
    for entry in entries:
        data = book.read(entry)
        if entry.filename.endswith(".xml"):
            _check_xml(data)
        if entry.filename == "content.xml":
            check_extent(data, limits)
            if _ODS_ERROR.search(data):  # the parser gives such a cell as empty, and does not say where it stood
                raise Refused("cell-error", "#N/A")
    return Archive()


def _check_xml(data: bytes) -> None:
    """Refused for a part that declares entities or is broken: entities reach outside, or grow without end."""
    if b"\0" in data[:64]:  # UTF-16 is legal XML that nobody writes, and no search here would see into it
        raise Refused("file-unreadable")
    if len(data) > _PROVED_BYTES:
        if b"!" in data and _DECLARES.search(data):
            raise Refused("file-reaches-out")
        return
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        raise Refused("file-unreadable") from None


def _refuse_doctype(*_: object) -> None:
    raise Refused("file-reaches-out")


def _sheet_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Sheet -> the part that holds it; Refused for a sheet that lies outside the workbook."""
    targets: dict[str, str] = {}
    for relation in _parsed(book, "xl/_rels/workbook.xml.rels").iter(_RELATION):
        outside = relation.get("TargetMode") == "External" or "://" in relation.get("Target", "")
        if outside and relation.get("Type", "").endswith("sheet"):
            raise Refused("file-reaches-out")
        targets[relation.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", relation.get("Target", "")))[1:]
    sheets = (e for e in _parsed(book, "xl/workbook.xml").iter() if e.tag.rpartition("}")[2] == "sheet")
    found = {}
    for sheet in sheets:
        number = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), "")
        found[sheet.get("name", "")] = targets.get(number, "")
    return found


def _parsed(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A small part as a tree, once it is known to declare nothing."""
    if name not in book.namelist():
        return ElementTree.Element("none")
    data = book.read(name)
    if len(data) > _PROVED_BYTES:
        raise Refused("file-unreadable")
    _check_xml(data)
    return ElementTree.fromstring(data)
