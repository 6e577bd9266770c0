"""Workbooks as people and their programs make them, and as others make them to break a reader."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import msoffcrypto.format.ooxml
import pytest
import xlsxwriter
import xlwt

from quality.limits import Limits, Refused
from quality.reading.archives import look_into
from quality.reading.workbooks import cell_text, read_sheets
from tests.quality.test_gate import TITLES, gate, parquet, row
from tests.quality.test_limits import book, packed, parts_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PART = "xl/worksheets/sheet1.xml"


def found(result) -> list[tuple]:
    return [(f.code, f.row, f.column, f.value) for f in result.findings]


def changed(data: bytes, part: str, old: str, new: str) -> bytes:
    """The workbook with a text in one part replaced; it must be there."""
    parts = parts_of(data)
    text = parts[part].decode()
    assert old in text
    return packed(parts | {part: text.replace(old, new).encode()})


@pytest.mark.parametrize(
    "value, text",
    [
        (3500.0, "3500"),
        (3499.9999999999995, "3500"),
        (0.1 + 0.2, "0.3"),
        (60.5, "60.5"),
        (19990000129.0, "19990000129"),
        (5.2310199123456794e17, "5.23101991234568E+17"),  # a credit code that became a number
        (310199190003070000.0, "3.10199190003070E+17"),
        (float("inf"), "inf"),
        (True, "true"),
        (" ", None),
        ("", None),
        (date(2024, 3, 5), "2024-03-05"),
        (datetime(2024, 3, 5), "2024-03-05"),
        (datetime(2024, 3, 5, 23, 59, 59, 914000), "2024-03-05 23:59:59"),
        (time(9, 30), "09:30:00"),
        (date(1900, 2, 28), "#1900-02-28"),  # the day 60, which never was, or a number that was formatted as a day
    ],
)
def test_a_cell_is_read_as_a_person_would_have_typed_it(value: object, text: str | None):
    assert cell_text(value) == text


@pytest.mark.parametrize("epoch", [False, True])
def test_both_epochs_of_excel(tmp_path: Path, epoch: bool):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": epoch}) as made:
        made.add_worksheet().write_datetime(0, 0, datetime(2024, 3, 5), made.add_format({"num_format": "yyyy/m/d"}))
    (sheet,) = read_sheets(path)
    assert sheet.columns == [["2024-03-05"]]


def test_an_error_is_no_empty_cell_and_no_text(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1), row(2), row(3, visits="#REF!")])
    data = changed(data, PART, '<c r="E2"><v>4</v></c>', '<c r="E2" t="e"><v>#N/A</v></c>')
    result = gate(tmp_path, data)
    assert found(result) == [
        ("cell-error", 2, "activity_count", "#N/A"),
        ("cell-error", 4, "child_visit_count", "#REF!"),
    ]
    assert (result.accepted, result.quarantined) == (1, 2)


def test_a_formula_without_its_result_is_told_and_one_with_it_is_a_value(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1), row(2)])
    cell = '<c r="E2"><v>4</v></c>'
    stored = changed(data, PART, cell, '<c r="E2"><f>2+2</f><v>4</v></c>')
    assert gate(tmp_path, stored).findings == ()
    for lost in ('<c r="E2"><f>2*2&gt;1</f></c>', '<c r="E2" s="0">\n<f t="shared" si="0">2*2&gt;1</f><v></v></c>'):
        result = gate(tmp_path, changed(data, PART, cell, lost))
        assert found(result) == [("formula-without-value", 2, "activity_count", "=2*2>1")]
        assert (result.accepted, result.quarantined) == (1, 1)


def test_a_last_column_that_was_never_computed_is_not_cut_off(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1)[:4]])
    last = '<c r="D2"><v>100</v></c>'
    result = gate(tmp_path, changed(data, PART, last, last + '<c r="E2"><f>2+2</f></c>'))
    assert found(result) == [("formula-without-value", 2, "activity_count", "=2+2")]


def test_a_measure_merged_over_rows_is_held_and_a_key_is_filled(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, TITLES)
        for line, month in enumerate(("2026-01", "2026-02", "2026-03"), 1):
            page.write_row(line, 0, row(1, month))
        page.merge_range("A2:A4", "330108-F-000001")
        page.merge_range("D2:D3", 100)
    result = gate(tmp_path, path.read_bytes())
    assert found(result) == [
        ("cell-merged", 2, "child_visit_count", "100"),
        ("cell-merged", 3, "child_visit_count", "100"),
    ]
    assert (result.accepted, result.quarantined) == (1, 2)


def test_what_is_hidden_is_read_and_named(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        made.add_worksheet("空").write(0, 0, "说明")
        page = made.add_worksheet("月报")
        for line, cells in enumerate([TITLES, *(row(n) for n in range(1, 6))]):
            page.write_row(line, 0, cells)
        page.set_row(2, None, None, {"hidden": True})
        page.set_row(3, None, None, {"hidden": True})
        page.set_row(5, None, None, {"hidden": True})
        page.set_column(3, 4, None, None, {"hidden": True})
        page.set_column(9, 16_000, None, None, {"hidden": True})  # to the end of the sheet, as Excel does
        page.hide()
    result = gate(tmp_path, path.read_bytes())
    told = [(f.code, f.value) for f in result.findings if f.sheet == "月报"]
    assert told == [("columns-hidden", "D-E"), ("rows-hidden", "3-4、6"), ("sheet-hidden", None)]
    assert result.accepted == 5


def test_an_old_workbook_is_read_with_its_errors_and_hidden_rows(tmp_path: Path):
    made = xlwt.Workbook()
    page = made.add_sheet("月报", cell_overwrite_ok=True)
    for line, cells in enumerate([TITLES, row(1), row(2), row(3)]):
        for column, value in enumerate(cells):
            page.write(line, column, value)
    page.row(2).hidden = True
    page.col(4).hidden = True
    page.row(3).set_cell_error(4, 0x2A)
    out = io.BytesIO()
    made.save(out)
    result = gate(tmp_path, out.getvalue(), name="月报.xlsx")  # the name says something else
    assert [(f.code, f.row, f.value) for f in result.findings] == [
        ("columns-hidden", None, "E"),
        ("rows-hidden", None, "3"),
        ("cell-error", 4, "#N/A"),
    ]
    assert (result.accepted, result.quarantined) == (2, 1)


def test_an_open_document_is_read(tmp_path: Path):
    def cells(values: list) -> str:
        return "".join(
            f'<table:table-cell office:value-type="string"><text:p>{v}</text:p></table:table-cell>' for v in values
        )

    rows = "".join(f"<table:table-row>{cells(values)}</table:table-row>" for values in (TITLES, row(1), row(2)))
    names = " ".join(
        f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet><table:table table:name='月报'>"
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content,
        "META-INF/manifest.xml": manifest,
    }
    result = gate(tmp_path, packed(parts), name="月报.csv")
    assert (result.findings, result.accepted) == ((), 2)
    error = content.replace('value-type="string"><text:p>4<', 'value-type="error"><text:p>#N/A<', 1)
    assert [f.code for f in gate(tmp_path, packed(parts | {"content.xml": error})).findings] == ["cell-error"]


def test_a_workbook_with_macros_is_read_for_its_values(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1)])
    macro = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"AutoOpen" * 50
    assert gate(tmp_path, packed(parts_of(data) | {"xl/vbaProject.bin": macro})).accepted == 1


def test_a_locked_workbook_says_that_it_is_locked(tmp_path: Path):
    out = io.BytesIO()
    data = book(tmp_path / "a.xlsx", [row(1)])
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt("123456", out)
    assert [f.code for f in gate(tmp_path, out.getvalue(), name="a.xlsx").findings] == ["file-encrypted"]
    flagged = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flagged[flagged.find(mark) + at] |= 1
    assert [f.code for f in gate(tmp_path, bytes(flagged), name="a.xlsx").findings] == ["file-encrypted"]


DOCTYPES = [
    '<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE worksheet SYSTEM "http://127.0.0.1:9/x.dtd">',
]


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize("part", [PART, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"])
def test_no_part_may_declare_anything(tmp_path: Path, doctype: str, part: str):
    parts = parts_of(book(tmp_path / "a.xlsx", [row(1)]))
    head, _, rest = parts[part].decode().partition("?>")
    result = gate(tmp_path, packed(parts | {part: f"{head}?>{doctype}{rest}"}))
    assert [f.code for f in result.findings] == ["file-reaches-out"]


def test_a_large_part_is_searched_as_well(tmp_path: Path):
    parts = parts_of(book(tmp_path / "a.xlsx", [row(1)]))
    long = f'<row r="9"><c r="A9" t="inlineStr"><is><t>{"汉" * 2_000_000}</t></is></c></row></sheetData>'
    text = parts[PART].decode().replace("</sheetData>", long)
    stored = io.BytesIO()
    for added, code in (("", None), ("<!DOCTYPE x []>", "file-reaches-out")):
        head, _, rest = text.partition("?>")
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w") as made:  # not packed, or it would be a bomb
            for name, data in (parts | {PART: f"{head}?>{added}{rest}"}).items():
                made.writestr(name, data)
        path = tmp_path / "large.xlsx"
        path.write_bytes(stored.getvalue())
        if code:
            with pytest.raises(Refused, match=code):
                look_into(path, Limits())
        else:
            assert look_into(path, Limits()).sheets


def test_a_sheet_outside_the_workbook_is_not_fetched(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1)])
    outside = 'Target="http://127.0.0.1:9/x.xml" TargetMode="External"'
    rels = "xl/_rels/workbook.xml.rels"
    result = gate(tmp_path, changed(data, rels, 'Target="worksheets/sheet1.xml"', outside))
    assert [f.code for f in result.findings] == ["file-reaches-out"]


def test_archives_that_lie_are_refused(tmp_path: Path):
    good = book(tmp_path / "a.xlsx", [row(1)])
    parts = parts_of(good)
    central = good.find(b"PK\x01\x02")
    sizes = bytearray(good)
    sizes[central + 24 : central + 28] = (5).to_bytes(4, "little")  # says it unpacks to five bytes
    crc = bytearray(good)
    crc[central + 16] ^= 0xFF
    twice = io.BytesIO(good)
    with zipfile.ZipFile(twice, "a") as more, pytest.warns(UserWarning, match="Duplicate"):
        more.writestr(PART, parts[PART])
    cases = {
        "file-unreadable": [good[:-30], good[: len(good) // 2], bytes(crc), bytes(sizes), b"PK\x03\x04 no zip"],
        "archive-suspicious": [twice.getvalue(), packed(parts | {"../../x": "x"}), packed(parts | {"/etc/x": "x"})],
    }
    for code, files in cases.items():
        assert [[f.code for f in gate(tmp_path, data).findings] for data in files] == [[code]] * len(files)
    broken = changed(good, PART, "</row>", "")
    utf16 = packed(parts | {PART: parts[PART].decode().replace("UTF-8", "UTF-16").encode("utf-16")})
    for data in (broken, utf16, packed({n: d for n, d in parts.items() if n != PART})):
        assert [f.code for f in gate(tmp_path, data).findings] == ["file-unreadable"]


def test_a_size_the_sheet_claims_is_not_believed(tmp_path: Path):
    data = book(tmp_path / "a.xlsx", [row(1), row(2)])
    for claim in ("A1", "A1:XFD1048576"):
        lying = changed(data, PART, '<dimension ref="A1:E3"/>', f'<dimension ref="{claim}"/>')
        assert gate(tmp_path, lying).accepted == 2


def test_cells_keep_what_a_csv_would_not(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    strange = 'a,"b"\r\nc\td'
    with xlsxwriter.Workbook(str(path)) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, TITLES)
        page.write_row(1, 0, row(1, visits=strange))
        page.write_row(4, 0, row(2))
    result = gate(tmp_path, path.read_bytes(), name="a.xlsx")
    assert [(f.code, f.row) for f in result.findings] == [("value-type", 2)]
    assert parquet(tmp_path / "out/accepted/station_report.parquet", "source_row") == [(5,)]
    ((held,),) = parquet(tmp_path / "out/quarantine/station_report.parquet", "child_visit_count")
    assert held == strange
