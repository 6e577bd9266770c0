"""Files beyond a limit are refused before a parser opens them, with the limit and the remedy; honest ones pass."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from quality.findings import explain
from quality.gate import GateResult, check_file
from quality.limits import Limits, Refused
from quality.reading.archives import look_into
from quality.reading.mapped import load_source
from quality.reading.sheet_xml import column_letters, facts_of
from quality.reading.workbooks import read_sheets
from tests.quality.test_gate import REGISTRY, TITLES, gate, row, sheet

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def book(path: Path, rows: list[list], far: str | None = None, titles: list[str] = TITLES) -> bytes:
    with xlsxwriter.Workbook(str(path)) as made:
        page = made.add_worksheet("月报")
        for number, cells in enumerate([titles, *rows]):
            page.write_row(number, 0, cells)
        if far:
            page.write(far, "x")
    return path.read_bytes()


def packed(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        return {name: old.read(name) for name in old.namelist()}


def with_sheet(data: bytes, xml: str) -> bytes:
    """The workbook with the xml of its first sheet replaced."""
    return packed(parts_of(data) | {"xl/worksheets/sheet1.xml": SHEET.format(xml)})


def limited(folder: Path, data: bytes, limits: Limits) -> GateResult:
    path = folder / "received"
    path.write_bytes(data)
    return check_file(
        REGISTRY, path, name="月报", sha256="0" * 64, received_on="2026-03-30", as_of=date(2026, 3, 31), limits=limits
    )


def refusal(result: GateResult) -> str | None:
    """The code a file is refused with; None for one that is read."""
    found = [(f.code, f.severity, f.row) for f in result.findings]
    assert len(found) < 2
    assert result.accepted == (0 if found else result.received)
    return found[0][0] if found else None


SMALL = Limits()
BEYOND = [
    (replace(SMALL, file_bytes=1000), "file-too-large", "0.00"),
    (replace(SMALL, unpacked_bytes=1 << 10), "archive-too-large", "0.00"),
    (replace(SMALL, entries=3), "archive-too-many-parts", "3"),
    (replace(SMALL, cells=9), "table-too-large", "9"),
    (replace(SMALL, columns=4), "table-too-wide", "4"),
]


@pytest.mark.parametrize("limits, code, value", BEYOND)
def test_a_refusal_names_the_limit_and_the_remedy(tmp_path: Path, limits: Limits, code: str, value: str):
    result = limited(tmp_path, book(tmp_path / "a.xlsx", [row(1)]), limits)
    assert [(f.code, f.value) for f in result.findings] == [(code, value)]
    told = explain(REGISTRY, result.findings[0])
    assert value in told["says_zh"] and value in told["says_en"] and "报送" in told["advice_zh"]
    assert refusal(limited(tmp_path, book(tmp_path / "a.xlsx", [row(1)]), SMALL)) is None


@pytest.mark.parametrize(
    "limits, code, held",
    [
        (replace(SMALL, file_bytes=100), "file-too-large", 0),
        (replace(SMALL, columns=4), "table-too-wide", 0),
        (replace(SMALL, cells=14), "table-too-large", 3),  # header and two rows of five
    ],
)
def test_text_files_have_the_same_limits(tmp_path: Path, limits: Limits, code: str, held: int):
    data = sheet(row(1), row(2)).encode()
    result = limited(tmp_path, data, limits)
    assert refusal(result) == code
    assert (result.received, result.quarantined) == (held, held)
    assert refusal(limited(tmp_path, data, replace(limits, file_bytes=1000, cells=15, columns=5))) is None


def test_a_line_of_a_million_columns_is_refused_and_not_parsed(tmp_path: Path):
    line = ",".join(f"c{n}" for n in range(300_000))
    assert refusal(limited(tmp_path, f"{line}\n{line}\n".encode(), SMALL)) == "table-too-wide"


def test_a_stray_cell_far_away_refuses_the_file(tmp_path: Path):
    assert refusal(gate(tmp_path, book(tmp_path / "a.xlsx", [row(1)]))) is None
    assert refusal(gate(tmp_path, book(tmp_path / "b.xlsx", [row(1)], "A1048576"))) == "table-too-large"
    assert refusal(gate(tmp_path, book(tmp_path / "b.xlsx", [row(1)], "XFD1"))) == "table-too-wide"


def test_a_format_far_away_is_no_cell(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, TITLES)
        page.write_row(1, 0, row(1))
        page.write_blank("XFD1048576", None, made.add_format({"bold": True}))
    assert refusal(gate(tmp_path, (tmp_path / "a.xlsx").read_bytes())) is None


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1048575"/><row><c><v>1</v></c><c q="&gt;" r="ZZZ9"><v/></c></row>',
        "<row r='1'><c\nr = 'A1'><v>1</v></c><c r='A1048576'><v/></c><c r='C1'><v/></c></row>",
        '<row r="1"><c r="A1"><v>1</v></c><c r="C1048576"><v>1</v></c></row>',
        '<x:row xmlns:x="urn:x" r="1"><x:c r="A1"/><x:c r="C1048576"><x:v>1</x:v></x:c></x:row>',
    ],
)
def test_no_spelling_of_a_reference_gets_past(tmp_path: Path, xml: str):
    assert refusal(gate(tmp_path, with_sheet(book(tmp_path / "a.xlsx", [row(1)]), xml))).startswith("table-too-")


@pytest.mark.parametrize("place", ["row", "cell"])
def test_repeated_cells_of_an_open_document_are_counted(tmp_path: Path, place: str):
    repeats = {"row": "", "cell": ""} | {place: f' table:number-{place.replace("cell", "column")}s-repeated="3000000"'}
    xml = (
        f'<table:table xmlns:table="t" xmlns:text="x"><table:table-row{repeats["row"]}>'
        f"<table:table-cell{repeats['cell']}>{{}}</table:table-row></table:table>"
    )
    path = tmp_path / "a.ods"
    kind = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}
    path.write_bytes(packed(kind | {"content.xml": xml.format("<text:p>1</text:p></table:table-cell>")}))
    with pytest.raises(Refused, match="table-too-"):
        look_into(path, SMALL)
    path.write_bytes(packed(kind | {"content.xml": xml.replace(">{}", "/>")}))  # empty to the end of the sheet
    look_into(path, SMALL)


def test_zip_bombs_are_refused(tmp_path: Path):
    good = parts_of(book(tmp_path / "a.xlsx", [row(1)]))
    bomb = b"<x>" + b" " * (2 << 20) + b"</x>"
    assert refusal(gate(tmp_path, packed(good | {"xl/sharedStrings.xml": bomb}))) == "archive-too-dense"
    assert refusal(gate(tmp_path, packed(good | {"xl/sharedStrings.xml": b" " * (65 << 20)}))) == "archive-too-large"
    many = {f"xl/{n}.xml": "<x/>" for n in range(SMALL.entries)}
    assert refusal(gate(tmp_path, packed(good | many))) == "archive-too-many-parts"


def test_a_large_honest_workbook_is_read(tmp_path: Path):
    path = tmp_path / "large.xlsx"
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as made:
        page = made.add_worksheet()
        for number in range(20_000):
            page.write_row(number, 0, [number + column for column in range(20)])
    assert set(look_into(path, SMALL).sheets) == {"Sheet1"}


def cells(rows: int, columns: int, first: int = 1) -> str:
    """The XML of so many rows of ones."""
    names = [column_letters(number) for number in range(1, columns + 1)]
    lines = ("".join(f'<c r="{name}{row}"><v>1</v></c>' for name in names) for row in range(first, first + rows))
    return "".join(f'<row r="{row}">{line}</row>' for row, line in enumerate(lines, first))


@pytest.mark.parametrize("rows, columns", [(1, 2), (9, 3), (10, 26), (99, 27), (200, 30), (1999, 4), (60, 703)])
def test_a_sheet_may_be_as_large_as_the_limit_and_no_larger(rows: int, columns: int):
    sheet = SHEET.format(cells(rows, columns)).encode()
    exact = Limits(cells=rows * columns, columns=columns)
    facts_of(sheet, exact)
    for narrower in (replace(exact, columns=columns - 1), replace(exact, cells=rows * columns - 1)):
        with pytest.raises(Refused, match="table-too-"):
            facts_of(sheet, narrower)


@pytest.mark.parametrize("late", ["P2001", "ZZ2001", "A9999999", "A99999", "ALL2001"])
def test_a_cell_far_behind_the_first_ones_is_counted(late: str):
    column, row = late.rstrip("0123456789"), int(late.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    sheet = SHEET.format(f'{cells(2000, 15)}<row r="2001"><c r="{late}"><v>1</v></c></row>').encode()
    width = max(15, sum(26**n * (ord(letter) - 64) for n, letter in enumerate(reversed(column))))
    facts_of(sheet, Limits(cells=row * width))
    with pytest.raises(Refused, match="table-too-"):
        facts_of(sheet, Limits(cells=row * width - 1))


def test_a_comment_is_no_end_of_the_cells():
    far = f"<!--<sheetData>{cells(1, 1)}</sheetData>--><sheetData>{cells(1, 1, 1_048_576)}{cells(1, 3)}</sheetData >"
    with pytest.raises(Refused, match="table-too-large"):
        facts_of(f"<worksheet>{far}</worksheet>".encode(), SMALL)


def test_a_large_sheet_must_close_its_rows_and_may_have_page_breaks(tmp_path: Path):
    good, rows = book(tmp_path / "a.xlsx", [row(1)]), cells(20_000, 12)
    path = tmp_path / "large.xlsx"
    breaks = SHEET.format(rows).replace("</worksheet>", '<rowBreaks count="1"><brk id="5"/></rowBreaks></worksheet>')
    for whole in (breaks, SHEET.format(rows + '<row r="20001"/>')):
        path.write_bytes(packed(parts_of(good) | {"xl/worksheets/sheet1.xml": whole}))
        look_into(path, SMALL)
    for broken in (rows.replace("</row>", "", 1), f"{rows}<!DOCTYPE x>", f"<!ENTITY x '1'>{rows}"):
        path.write_bytes(with_sheet(good, broken))
        with pytest.raises(Refused, match=r"file-(unreadable|reaches-out)"):
            look_into(path, SMALL)


@pytest.mark.parametrize("kind", ['t="e"', "t='e'", 's="1" t = "e"'])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_every_spelling_of_an_error_and_of_an_empty_formula_is_seen(kind: str, prefix: str):
    cell = f'<c r="B7" {kind}><v>#N/A</v></c><c r="C7"><f>1+1</f></c><c r="D7"><f>2</f><v>2</v></c>'
    xml = re.sub("<(/?)", rf"<\1{prefix}", f'<row r="7" hidden="1">{cell}</row>')
    facts = facts_of(SHEET.format(xml).encode(), SMALL)
    assert (facts.errors, facts.formulas, facts.hidden_rows) == ({(7, 2): "#N/A"}, {(7, 3): "=1+1"}, ((7, 7),))


def test_a_gzipped_source_has_a_limit(tmp_path: Path):
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 1000))
    with pytest.raises(Refused, match="archive-too-large"):
        load_source(None, path, tmp_path, replace(SMALL, unpacked_bytes=100))
    path.write_bytes(path.read_bytes()[:20] + b"\xff" * 20)
    with pytest.raises(Refused, match="file-unreadable"):
        load_source(None, path, tmp_path, SMALL)


def test_a_sheet_that_is_read_is_within_the_limits(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1)], "Z1000")
    (page,) = read_sheets(tmp_path / "a.xlsx")
    assert data and len(page.rows) == 1000 and len(page.columns) == 26


def test_time_and_memory_grow_with_the_file_beyond_an_ordinary_one():
    assert SMALL.for_size(1) == SMALL.for_size(20 << 20) == SMALL
    large = SMALL.for_size(200 << 20)
    assert (large.seconds, large.memory_bytes) == (100, 10 * SMALL.memory_bytes)
