"""Small good files of every kind the gate reads, made by code: what the mutations start from.

What belongs here: bytes of whole files, each with the name that decides how it is read. What does not: breaking
them (mutations.py) and judging what becomes of them (oracles.py).
"""

from __future__ import annotations

import csv
import functools
import gzip
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date, datetime

import xlsxwriter
import xlwt

from schemas.registry import load

COLUMNS = ("station_id", "report_month", "open_day_count", "child_visit_count", "activity_count", "reported_on")
CLASSES = ("provider_id", "class_type_code", "event_on", "class_count", "place_count", "enrolled_count", "carer_count")
#: a name that the register of the profile `taiwan-sfaa` is recognised by
REGISTER = "sfaa_childcare_centers_2024-06-02.ndjson.gz"
Rows = list[list[object]]


@dataclass(frozen=True)
class Seed:
    """A file to begin with. ``profile`` judges it, ``name`` is its place in the inbox."""

    label: str
    name: str
    data: bytes
    profile: str = "binjiang"


@functools.cache
def seeds() -> tuple[Seed, ...]:
    """All of them, in one order, the same bytes each time."""
    return (*_texts(), *_workbooks(), *_registers())


def reports() -> Rows:
    """A header and reports of stations: good ones, cells as people write them, and wrong ones."""
    months = ["2026-01", "2026年2月", "2025/12", "2025-13", "202511"]
    rows = [[f"330108-F-{n:06}", months[n % 5], 20 + n % 3, n * 40, n % 7, "2026-03-01"] for n in range(1, 8)]
    odd: Rows = [
        ["330108-F-000011", "2026-01", "２０天", "1,200", "4", "2026年3月1日"],
        ["330108-F-000012", "2026-01", "32", "约30", "很多", "46082"],
        ["330108-F-000012", "2026-01", "=1+1", "1.2万", "", "长期"],
        ["330108-F-000013", "2026-01", "20", "\U00020bb7野\n家", "—", "2026-02-30"],
    ]
    return [_titles("station_report", COLUMNS), *rows, *odd]


def classes() -> Rows:
    """A second table, for workbooks of several sheets."""
    kinds = ["托小班", "small", "混合", "没有"]
    rows: Rows = [[f"330108-S-{n:04}", kinds[n % 4], "2025-03-01", 1, 15 + n, n, 3] for n in range(1, 6)]
    return [_titles("filing_class", CLASSES), *rows]


def _titles(table: str, columns: tuple[str, ...]) -> list[object]:
    return [load("binjiang").tables[table].field(name).title_zh for name in columns]


def delimited(rows: Rows, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Rows as delimited text."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def _texts() -> list[Seed]:
    plain, titled = reports(), [["成长驿站月报"], ["说明，请勿引用"], [], *reports()]
    made = {
        "csv": delimited(plain).encode(),
        "csv-bom": delimited(plain, end="\r\n").encode("utf-8-sig"),
        "csv-gb18030": delimited(titled, end="\r\n").encode("gb18030"),
        "csv-utf16": delimited(plain).encode("utf-16"),
        "csv-quoted": delimited(titled, quoting=csv.QUOTE_ALL).encode(),
        "tsv": delimited(plain, "\t").encode(),
        "csv-semicolon": delimited(classes(), ";").encode(),
    }
    return [Seed(label, "报送/月报.csv", data) for label, data in made.items()]


def _workbooks() -> list[Seed]:
    made = {"xlsx": xlsx(), "xlsx-inline": _inline(), "xls": xls(), "ods": ods()}
    return [Seed(label, f"报送/月报.{label.partition('-')[0]}", data) for label, data in made.items()]


def xlsx() -> bytes:
    """Two tables of ours and a page of notes, with title rows, merged cells, real dates and a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})
        day = book.add_format({"num_format": "yyyy/m/d"})
        sheet = book.add_worksheet("月报")
        sheet.merge_range(0, 0, 0, 5, "成长驿站月报")
        for line, row in enumerate(reports(), 2):
            sheet.write_row(line, 0, row)
        sheet.write_datetime(4, 5, datetime(2026, 3, 1), day)
        sheet.write_formula(5, 2, "=10+9", None, 19)
        sheet.merge_range(6, 0, 7, 0, "330108-F-000004")
        for line, row in enumerate(classes()):
            (book.get_worksheet_by_name("班型") or book.add_worksheet("班型")).write_row(line, 0, row)
        book.add_worksheet("说明").write("B2", "请按要求填报")
    return out.getvalue()


def _inline() -> bytes:
    """The same rows with inline texts, as programs write them that know no shared ones."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})
        sheet = book.add_worksheet("月报")
        for line, row in enumerate(reports()):
            for column, cell in enumerate(row):
                sheet.write(line, column, cell)
    return out.getvalue()


def xls() -> bytes:
    """An old workbook, with a real date."""
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    sheet = book.add_sheet("月报")
    for line, row in enumerate(reports()):
        for column, cell in enumerate(row):
            sheet.write(line, column, cell)
    sheet.write(20, 0, "330108-F-000020")
    sheet.write(20, 1, date(2026, 1, 1), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    book.save(out)
    return out.getvalue()


def ods(rows: Rows | None = None) -> bytes:
    """An OpenDocument sheet, numbers as numbers, the smallest that is one."""
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows or reports())
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="月报">{body}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    parts = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    return zipped({name: text.encode() for name, text in parts.items()})


def _ods_cell(value: object) -> str:
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace("\n", "</text:p><text:p>")
    if isinstance(value, int):
        kind = f'office:value-type="float" office:value="{value}"'
    else:
        kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>" if text else "<table:table-cell/>"


def zipped(parts: dict[str, bytes]) -> bytes:
    """Parts as an archive; the first is stored as it is, as OpenDocument asks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for number, (name, data) in enumerate(parts.items()):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            book.writestr(info, data, zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED)
    return out.getvalue()


def _registers() -> list[Seed]:
    centre = {
        "_path": "docs/data/南投縣/CW00000001.json", "機構名稱": "南投縣私立例托嬰中心",
        "所在地": "545南投縣埔里鎮例路1號",
        "聯絡電話": "049-0000000", "核定收托": 20, "實際收托": 18,
        "評鑑等級": "乙等",
        "最近一次評鑑年度": "112",
        "總面積": "375.69 平方公尺", "室內面積": "0 平方公尺", "室外面積": "0 平方公尺", "公共安全說明": "",
        "消防安全說明": "", "準公共化資格": "是", "違反法令紀錄": [], "longitude": 120.9, "latitude": 23.9,
        "收費情形": {"日間托育": [{"費用名稱": "托育費", "費用金額": "15000", "費用說明": "月費"}]},
    }  # fmt: skip
    others = [{"_path": f"docs/data/南投縣/CW0000000{n}.json", "核定收托": n * 3} for n in (2, 3)]
    text = "".join(json.dumps(centre | other, ensure_ascii=False) + "\n" for other in [{}, *others]).encode()
    name = f"名册/{REGISTER}"
    return [
        Seed("ndjson", name, text, "taiwan-sfaa"),
        Seed("ndjson-gzip", name, gzip.compress(text, mtime=0), "taiwan-sfaa"),
    ]
