"""The marked-up workbook: right cells, right words, nothing of the filer's changed, and always an answer."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from quality.answers import copying, feedback, own_workbook
from quality.answers.marks import AUTHOR, MOST_COMMENTS, RESULT_SHEET, RESULT_TITLE, Mark, Spot, lines
from quality.answers.result_sheet import FILLS, MOST_LISTED
from quality.findings import Finding, Normalisation
from quality.gate import GateResult, check_file, gate_engine
from schemas.registry import load

AS_OF = date(2026, 3, 31)
HEAD = ["驿站编号", "驿站名称", "驿站类型", "街道", "开放日期"]
GOOD = ["330108-F-0001", "西兴示范驿站", "示范型", "西兴街道", "2024-05-01"]


@pytest.fixture(scope="module")
def engine():
    with gate_engine(threads=1) as con:
        yield con


@pytest.fixture
def judge(engine):
    """Checks a file as the gate does."""

    def run(path: Path, name: str | None = None) -> GateResult:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        given = {"name": name or path.name, "sha256": sha256, "received_on": "2026-03-31", "as_of": AS_OF}
        return check_file(load("binjiang"), path, engine=engine, **given)

    return run


@pytest.fixture
def answered(judge, tmp_path):
    """Checks a file and writes its answer; gives the answer opened, and the way it was made."""

    def run(path: Path, result: GateResult | None = None) -> tuple[openpyxl.Workbook, str]:
        target = tmp_path / "answer.xlsx"
        way = feedback.write_answer(load("binjiang"), path, target, result or judge(path), AS_OF)
        return openpyxl.load_workbook(target, rich_text=True), way

    return run


def workbook(path: Path, rows: list[list], *, title: str = "驿站") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def station(number: int, **changed: str) -> list[str]:
    values = dict(zip(HEAD, [f"330108-F-{number:04}", f"西兴驿站{number}", *GOOD[2:]], strict=True))
    return list((values | changed).values())


def filler(path: Path) -> Path:
    """A workbook with all that a filer's may hold: nothing of it may be lost or changed."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "驿站'名册"
    sheet["B1"] = "成长驿站名册"
    sheet.merge_cells("B1:F1")
    for column, title in enumerate(HEAD, 2):
        sheet.cell(2, column, title)
    for row in range(3, 9):
        for column, value in enumerate(station(row), 2):
            sheet.cell(row, column, value)
    sheet["D4"], sheet["D5"], sheet["B8"] = "豪华型", "豪华型", sheet["B7"].value
    sheet["F6"], sheet["F6"].number_format = datetime(2024, 5, 1), "yyyy/m/d"
    sheet["H3"], sheet["H4"], sheet["I3"] = 1234.5, "=SUM(H3:H3)*2", True
    sheet["H3"].number_format = '0.00"元"'
    sheet["C3"] = CellRichText("西兴", TextBlock(InlineFont(b=True), "示范"), "驿站")
    sheet["D4"].comment = Comment("问过街道了", "张")
    sheet["D5"].fill = PatternFill("solid", start_color="00FF00")
    sheet.row_dimensions[7].hidden = True
    sheet.row_dimensions[3].height = 33
    sheet.column_dimensions["H"].hidden = True
    sheet.column_dimensions["C"].width = 37.5
    sheet.freeze_panes = "C3"
    choices = DataValidation(type="list", formula1='"示范型,基础型"')
    choices.add("D3:D20")
    sheet.add_data_validation(choices)
    sheet.conditional_formatting.add("H3:H9", CellIsRule(operator="lessThan", formula=["0"], font=None))
    notes = book.create_sheet("填报说明")
    notes["A1"] = "=1+1"
    notes["A1"].data_type = "s"
    notes.sheet_state = "hidden"
    book.save(path)
    return path


def content(book: openpyxl.Workbook) -> dict:
    """All of a workbook that is not ours to change."""
    return {
        sheet.title: {
            "cells": {
                c.coordinate: (str(c.value), c.data_type, c.number_format, str(c.font.name), c.alignment.horizontal)
                for row in sheet.iter_rows()
                for c in row
                if c.value is not None
            },
            "merged": sorted(map(str, sheet.merged_cells.ranges)),
            "rows": {n: (d.hidden, d.height) for n, d in sheet.row_dimensions.items() if d.hidden or d.height},
            "columns": {n: (d.hidden, d.width) for n, d in sheet.column_dimensions.items()},
            "state": (sheet.sheet_state, sheet.freeze_panes),
            "validations": [(v.formula1, str(v.sqref)) for v in sheet.data_validations.dataValidation],
            "conditions": [str(range_.sqref) for range_ in sheet.conditional_formatting],
        }
        for sheet in book.worksheets
        if sheet.title != RESULT_SHEET
    }


# --- the filer's own workbook


def test_nothing_of_the_filers_workbook_changes(answered, tmp_path):
    path = filler(tmp_path / "a.xlsx")
    before = content(openpyxl.load_workbook(path, rich_text=True))
    sent = path.read_bytes()
    book, way = answered(path)
    assert way == "own" and content(book) == before
    assert path.read_bytes() == sent
    assert book.sheetnames == [RESULT_SHEET, "驿站'名册", "填报说明"]
    assert book.active.title == RESULT_SHEET
    assert [s.title for s in book.worksheets if s.sheet_view.tabSelected] == [RESULT_SHEET]


def test_wrong_cells_are_coloured_and_say_what_is_wrong_and_how_to_correct_it(answered, tmp_path):
    book, _ = answered(filler(tmp_path / "a.xlsx"))
    sheet = book["驿站'名册"]
    said = {c.coordinate: c.comment.text for row in sheet.iter_rows() for c in row if c.comment}
    assert set(said) == {"B2", "D4", "D5", "B7", "B8"}
    assert said["B2"].startswith("【说明】"), "hidden rows and columns are noted at the header"
    assert said["D5"].startswith("【错误】驿站类型\n问题：") and "\n更正：" in said["D5"]
    assert "示范型、基础型" in said["D5"]
    assert said["D4"].endswith("\n—— 原有批注 ——\n问过街道了")
    red = f"00{FILLS['error']}"
    coloured = {c.coordinate for row in sheet.iter_rows() for c in row if c.fill.start_color.rgb == red}
    assert coloured == {"D4", "D5", "B7", "B8"}
    assert sheet["D5"].comment.author == AUTHOR


def test_a_comment_hangs_beside_its_cell_and_is_large_enough(answered, tmp_path):
    answered(filler(tmp_path / "a.xlsx"))
    with zipfile.ZipFile(tmp_path / "answer.xlsx") as book:
        drawing = next(n for n in book.namelist() if n.endswith(".vml"))
        root = openpyxl.xml.functions.fromstring(book.read(drawing))
    excel = "{urn:schemas-microsoft-com:office:excel}"
    boxes = [{child.tag.removeprefix(excel): child.text for child in data} for data in root.iter(f"{excel}ClientData")]
    assert len(boxes) == 5
    for box in boxes:
        left, _, top, _, right, _, bottom, _ = map(int, box["Anchor"].split(", "))
        assert (left, top) == (int(box["Column"]) + 1, max(0, int(box["Row"]) - 1))
        assert right > left and bottom > top + 2
    tall, short = Mark("error", "问题：很长\n" * 20), Mark("error", "问题：短")
    assert tall.height > 20 * 16 > short.height


def test_what_is_said_of_a_row_a_column_or_a_sheet_has_a_place_too(answered, tmp_path):
    rows = [["序", *HEAD[:-2], "开放日期", "监护人姓名"], *([n, *station(n)[:3], "2024-05-01", "某"] for n in (1, 2))]
    path = workbook(tmp_path / "a.xlsx", rows)
    book = openpyxl.load_workbook(path)
    other = book.create_sheet("物资")
    for row in ([["品名", "数量"]] + [["桌", 1]] * 4):
        other.append(row)
    book.save(path)
    answer, _ = answered(path)
    said = {c.coordinate: c.comment.text for row in answer["驿站"].iter_rows() for c in row if c.comment}
    assert "个人信息" in said["F1"] and "（第 2–3 行）" in said["F1"], "the whole sheet, at its header"
    assert not {"F2", "F3"} & set(said)
    assert "工作表对应不到" in answer["物资"]["A1"].comment.text


def test_a_repeated_row_is_marked_in_its_first_cell(answered, tmp_path):
    book, way = answered(workbook(tmp_path / "a.xlsx", [HEAD, GOOD, GOOD]))
    assert way == "own" and book["驿站"]["A3"].comment.text.startswith("【提醒】整行\n")
    assert book["驿站"]["A3"].fill.start_color.rgb == f"00{FILLS['warning']}"
    assert book[RESULT_SHEET]["A2"].value == "通过，有提醒：提醒 1 条"


def test_a_cell_that_is_missing_altogether_is_marked(answered, tmp_path):
    row = [None if value == "示范型" else value for value in GOOD]
    book, way = answered(workbook(tmp_path / "a.xlsx", [HEAD, row]))
    [place] = [c for c in book["驿站"][2] if c.comment]
    assert (way, place.value) == ("own", None) and "没有填写" in place.comment.text
    assert place.fill.start_color.rgb == f"00{FILLS['error']}"


def test_findings_of_a_merged_cell_are_told_at_its_first_cell(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, GOOD, station(2), station(3)])
    book = openpyxl.load_workbook(path)
    book["驿站"].merge_cells("A2:A4")
    book.save(path)
    marks = {Spot("驿站", row, 1): Mark("error", f"问题 {row}") for row in (2, 3, 4)}
    own_workbook.mark_up(path, tmp_path / "b.xlsx", [], marks, AS_OF)
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["驿站"]
    assert sheet["A2"].comment.text == "问题 2\n\n第 3 行\n问题 3\n\n第 4 行\n问题 4"


def test_an_answer_that_comes_back_corrected_is_read_without_what_we_put_in(answered, judge, tmp_path):
    path = filler(tmp_path / "a.xlsx")
    book, _ = answered(path)
    sheet = book["驿站'名册"]
    for cell in ("D4", "D5"):
        sheet[cell] = "基础型"
    book.save(tmp_path / "back.xlsx")
    again = judge(tmp_path / "back.xlsx")
    assert [a.sheet for a in again.account] == ["驿站'名册", "填报说明"]
    assert {f.code for f in again.findings if f.severity != "info"} == {"key-duplicate", "sheet-unknown"}
    answer, way = answered(tmp_path / "back.xlsx")
    assert way == "own" and answer.sheetnames == [RESULT_SHEET, "驿站'名册", "填报说明"]
    said = {c.coordinate: c.comment.text for row in answer["驿站'名册"].iter_rows() for c in row if c.comment}
    assert said["D4"] == "问过街道了" and "D5" not in said and said["B8"].count("【错误】") == 1
    assert answer["驿站'名册"]["D5"].fill.fill_type is None


def test_only_our_own_first_sheet_is_passed_over(judge, tmp_path):
    ours = judge(workbook(tmp_path / "a.xlsx", [[RESULT_TITLE], ["x"]], title=RESULT_SHEET))
    assert [f.code for f in ours.findings] == ["file-empty"] and not ours.account
    theirs = judge(workbook(tmp_path / "b.xlsx", [HEAD, GOOD], title=RESULT_SHEET))
    assert (theirs.received, theirs.accepted) == (1, 1)
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    answer = tmp_path / "c.xlsx"
    assert feedback.write_answer(load("binjiang"), tmp_path / "b.xlsx", answer, theirs, AS_OF) == "own"
    assert openpyxl.load_workbook(answer).sheetnames == [f"{RESULT_SHEET}(2)", *book.sheetnames]


def test_what_a_row_says_of_a_column_that_is_not_there_is_marked_in_the_row(answered, judge, tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, GOOD, *(station(n) for n in (2, 3, 4))])
    about = {"table": "station", "file": "a.xlsx", "sheet": "驿站"}
    rows = [Finding("value-missing", "error", row=4, column="gross_area_m2", **about)]
    sheet = [Finding("column-missing", "error", row=n, column="reported_on", **about) for n in (2, 4, 5)]
    book, _ = answered(path, replace(judge(path), findings=(*rows, *sheet)))
    assert "（第 2、4–5 行）\n问题：" in book["驿站"]["A1"].comment.text
    assert book["驿站"]["A4"].comment.text.startswith("【错误】")
    places = [row[2] for row in sheet_text(book) if row and row[0] in range(1, 9)]
    assert places == ["A4", "第 2 行", "第 4 行", "第 5 行"]
    links = {c.value: c.hyperlink.location for row in book[RESULT_SHEET].iter_rows() for c in row if c.hyperlink}
    assert links["第 5 行"] == "'驿站'!A1"


def test_what_is_said_of_a_sheet_is_no_row_and_its_value_is_no_content(answered, tmp_path):
    listed = {row[6]: row[2:6] for row in sheet_text(answered(filler(tmp_path / "a.xlsx"))[0]) if len(row) == 8}
    assert next(row for says, row in listed.items() if "隐藏的列：H" in says) == ["B2", "整张工作表", None, "说明"]
    assert next(row for says, row in listed.items() if "工作表对应不到" in says)[:2] == ["A1", "整张工作表"]


def test_a_value_that_was_left_out_is_not_shown_as_if_there_were_none(answered, judge, tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, GOOD])
    about = {"table": "station", "file": "a.xlsx", "sheet": "驿站", "row": 2, "column": "station_id"}
    findings = (Finding("value-pattern", "error", **about), Finding("value-missing", "error", **about))
    book, _ = answered(path, replace(judge(path), findings=findings))
    values = [row[4] for row in sheet_text(book) if len(row) == 8 and row[0] in (1, 2)]
    assert values == ["未显示（可能涉及个人信息）", None]


def test_codes_are_shown_with_their_titles(answered, judge, tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, GOOD])
    code = next(e for e in load("binjiang").codelists["station_type"].entries if e.title_zh == "示范型").code
    cells = (
        Normalisation("station", "驿站", 2, "station_type_code", "示范", code),
        Normalisation("station", "驿站", 2, "opened_on", "无", ""),
    )
    book, _ = answered(path, replace(judge(path), normalised=cells, normalised_count=2))
    assert [row[-1] for row in sheet_text(book) if row and row[0] in (1, 2)] == [
        f"示范型 {code}", "（空，按没有填写读）"
    ]  # fmt: skip


def test_the_workbook_that_a_csv_became_can_be_corrected_and_sent_back(answered, judge, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(HEAD), ",".join(station(2, 驿站类型="豪华型"))]), "utf-8")
    book, way = answered(path)
    assert way == "copy" and any("可以直接在这里更正" in str(row) for row in sheet_text(book))
    book["数据"]["C2"] = "示范型"
    book.save(tmp_path / "back.xlsx")
    again = judge(tmp_path / "back.xlsx")
    assert (again.accepted, again.findings) == (1, ())


# --- the first sheet


def sheet_text(book: openpyxl.Workbook) -> list[list]:
    every = ([c.value for c in row] for row in book[RESULT_SHEET].iter_rows())
    return [row if all(row[5:]) and row[0] else [value for value in row if value is not None] for row in every]


def test_the_first_sheet_says_the_result_and_lists_every_finding_with_a_link(answered, judge, tmp_path):
    path = filler(tmp_path / "a.xlsx")
    result = judge(path)
    book, _ = answered(path)
    rows = [row for row in sheet_text(book) if row]
    assert rows[0] == [RESULT_TITLE] and rows[1] == ["未全部通过，请更正后重新报送：错误 4 条，提醒 1 条，说明 2 条"]
    assert ["文件", "a.xlsx"] in rows and ["截至日期", "2026-03-31"] in rows
    assert ["规则版本", load("binjiang").fingerprint[:12]] in rows
    assert ["驿站'名册", load("binjiang").tables["station"].title_zh, 6, 2, 4] in rows
    links = {c.value: c.hyperlink for row in book[RESULT_SHEET].iter_rows() for c in row if c.hyperlink}
    assert {value: link.location for value, link in links.items()} == {
        "D4": "'驿站''名册'!D4", "D5": "'驿站''名册'!D5", "B7": "'驿站''名册'!B7", "B8": "'驿站''名册'!B8",
        "B2": "'驿站''名册'!B2",
        "A1": "'填报说明'!A1",
    }  # fmt: skip
    assert not [link for link in links.values() if link.target], "a link leads out of the workbook"
    listed = [row for row in rows if row[0] in range(1, 99)]
    assert len(listed) == len(result.findings) == 7


def test_what_was_read_differently_is_listed(answered, judge, tmp_path):
    path = filler(tmp_path / "a.xlsx")
    days = {6: "2024年5月1日", 7: "2024.5.1", 8: "2024年5月1日"}
    cells = tuple(Normalisation("station", "驿站'名册", n, "opened_on", day, "2024-05-01") for n, day in days.items())
    cells += (Normalisation("station", "驿站'名册", 9, "temporary_care_receipt_no", None, None),)
    book, _ = answered(path, replace(judge(path), normalised=cells, normalised_count=14))
    rows = sheet_text(book)
    assert [1, "驿站'名册", "F6", "开放日期", "2024年5月1日", 2, "2024-05-01"] in rows
    assert [2, "驿站'名册", "F7", "开放日期", "2024.5.1", 1, "2024-05-01"] in rows
    unsaid = "未显示（可能涉及个人信息）"
    assert [row[3:] for row in rows if unsaid in row] == [["临时托登记回执编号", unsaid, 1, unsaid]]
    assert rows[-1] == ["另有 10 处，不再列出。"]


def test_values_are_text_on_the_first_sheet_and_none_of_a_person_is_repeated(answered, judge, tmp_path):
    names = ("=HYPERLINK(1)", "驿站13800138000", "@\x0b=1+1")
    rows = [HEAD, *(station(n, 驿站名称=name) for n, name in enumerate(names))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(",".join(row) for row in rows), "utf-8")
    result = judge(path)
    finding = Finding("mobile-number-in-text", "error", "station", "a.csv", "", 3, "station_name", "驿站13800138000")
    book, way = answered(path, replace(result, findings=(*result.findings, finding)))
    assert way == "copy"
    cells = [c for row in book[RESULT_SHEET].iter_rows() for c in row if c.value is not None]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    assert "=HYPERLINK(1)" in [c.value for c in cells]
    assert not [c.value for c in cells if "13800138000" in str(c.value)]
    assert "未显示（可能涉及个人信息）" in [c.value for c in cells]
    assert book["数据"]["B3"].value == "驿站13800138000", "in his own table the filer has what he wrote"


def test_of_very_many_findings_some_are_listed_and_the_rest_counted(answered, judge, tmp_path):
    path = tmp_path / "a.csv"
    rows = [HEAD, *(station(n, 驿站类型="豪华型") for n in range(2500))]
    path.write_text("\n".join(",".join(row) for row in rows), "utf-8")
    book, way = answered(path)
    rows = sheet_text(book)
    assert way == "copy" and rows[1] == ["未全部通过，请更正后重新报送：错误 2,500 条"]
    assert len([row for row in rows if row and row[0] in range(1, 9999)]) == MOST_LISTED
    assert ["另有 500 条，不再列出。"] in rows
    assert book["数据"]["C2501"].comment is not None


# --- other files


def test_a_csv_becomes_a_workbook_with_the_rows_where_they_were(answered, tmp_path):
    wrong = '330108-F-0002,"西兴,驿站",豪华型,西兴街道,2024-05-01'
    lines_of = ["成长驿站名册", "", ",".join(HEAD), ",".join(GOOD), wrong]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(lines_of).encode("gb18030"))
    book, way = answered(path)
    sheet = book["数据"]
    assert way == "copy" and sheet["A1"].value == "成长驿站名册" and sheet["A4"].value == "330108-F-0001"
    assert [c.coordinate for row in sheet.iter_rows() for c in row if c.comment] == ["C5"]
    assert (sheet["B5"].value, sheet["C5"].value, sheet["E5"].data_type) == ("西兴,驿站", "豪华型", "s")
    assert ["编码", "GB18030"] in sheet_text(book)


def test_old_excel_becomes_a_workbook_with_the_cells_where_they_were(answered, tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("驿站")
    for row, values in enumerate([HEAD, GOOD, station(2, 驿站类型="豪华型")], 2):
        for column, value in enumerate(values, 1):
            sheet.write(row, column, value)
    book.save(str(tmp_path / "a.xls"))
    answer, way = answered(tmp_path / "a.xls")
    assert way == "copy"
    assert [c.coordinate for row in answer["驿站"].iter_rows() for c in row if c.comment] == ["D5"]
    assert answer["驿站"]["D5"].value == "豪华型"


def test_lines_of_json_become_a_workbook_with_their_names_above_and_their_numbers_beside(answered, tmp_path):
    rows = [dict(zip(HEAD, row, strict=True)) for row in (GOOD, station(2, 驿站类型="豪华型"))]
    path = tmp_path / "a.ndjson"
    path.write_text("\n\n".join(json.dumps(row | {"备注": [1]}, ensure_ascii=False) for row in rows), "utf-8")
    book, way = answered(path)
    sheet, column = book["数据"], sorted([*HEAD, "备注"]).index("驿站类型") + 2
    assert way == "copy" and [c.value for c in sheet[1]][1:] == sorted([*HEAD, "备注"])
    assert [sheet.cell(row, 1).value for row in (1, 2, 3)] == [None, 1, 3]
    assert [c.coordinate for c in sheet[3] if c.comment] == [sheet.cell(3, column).coordinate]
    assert sheet.cell(3, column).value == "豪华型"


def test_of_a_large_file_only_the_marked_rows_are_copied(answered, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "MOST_CELLS", 60)
    monkeypatch.setattr(feedback, "MOST_CELLS", 60)
    rows = [HEAD, *(station(n, **({"驿站类型": "豪华型"} if n in (7, 19) else {})) for n in range(2, 31))]
    text = tmp_path / "a.csv"
    text.write_text("\n".join(",".join(row) for row in rows), "utf-8")
    for path, name in ((workbook(tmp_path / "a.xlsx", rows), "驿站"), (text, "数据")):
        book, way = answered(path)
        assert way == "copy"
        assert [[c.value for c in row][:2] for row in book[name].iter_rows()] == [
            [1, "驿站编号"], [7, "330108-F-0007"], [19, "330108-F-0019"]
        ]  # fmt: skip
        assert [c.coordinate for row in book[name].iter_rows() for c in row if c.comment] == ["D2", "D3"]
        links = {c.value: c.hyperlink.location for row in book[RESULT_SHEET].iter_rows() for c in row if c.hyperlink}
        assert links == {"C7": f"'{name}'!D2", "C19": f"'{name}'!D3"}
        assert any("只列出表头和有问题的行" in str(row) for row in sheet_text(book)[:9])


@pytest.mark.parametrize("data", [b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0" + b"\0" * 600, bytes(range(256)) * 9, b""])
def test_a_refused_file_gets_the_first_sheet_alone(answered, tmp_path, data):
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    book, way = answered(path)
    assert way == "list" and book.sheetnames == [RESULT_SHEET]
    assert sheet_text(book)[1][0].startswith("未全部通过") and any("整个文件" in row for row in sheet_text(book))


def test_what_openpyxl_cannot_take_is_copied_as_text(answered, judge, tmp_path, monkeypatch):
    path = filler(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace(b'"gray125"', b'"zebra"') if name == "xl/styles.xml" else data)
    book, way = answered(tmp_path / "b.xlsx")
    assert way == "copy" and book.sheetnames == [RESULT_SHEET, "驿站'名册", "填报说明"]
    assert book["驿站'名册"]["D5"].comment and book["填报说明"]["A1"].data_type == "s"


def test_only_what_a_file_may_cause_leads_to_a_simpler_way(judge, tmp_path, monkeypatch):
    path = filler(tmp_path / "a.xlsx")
    result = judge(path)
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="defusedxml"):
        feedback.write_answer(load("binjiang"), path, tmp_path / "b.xlsx", result, AS_OF)


def test_no_workbook_is_opened_without_defusedxml(tmp_path, monkeypatch):
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="defusedxml"):
        own_workbook.mark_up(workbook(tmp_path / "a.xlsx", [HEAD]), tmp_path / "b.xlsx", [], {}, AS_OF)


def test_the_same_file_gives_the_same_bytes(judge, tmp_path, monkeypatch):
    text = tmp_path / "a.csv"
    text.write_text("\n".join([",".join(HEAD), ",".join(station(2, 驿站类型="豪华型"))]), "utf-8")
    for path in (filler(tmp_path / "a.xlsx"), text):
        made = []
        for hour in (1, 2):
            monkeypatch.setattr("time.localtime", lambda *_, hour=hour: (2031, 1, hour, hour, 0, 0, 0, 1, 0))
            monkeypatch.setattr("time.time", lambda hour=hour: 1_900_000_000.0 + hour * 90_000)
            random.seed(hour)
            feedback.write_answer(load("binjiang"), path, tmp_path / "answer.xlsx", judge(path), AS_OF)
            made.append((tmp_path / "answer.xlsx").read_bytes())
        assert made[0] == made[1]
        properties = openpyxl.load_workbook(tmp_path / "answer.xlsx").properties
        assert properties.created == datetime(2026, 3, 31)


def test_names_of_sheets_that_a_workbook_may_not_have_are_changed():
    assert copying._sheet_names(["a/b", "a:b", "x" * 40, "X" * 40, "'"]) == [
        "a_b", "a_b(2)", "x" * 31, "X" * 26 + "(2)", "表"
    ]  # fmt: skip


def test_lines_and_spots_are_counted_as_a_person_does():
    assert (Spot("", 3, 1).name, Spot("", 3, 27).name, Spot("", 9, 703).name) == ("A3", "AA3", "AAA9")
    assert (lines("汉字", 4), lines("汉字", 3), lines("ab\n\nc", 9)) == (1, 2, 3)
    assert MOST_COMMENTS >= MOST_LISTED
