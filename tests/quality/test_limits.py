"""Files that unpack to more than memory holds are refused before a parser opens them; honest ones pass."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from quality import limits
from quality.mapped import SourceUnreadable, load_source
from quality.workbooks import read_sheets
from tests.quality.test_gate import TITLES, gate, row

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def book(path: Path, rows: list[list], far: str | None = None) -> bytes:
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("月报")
        for number, cells in enumerate([TITLES, *rows]):
            sheet.write_row(number, 0, cells)
        if far:
            sheet.write(far, "x")
    return path.read_bytes()


def packed(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def with_sheet(data: bytes, xml: str) -> bytes:
    """The workbook with the xml of its first sheet replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    return packed(parts | {"xl/worksheets/sheet1.xml": SHEET.format(xml)})


def refused(folder: Path, data: bytes) -> bool:
    result = gate(folder, data, name="月报.xlsx")
    found = [(f.code, f.severity, f.row) for f in result.findings]
    assert not found or found == [("file-too-large", "error", None)]
    assert result.accepted == (0 if found else result.received)
    return bool(found)


def test_a_stray_cell_far_away_refuses_the_file(tmp_path: Path):
    assert not refused(tmp_path, book(tmp_path / "a.xlsx", [row(1)]))
    assert refused(tmp_path, book(tmp_path / "b.xlsx", [row(1)], "XFD1048576"))


def test_a_format_far_away_is_no_cell(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, TITLES)
        sheet.write_row(1, 0, row(1))
        sheet.write_blank("XFD1048576", None, made.add_format({"bold": True}))
    assert not refused(tmp_path, (tmp_path / "a.xlsx").read_bytes())


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048575"/><row><c><v>1</v></c><c q=">" r="ZZZ9"><v/></c></row>',
        "<x:row r='1'><x:c\nr = 'A1'><x:v>1</x:v></x:c><x:c r='A1048576'><v/></x:c><x:c r='C1'><v/></x:c></x:row>",
    ],
)
def test_no_spelling_of_a_reference_gets_past(tmp_path: Path, xml: str):
    assert refused(tmp_path, with_sheet(book(tmp_path / "a.xlsx", [row(1)]), xml))


@pytest.mark.parametrize("place", ["row", "cell"])
def test_repeated_cells_of_an_open_document_are_counted(tmp_path: Path, place: str):
    repeats = {"row": "", "cell": ""} | {place: f' table:number-{place.replace("cell", "column")}s-repeated="3000000"'}
    xml = f"<table:table><table:table-row{repeats['row']}><table:table-cell{repeats['cell']}>{{}}</table:table-row>"
    path = tmp_path / "a.ods"
    path.write_bytes(packed({"content.xml": xml.format("<text:p>1</text:p></table:table-cell>")}))
    with pytest.raises(limits.TooLarge):
        limits.check_workbook(path)
    path.write_bytes(packed({"content.xml": xml.replace(">{}", "/>")}))  # empty to the end of the sheet
    limits.check_workbook(path)


def test_zip_bombs_are_refused_and_broken_zips_unreadable(tmp_path: Path):
    assert refused(tmp_path, packed({"xl/workbook.xml": b" " * (2 << 20)}))
    assert refused(tmp_path, packed({f"xl/{n}.xml": "x" for n in range(limits.MOST_ENTRIES + 1)}))
    good = book(tmp_path / "a.xlsx", [row(1)])
    for broken in (good[:-30], good[:200] + b"\0" * 40 + good[240:]):
        assert [f.code for f in gate(tmp_path, broken, name="a.xlsx").findings] == ["file-unreadable"]


def test_all_parts_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = book(tmp_path / "a.xlsx", [row(1)])
    monkeypatch.setattr(limits, "MOST_UNPACKED", 1000)
    assert refused(tmp_path, data)


def test_a_large_honest_workbook_is_read(tmp_path: Path):
    path = tmp_path / "large.xlsx"
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as made:
        sheet = made.add_worksheet()
        for number in range(50_000):
            sheet.write_row(number, 0, [number + column for column in range(20)])
    limits.check_workbook(path)


def test_a_gzipped_source_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 1000))
    monkeypatch.setattr(limits.copy_limited, "__defaults__", (100,))
    with pytest.raises(SourceUnreadable) as refusal:
        load_source(None, path, tmp_path)
    assert refusal.value.code == "file-too-large"
    path.write_bytes(path.read_bytes()[:20] + b"\xff" * 20)
    with pytest.raises(SourceUnreadable) as refusal:
        load_source(None, path, tmp_path)
    assert refusal.value.code == "file-unreadable"


def test_a_sheet_that_is_read_is_within_the_limits(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1)], "Z1000")
    (sheet,) = read_sheets(tmp_path / "a.xlsx")
    assert data and len(sheet.rows) == 1000 and len(sheet.rows[0]) == 26
