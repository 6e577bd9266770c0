"""Two tables on one sheet: what is not read is counted and told, titles and notes stay harmless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quality.gate import GateResult
from quality.judging import sieves
from tests.quality.test_gate import COLUMNS, REPORT, TITLES, gate, row, sheet
from tests.quality.test_limits import book

#: the same report with a column more
MORE = [*TITLES, REPORT.field("adult_visit_count").title_zh]
#: a report without a required column
LESS = TITLES[:-1]


def said(result) -> set[tuple]:
    return {(f.code, f.row) for f in result.findings}


def counts(result) -> tuple[int, int, int]:
    return result.received, result.accepted, result.quarantined


def both(folder: Path, *rows: list) -> Iterator[GateResult]:
    """What the gate says of the rows as text and as a workbook."""
    yield gate(folder, sheet(*rows[1:], titles=rows[0]))
    yield gate(folder, book(folder / "a.xlsx", rows[1:], titles=rows[0]), "月报.xlsx")


def test_a_second_table_with_a_column_more_does_not_hide_the_first(tmp_path: Path):
    rows = [["一月"], TITLES, row(1), row(2), ["二月"], MORE, [*row(3, "2026-02"), 9], [*row(4, "2026-02"), 9]]
    for result in both(tmp_path, *rows):
        assert counts(result)[:2] == (6, 2), "the rows of January, and all others held"
        assert {row for code, row in said(result) if code == "rows-below-second-header"} == {6, 7, 8}


def test_nor_is_a_table_of_another_kind_below_read_as_its_rows(tmp_path: Path):
    stations = ["驿站编号", "驿站名称", "驿站类型", "街道"]
    for result in both(tmp_path, TITLES, row(1), stations, ["330108-F-0001", "西兴驿站", "基础型", "西兴街道"]):
        assert (counts(result), said(result)) == ((3, 1, 2), {("rows-below-second-header", n) for n in (3, 4)})


def test_rows_below_an_incomplete_header_above_the_one_that_is_read_are_counted(tmp_path: Path):
    for result in both(tmp_path, LESS, row(1)[:4], row(2)[:4], TITLES, row(3, "2026-02")):
        assert (counts(result), said(result)) == ((3, 1, 2), {("rows-above-header", 2)})


def test_so_are_rows_of_data_below_no_header_at_all(tmp_path: Path):
    for result in both(tmp_path, row(1), row(2), TITLES, row(3)):
        assert (counts(result), said(result)) == ((3, 1, 2), {("rows-above-header", 1)})


def test_titles_remarks_and_numbers_of_columns_above_are_no_data(tmp_path: Path):
    remarks = ["填报单位：", "某街道", "填报日期：", "2026-01-05"]
    for result in both(tmp_path, ["某区驿站月报（2026年1月）"], remarks, [1, 2, 3, 4, 5], TITLES, row(1)):
        assert (counts(result), said(result)) == ((1, 1, 0), set())


def test_the_header_in_english_below_the_chinese_one_is_no_second_table(tmp_path: Path):
    for result in both(tmp_path, TITLES, list(COLUMNS), row(1)):
        assert (counts(result), said(result)) == ((2, 1, 1), {("row-header-repeated", 2)})


def test_a_large_file_is_not_sifted_past_a_second_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sieves, "LEAST_BYTES", 1)
    first, second = [row(n) for n in range(1, 400)], [row(n, "2026-02") for n in range(1, 400)]
    result = gate(tmp_path, sheet(*first, [*MORE], *second))
    assert counts(result) == (799, 399, 400)
    assert {code for code, _ in said(result)} == {"rows-below-second-header"}
