"""The gate on real files: what comes in is accepted or held with its reasons, and the two add up."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from quality.answers.verdict import verdict
from quality.gate import GateResult, check_file, gate_engine
from schemas.registry import load

REGISTRY = load("binjiang")
AS_OF = date(2026, 3, 31)
REPORT = REGISTRY.tables["station_report"]
COLUMNS = ("station_id", "report_month", "open_day_count", "child_visit_count", "activity_count")
TITLES = [REPORT.field(name).title_zh for name in COLUMNS]


def row(number: int, month: str = "2026-01", days: object = 20, visits: object = 100, activities: object = 4) -> list:
    return [f"330108-F-{number:06}", month, days, visits, activities]


def sheet(*rows: list, titles: list[str] | None = None) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([titles or TITLES, *rows])
    return out.getvalue()


def gate(folder: Path, data: bytes | str, name: str = "月报.csv", out: str | None = "out") -> GateResult:
    path = folder / "received"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return check_file(
        REGISTRY, path, name=name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        received_on="2026-03-30", as_of=AS_OF, out_dir=folder / out if out else None,
    )  # fmt: skip


def codes(result: GateResult) -> list[tuple]:
    return [(f.code, f.row, f.column, f.value) for f in result.findings]


def parquet(path: Path, columns: str = "*") -> list[tuple]:
    return duckdb.sql(f"SELECT {columns} FROM read_parquet('{path}')").fetchall()


def test_good_rows_are_typed_and_know_where_they_came_from(tmp_path: Path):
    result = gate(tmp_path, sheet(row(1, "2026年1月", "２０", "1,000"), row(2)))
    assert result.findings == ()
    assert (result.received, result.accepted, result.quarantined) == (2, 2, 0)
    found = parquet(
        tmp_path / "out/accepted/station_report.parquet",
        "area_code, station_id, report_month, open_day_count, child_visit_count, source_row, received_on, source_sheet",
    )
    assert found[0] == ("330108", "330108-F-000001", "2026-01", 20, 1000, 2, date(2026, 3, 30), "")


def test_a_broken_row_is_held_with_all_its_reasons_as_it_was_written(tmp_path: Path):
    result = gate(tmp_path, sheet(row(1), row(2, "2026年13月", 32, "很多", ""), row(3)))
    assert (result.received, result.accepted, result.quarantined) == (3, 2, 1)
    assert codes(result) == [
        ("value-missing", 3, "activity_count", None),
        ("value-type", 3, "child_visit_count", "很多"),
        ("value-above-maximum", 3, "open_day_count", "32"),
        ("date-impossible", 3, "report_month", "2026年13月"),
    ]
    columns = "report_month, open_day_count, source_row, reasons"
    held = parquet(tmp_path / "out/quarantine/station_report.parquet", columns)
    assert held == [("2026年13月", "32", 3, "date-impossible;value-above-maximum;value-missing;value-type")]


def test_the_account_is_written_and_adds_up(tmp_path: Path):
    gate(tmp_path, sheet(row(1), row(2, days=-1), row(3)))
    columns = 'file, sheet, "table", received, accepted, quarantined'
    assert parquet(tmp_path / "out/account.parquet", columns) == [("月报.csv", "", "station_report", 3, 2, 1)]
    assert [f[0] for f in parquet(tmp_path / "out/findings.parquet", "code")] == ["value-below-minimum"]


def test_identical_repeats_wait_and_contradictions_wait_all(tmp_path: Path):
    result = gate(tmp_path, sheet(row(1), row(2), row(1, days="20天"), row(3), row(3, days=21)))
    assert [(f.code, f.row, f.severity) for f in result.findings] == [
        ("row-repeated", 4, "warning"),
        ("key-duplicate", 5, "error"),
        ("key-duplicate", 6, "error"),
    ]
    assert (result.accepted, result.quarantined) == (2, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encoding_and_delimiter_do_not_matter(tmp_path: Path, encoding: str, delimiter: str):
    result = gate(tmp_path, sheet(row(1), row(2)).replace(",", delimiter).encode(encoding))
    assert (result.encoding, result.accepted, result.findings) == (encoding, 2, ())


def test_order_of_columns_does_not_matter(tmp_path: Path):
    one = gate(tmp_path, sheet(row(1), row(2)), out="one")
    two = gate(tmp_path, sheet(row(1)[::-1], row(2)[::-1], titles=TITLES[::-1]), out="two")
    assert one.accepted == two.accepted == 2
    query = "* EXCLUDE (source_sha256)"
    path = "accepted/station_report.parquet"
    assert parquet(tmp_path / "one" / path, query) == parquet(tmp_path / "two" / path, query)


def test_columns_nobody_asked_for_are_not_read(tmp_path: Path):
    result = gate(tmp_path, sheet([*row(1), "13800000000"], titles=[*TITLES, "联系人电话号码甲"]))
    assert [(f.code, f.severity, f.column) for f in result.findings] == [("column-unknown", "info", "联系人电话号码甲")]
    assert result.accepted == 1
    for path in (tmp_path / "out").rglob("*.parquet"):
        assert "13800000000" not in str(parquet(path))


def test_a_list_of_children_is_refused_as_a_whole(tmp_path: Path):
    result = gate(tmp_path, sheet([*row(1), "某某"], titles=[*TITLES, "幼儿姓名"]))
    assert {f.code for f in result.findings} == {"header-personal-data"}
    assert (result.received, result.accepted, result.quarantined) == (1, 0, 1)


def test_a_missing_column_holds_every_row(tmp_path: Path):
    rows = [r[:-1] for r in (row(1), row(2))]
    result = gate(tmp_path, sheet(*rows, titles=TITLES[:-1]))
    assert [(f.code, f.row, f.column) for f in result.findings] == [
        ("column-missing", 2, "activity_count"),
        ("column-missing", 3, "activity_count"),
    ]
    assert (result.received, result.accepted, result.quarantined) == (2, 0, 2)


def test_unknown_codes_are_told_and_known_words_become_codes(tmp_path: Path):
    table = REGISTRY.tables["station"]
    names = ["station_id", "station_name", "station_type_code", "subdistrict_code", "address", "opened_on"]
    names += [n for n in table.required if n not in names and n in [f.name for f in table.data_fields]]
    names.remove("area_code")
    kind = REGISTRY.codelists["station_type"].entries[0]
    street = REGISTRY.codelists["subdistrict"].entries[1]
    values = {
        "station_id": "330108-F-000001",
        "station_name": "示例驿站",
        "address": "示例路1号",
        "opened_on": "2024.5.1",
    }
    good = values | {"station_type_code": f" {kind.title_zh} ", "subdistrict_code": street.title_zh}
    bad = good | {"station_id": "330108-F-000002", "station_type_code": "大驿站"}
    rows = [[r.get(n, "") for n in names] for r in (good, bad)]
    result = gate(tmp_path, sheet(*rows, titles=[table.field(n).title_zh for n in names]))
    assert ("code-unknown", 3, "station_type_code", "大驿站") in codes(result)
    columns = "station_type_code, subdistrict_code, opened_on"
    found = parquet(tmp_path / "out/accepted/station.parquet", columns)
    assert found == [(kind.code, street.code, date(2024, 5, 1))]


def test_public_text_that_begins_like_a_formula_is_held(tmp_path: Path):
    table = REGISTRY.tables["plan_target"]
    assert table.field("source_name").access == "public"
    fields = [f for f in table.data_fields if f.name not in table.defaults]
    cells = ["=1+1" if f.name == "source_name" else f.example or "" for f in fields]
    result = gate(tmp_path, sheet(cells, titles=[f.title_zh for f in fields]))
    assert ("text-formula", 2, "source_name", "=1+1") in codes(result)
    assert result.quarantined == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (sheet().encode(), "file-empty"),
        (b"id,name\n1,a\n", "file-unknown"),
        ("今天放假\n".encode(), "file-unknown"),
        (b"PK\x03\x04 not a zip at all", "file-unreadable"),
        (b"\xd0\xcf\x11\xe0 nor an old workbook", "file-unreadable"),
        (b"\x00\x01\x02" * 50, "file-unreadable"),
        (b"\xff\xff\xff\n", "encoding-unknown"),
    ],
)
def test_files_that_hold_nothing_of_ours_are_findings_not_errors(tmp_path: Path, data: bytes, code: str):
    result = gate(tmp_path, data)
    assert [f.code for f in result.findings] == [code]
    assert result.accepted == 0
    assert result.received == result.quarantined


def test_an_unclosed_quote_refuses_the_file(tmp_path: Path):
    lines = sheet(*(row(n) for n in range(1, 60))).splitlines()
    lines[30] = lines[30].replace("330108-F", '"330108-F')
    result = gate(tmp_path, "\n".join(lines) + "\n")
    assert result.findings[0].code == "quote-unclosed"
    assert (result.received, result.accepted, result.quarantined) == (60, 0, 60)


def test_a_row_with_too_many_cells_is_held(tmp_path: Path):
    result = gate(tmp_path, sheet(row(1), [*row(2), "x"], [*row(3), ""]))
    assert [(f.code, f.row) for f in result.findings] == [("record-width", 3)]
    assert result.accepted == 2
    assert codes(gate(tmp_path, sheet(row(1), [*row(2), *"xyzuvw"])))[0][:2] == ("record-width", 3)


def workbook(path: Path) -> None:
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy/m/d"})
    notes = book.add_worksheet("说明")
    notes.write("A1", "请按要求填报")
    reports = book.add_worksheet("月报")
    reports.merge_range(0, 0, 0, 4, "成长驿站月报")
    reports.write_row(2, 0, TITLES)
    reports.merge_range(3, 0, 4, 0, "330108-F-000001")
    for line, month in ((3, datetime(2026, 1, 1)), (4, datetime(2026, 2, 1))):
        reports.write_datetime(line, 1, month, day)
        reports.write_row(line, 2, [20.0, 100, 4])
    reports.write_row(6, 0, row(2, "2026年1月"))
    reports.write_formula(6, 4, "=2+2", None, 4)
    book.close()


def test_a_workbook_with_titles_merged_cells_dates_and_notes(tmp_path: Path):
    workbook(tmp_path / "book.xlsx")
    result = gate(tmp_path, (tmp_path / "book.xlsx").read_bytes(), name="月报.xlsx")
    assert [(f.code, f.severity, f.sheet) for f in result.findings] == [("sheet-unknown", "warning", "说明")]
    account = [(a.sheet, a.table, a.received, a.accepted, a.quarantined) for a in result.account]
    assert account == [("月报", "station_report", 3, 3, 0), ("说明", "", 1, 0, 1)]
    columns = "station_id, report_month, activity_count, source_sheet, source_row"
    assert parquet(tmp_path / "out/accepted/station_report.parquet", columns) == [
        ("330108-F-000001", "2026-01", 4, "月报", 4),
        ("330108-F-000001", "2026-02", 4, "月报", 5),
        ("330108-F-000002", "2026-01", 4, "月报", 7),
    ]


@pytest.mark.parametrize(("rows", "severity"), [(1, "warning"), (2, "error"), (40, "error")])
def test_a_table_of_nobody_beside_one_of_ours_is_accounted_for(tmp_path: Path, rows: int, severity: str):
    with xlsxwriter.Workbook(str(tmp_path / "book.xlsx")) as book:
        for name, titles in (("月报", TITLES), ("二月", ["编号", "人数"])):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, titles)
            for line in range(1, rows + 1):
                sheet.write_row(line, 0, row(line)[: len(titles)])
    result = gate(tmp_path, (tmp_path / "book.xlsx").read_bytes(), name="月报.xlsx")
    assert [(f.code, f.severity, f.sheet) for f in result.findings] == [("sheet-unknown", severity, "二月")]
    assert (result.received, result.accepted, result.quarantined) == (2 * rows + 1, rows, rows + 1)


def test_the_same_file_makes_the_same_bytes_whatever_the_threads(tmp_path: Path):
    lines = [row(n % 9000, f"20{10 + n // 9000}-01", days=40 if n % 50 == 0 else 20) for n in range(50_000)]
    path = tmp_path / "received"
    path.write_text(sheet(*lines), encoding="utf-8")
    made = []
    for threads in (1, 4):
        out = tmp_path / str(threads)
        with gate_engine(threads=threads) as engine:
            given = {"received_on": AS_OF, "as_of": AS_OF, "out_dir": out, "engine": engine}
            result = check_file(REGISTRY, path, name="a.csv", sha256="0" * 64, **given)
        assert (result.received, result.accepted, result.quarantined) == (50_000, 49_000, 1_000)
        made.append({p.relative_to(out): p.read_bytes() for p in sorted(out.rglob("*.parquet"))})
    assert made[0] == made[1]


def test_files_judged_by_one_engine_know_nothing_of_each_other(tmp_path: Path):
    wrong, right = tmp_path / "wrong", tmp_path / "right"
    wrong.write_text(sheet(row(1, "2026-01", days=40)), encoding="utf-8")
    right.write_text(sheet(row(1, "2026-01", days=20)), encoding="utf-8")

    def held(path: Path, engine=None) -> tuple[int, int]:
        given = {"received_on": AS_OF, "as_of": AS_OF, "engine": engine}
        found = check_file(REGISTRY, path, name="a.csv", sha256="0" * 64, **given)
        return found.quarantined, len(found.findings)

    with gate_engine(memory="1GB") as engine:
        assert [held(path, engine) for path in (wrong, right, wrong)] == [held(path) for path in (wrong, right, wrong)]


def test_importing_the_gate_is_cheap():
    import subprocess
    import sys

    heavy = "{'dagster', 'great_expectations', 'pandas', 'pyarrow'}"
    code = f"import sys; import quality.gate; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_cell_that_was_written_otherwise_is_kept_with_its_value(tmp_path: Path):
    titles = [*TITLES, "临时托小时数", "填报日期"]
    written = [
        [*row(1, "2026年1月", "２０", "1,000"), "36.5小时", "2026/1/5"],
        [*row(2, visits=" 7 "), "无", ""],
        [*row(3, days="很多"), "36.0", "2026-01-05"],
    ]
    result = gate(tmp_path, sheet(*written, titles=titles))
    cells = [(n.row, n.column, n.raw, n.normal) for n in result.normalised]
    assert cells == [
        (2, "child_visit_count", "1,000", "1000"),
        (2, "open_day_count", "２０", "20"),
        (2, "report_month", "2026年1月", "2026-01"),
        (2, "reported_on", "2026/1/5", "2026-01-05"),
        (2, "temporary_care_hours", "36.5小时", "36.5"),
        (3, "child_visit_count", " 7 ", "7"),
        (3, "temporary_care_hours", "无", ""),
    ]
    assert {(n.table, n.sheet) for n in result.normalised} == {("station_report", "")}
    columns = '"row", "column", raw, normal'
    assert parquet(tmp_path / "out/normalised.parquet", columns) == cells
    assert result.normalised_count == len(cells)


def test_codes_titles_and_yes_and_no_are_nothing_to_tell(tmp_path: Path):
    table = REGISTRY.tables["station"]
    fields = [f for f in table.data_fields if f.name not in table.defaults and f.example]
    kinds = REGISTRY.codelists["station_type"].entries
    words = [kinds[0].code, kinds[0].title_zh, kinds[0].title_en, f" {kinds[0].title_zh}"]
    rows = [[word if f.name == "station_type_code" else f.example for f in fields] for word in words]
    result = gate(tmp_path, sheet(*rows, titles=[f.title_zh for f in fields]))
    assert [(n.row, n.raw, n.normal) for n in result.normalised if n.column == "station_type_code"] == [
        (5, words[3], kinds[0].code)
    ]


def test_a_verdict_on_a_large_file_holds_few_objects_and_all_the_counts(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("quality.gate.MOST_TOLD", 5)
    rows = [row(n, days=40, visits="7人") for n in range(20)]
    result = gate(tmp_path, sheet(*rows, titles=[*TITLES[:3], TITLES[3], TITLES[4]]))
    assert (len(result.findings), len(result.normalised)) == (5, 5)
    assert result.counts == {("value-above-maximum", "error"): 20}, "not of the month as well"
    assert (result.finding_count, result.normalised_count) == (20, 20)
    assert len(parquet(tmp_path / "out/findings.parquet")) == 20


def test_what_may_be_personal_is_not_repeated_where_it_is_read_otherwise(tmp_path: Path):
    """As in findings: text of private columns, and what looks like a person's number wherever it stands."""
    titles = ["驿站编号", "驿站名称", "驿站类型", "街道", "临时托登记回执编号", "开放日期"]
    private, looks, plain = "临托登　２０２５００１ ", "西兴驿站\u200b13900000000", "西兴\u200b驿站"
    rows = [
        ["330108-F-0001", plain, "示范型", "西兴街道", private, "2024/5/1"],
        ["330108-F-0002", looks, "示范型", "西兴街道", "", "2024/5/1"],
    ]
    result = gate(tmp_path, sheet(*rows, titles=titles))
    cells = [(n.row, n.column, n.raw, n.normal) for n in result.normalised]
    assert cells == [
        (2, "opened_on", "2024/5/1", "2024-05-01"),
        (2, "station_name", plain, "西兴驿站"),
        (2, "temporary_care_receipt_no", None, None),
        (3, "opened_on", "2024/5/1", "2024-05-01"),
        (3, "station_name", None, None),
    ]
    assert parquet(tmp_path / "out/normalised.parquet", '"row", "column", raw, normal') == cells
    told = "".join(str(cell) for cell in verdict(REGISTRY, result, AS_OF)["normalised"])
    assert "13900000000" not in told and "２０２５" not in told
