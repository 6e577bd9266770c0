"""Files of every kind on their way into the gate: what they are, what is data in them, and what is not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import xlsxwriter

from quality.findings import explain
from quality.reading.encodings import EncodingUnknown, as_utf8, damaged, detect
from quality.reading.filetypes import KINDS
from tests.quality.test_gate import COLUMNS, REGISTRY, TITLES, gate, parquet, row, sheet
from tests.quality.test_limits import packed

GOOD = sheet(row(1), row(2))
XML2003 = (
    '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
)


@pytest.mark.parametrize(
    "data, kind",
    [
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (gzip.compress(GOOD.encode()), "gzip"),
        (b"SQLite format 3\0" + b"\0" * 80, "SQLite"),
        (b"PAR1" + b"\0" * 64 + b"PAR1", "Parquet"),
        ("<html><meta charset='gb2312'><table><tr><td>驿站</td></tr></table></html>".encode("gbk"), "HTML"),
        ("\ufeff\r\n<TABLE><tr><td>驿站</td></tr></TABLE>".encode(), "HTML"),
        ("<!DOCTYPE html><p>驿站</p>".encode("utf-16"), "HTML"),
        (XML2003.encode(), "Excel 2003 XML"),
        (b'<?xml version="1.0"?><rows/>', "XML"),
        (json.dumps([dict(zip(TITLES, row(1), strict=True))]).encode(), "JSON"),
        (json.dumps(dict(zip(TITLES, row(1), strict=True)), indent=1).encode(), "JSON"),
        (packed({"word/document.xml": "<w/>", "[Content_Types].xml": "<Types/>"}), "Word"),
        (packed({"月报.csv": GOOD}), "ZIP"),
        (packed({"xl/workbook.bin": "x"}), "xlsb"),
        (packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}), "OpenDocument"),
    ],
)
def test_what_is_no_table_is_named_whatever_its_name_says(tmp_path: Path, data: bytes, kind: str):
    for name in ("月报.csv", "月报.xlsx"):
        result = gate(tmp_path, data, name=name)
        assert [(f.code, f.severity) for f in result.findings] == [("file-type", "error")]
        told = explain(REGISTRY, result.findings[0])
        assert kind in told["says_zh"] and kind in told["says_en"] and "xlsx" in told["advice_zh"]
        named, english = result.findings[0].value, KINDS[result.findings[0].value]
        assert named in told["says_zh"] and named not in told["says_en"], "each language says it in its own words"
        assert english not in told["says_zh"] and english in told["says_en"]
        assert result.received == 0


def test_a_table_is_read_whatever_its_name_says(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        page = book.add_worksheet()
        for line, cells in enumerate([TITLES, row(1), row(2)]):
            page.write_row(line, 0, cells)
    assert gate(tmp_path, (tmp_path / "a.xlsx").read_bytes(), name="月报.csv").accepted == 2
    assert gate(tmp_path, GOOD, name="月报.xlsx").accepted == 2
    assert gate(tmp_path, GOOD.replace(",", "\t").encode("gbk"), name="月报.xls").accepted == 2


@pytest.mark.parametrize("keys", [TITLES, COLUMNS, [f"{title}（必填）" for title in TITLES]])
def test_one_json_object_a_line_is_a_table(tmp_path: Path, keys: list):
    records = [dict(zip(keys, cells, strict=True)) for cells in (row(1), row(2, days="许多"), row(3))]
    records[2] = dict(reversed(records[2].items())) | {"备注": {"甲": 1}}
    lines = "\n".join(json.dumps(r, ensure_ascii=False) for r in records).replace("\n", "\n\n", 1)
    result = gate(tmp_path, lines, name="月报.ndjson")
    assert [(f.code, f.row, f.column) for f in result.findings] == [
        ("column-unknown", None, "备注"),
        ("value-type", 3, "open_day_count"),
    ]
    assert (result.accepted, result.quarantined) == (2, 1)
    found = parquet(tmp_path / "out/accepted/station_report.parquet", "station_id, open_day_count, source_row")
    assert found == [("330108-F-000001", 20, 1), ("330108-F-000003", 20, 4)]


def test_json_lines_of_nobody_are_accounted_for(tmp_path: Path):
    result = gate(tmp_path, b'{"a": 1}\n{"a": 2, "b": 3}\n', name="x.csv")
    assert [f.code for f in result.findings] == ["file-unknown"]
    assert (result.received, result.quarantined) == (2, 2)


def test_the_broken_line_of_json_lines_is_named_and_all_lines_counted(tmp_path: Path):
    good = json.dumps(dict(zip(TITLES, row(1), strict=True)), ensure_ascii=False)
    result = gate(tmp_path, f"{good}\n\n{good[:-5]}\n{good}\n", name="月报.ndjson")
    assert [(f.code, f.row) for f in result.findings] == [("json-line-broken", 3)]
    assert (result.received, result.accepted, result.quarantined) == (3, 0, 3)


def test_a_list_of_persons_is_not_asked_for_again(tmp_path: Path):
    result = gate(tmp_path, "人员名单,,\n姓名,手机号,身份证号\n甲某,,\n乙某,,\n", name="名单.csv")
    (finding,) = result.findings
    assert (finding.code, finding.row, finding.column) == ("header-personal-data", 2, "姓名")
    told = explain(REGISTRY, finding)
    assert "不要再次报送" in told["advice_zh"] and "模板" not in told["advice_zh"]
    assert result.accepted == 0 and result.received == result.quarantined > 0


def test_a_sheet_of_persons_beside_a_good_one_is_an_error(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        for name, rows in {"月报": [TITLES, row(1)], "通讯录": [["姓名", "身份证号"], ["甲某", "x"]]}.items():
            page = book.add_worksheet(name)
            for line, cells in enumerate(rows):
                page.write_row(line, 0, cells)
    result = gate(tmp_path, (tmp_path / "a.xlsx").read_bytes(), name="月报.xlsx")
    assert [(f.code, f.severity, f.sheet) for f in result.findings] == [("header-personal-data", "error", "通讯录")]
    assert (result.accepted, result.quarantined) == (1, 2)


def test_the_nearest_table_and_what_it_lacks_are_named(tmp_path: Path):
    result = gate(tmp_path, "活动场次,婴幼儿到访人次,颜色\n2,30,红\n3,40,绿\n", name="月报.csv")
    (finding,) = result.findings
    told = explain(REGISTRY, finding)["says_zh"]
    title = REGISTRY.tables["station_report"].title_zh
    assert finding.code == "file-unknown" and f"最接近“{title}”，缺少：" in told and "驿站编号" in told


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 3, 4, 1, 0)])
@pytest.mark.parametrize("word", ["合计", "本月合计", "全区合计", "本页小计", "各街道总计：", "累计"])
def test_a_total_is_one_in_any_order_of_the_columns(tmp_path: Path, order: tuple[int, ...], word: str):
    lines = [TITLES, row(1), [word, "", 20, 100, 4], row(2)]
    data = "\n".join(",".join(str(line[i]) for i in order) for line in lines)
    result = gate(tmp_path, data + "\n", name="月报.csv")
    assert [(f.code, f.row) for f in result.findings] == [("row-total", 3)]
    assert (result.accepted, result.quarantined) == (2, 1)


def test_a_row_of_units_is_no_error(tmp_path: Path):
    result = gate(tmp_path, sheet(["", "", "天", "人次", "场"], row(1)), name="月报.csv")
    assert [(f.code, f.severity, f.row) for f in result.findings] == [("row-units", "info", 2)]
    assert (result.accepted, result.quarantined) == (1, 1)


TAIL = [
    ["合计", "", 40, 200, 8],
    ["", "", "", "", ""],
    ["填表人：某某", "审核人：某某", "", "", ""],
    ["备注：数据截至月底", "", "", "", ""],
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_totals_signatures_and_headers_again_are_held_as_what_they_are(tmp_path: Path, kind: str):
    rows = [["合 计", "", 60, 300, 12], row(1), TITLES, row(2), *TAIL]
    data = sheet(*rows).encode()
    if kind == "xlsx":
        with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
            page = book.add_worksheet()
            for line, cells in enumerate([TITLES, *rows]):
                page.write_row(line, 0, cells)
        data = (tmp_path / "a.xlsx").read_bytes()
    result = gate(tmp_path, data)
    assert [(f.code, f.severity, f.row, f.value) for f in result.findings] == [
        ("row-total", "info", 2, None),
        ("row-header-repeated", "info", 4, None),
        ("row-total", "info", 6, None),
        ("row-footer", "info", 8, None),
        ("row-footer", "info", 9, None),
    ]
    assert (result.received, result.accepted, result.quarantined) == (7, 2, 5)
    held = parquet(tmp_path / "out/quarantine/station_report.parquet", "source_row, reasons")
    assert held[0] == (2, "row-total") and held[-1] == (9, "row-footer")


def test_a_bad_row_that_only_looks_like_the_end_is_still_an_error(tmp_path: Path):
    result = gate(tmp_path, sheet(row(1), ["合计托育驿站", *row(2)[1:]], ["备注：", "2026-01", 20, 100, 4], row(3)))
    assert {f.code for f in result.findings} == {"value-pattern"}
    assert [f.row for f in result.findings] == [3, 4]


HEADERS = [
    [f"{t[:1]}\u200b{t[1:]}" for t in TITLES],
    [f" {t}\u00a0\u3000" for t in TITLES],
    [f"{t}（必填）*" for t in TITLES],
    [f"\ufeff{t}" for t in TITLES],
    [f"{t[:2]}\n{t[2:]}" for t in TITLES],
    [f"\u202a{t}\u202c" for t in TITLES],
    [f"*{t}：" for t in TITLES],
]


@pytest.mark.parametrize("titles", HEADERS)
def test_a_header_is_known_by_what_can_be_seen(tmp_path: Path, titles: list[str]):
    result = gate(tmp_path, sheet(row(1), titles=titles))
    assert (result.findings, result.accepted) == ((), 1)


@pytest.mark.parametrize(
    "data, encoding",
    [
        (b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode(), "utf-8-sig"),
        (GOOD.encode("utf-16-le"), "utf-16-le"),
        (GOOD.replace(",", "\t").encode("utf-16"), "utf-16"),
        (("sep=;\r\n" + GOOD.replace(",", ";")).encode(), "utf-8"),
        (GOOD.replace("\n", "\r").encode("gbk"), "gb18030"),
        ("".join(f"{line}{end}" for line, end in zip(GOOD.splitlines(), "\r\n\r", strict=True)).encode(), "utf-8"),
    ],
)
def test_texts_as_programs_write_them(tmp_path: Path, data: bytes, encoding: str):
    result = gate(tmp_path, data)
    assert (result.encoding, result.findings, result.accepted) == (encoding, (), 2)


@pytest.mark.parametrize(
    "data, code, line",
    [
        (GOOD.encode() + "备注：月底".encode("gbk"), "encoding-mixed", 4),
        (GOOD.encode("gbk") + "备注：月底\n".encode(), "encoding-mixed", 4),
        (GOOD.encode().replace(b"2026-01", b"2026\xff01", 1), "encoding-mixed", 2),
        (b"\xff\xfe\0\0" + GOOD.encode("utf-32-le"), "file-unreadable", None),
        (GOOD.encode().replace(b"2026-01", b"2026\0-01", 1), "text-control", 2),
        (GOOD.encode() + b"\0" * 4096, "text-control", 4),
        (GOOD.encode("gbk").decode("utf-8", "replace").encode(), "encoding-damaged", None),
        (GOOD.encode().decode("latin-1").encode(), "encoding-damaged", None),
        (GOOD.replace(",", "，").encode(), "delimiter-unusual", None),
        (GOOD.replace(",", "、").encode(), "delimiter-unusual", None),
    ],
)
def test_texts_that_cannot_be_trusted_are_refused_with_the_reason(tmp_path: Path, data: bytes, code: str, line: int):
    result = gate(tmp_path, data)
    assert [(f.code, f.row) for f in result.findings] == [(code, line)]
    assert (result.accepted, result.received) == (0, result.quarantined)


def test_lines_in_utf8_within_a_file_in_gb18030_are_found_and_rare_characters_are_not_taken_for_them(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes("机构名称,地址\n联通,㙦䶮𬭎\n".encode("gb18030") * 200)
    assert detect(path) == "gb18030"
    path.write_bytes(path.read_bytes() + "托育园,滨江\n".encode())
    with pytest.raises(EncodingUnknown) as unknown:
        detect(path)
    assert unknown.value.line == 401


def test_a_second_mark_is_taken_out_and_a_character_inside_is_not(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" * 2 + "甲\ufeff乙".encode())
    assert as_utf8(path, detect(path), tmp_path / "b").read_text("utf-8") == "甲\ufeff乙"
    assert not damaged("机构名称,地址\n“滨江”—1号") and not damaged("café,naïve")


def test_one_bad_file_says_nothing_about_the_next(tmp_path: Path):
    for data in (b"\xd0\xcf\x11\xe0" + b"\0" * 600, packed({"xl/workbook.xml": "<x"}), b"{\n", b"\0\0\0"):
        assert gate(tmp_path, data).accepted == 0
        assert gate(tmp_path, GOOD).accepted == 2
