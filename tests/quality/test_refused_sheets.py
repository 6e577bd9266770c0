"""What refuses a whole sheet refuses it whatever else stands below its header: totals, notes, lost formulas."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.test_gate import COLUMNS, TITLES, gate, parquet, row, sheet
from tests.quality.test_workbooks import PART, book, changed

PERSONAL = ("header-personal-data", [*TITLES, "幼儿姓名"], ["示例"])
TWICE = ("column-duplicate", [*TITLES, TITLES[-1]], [7])
MISSING = ("column-missing", TITLES[:-1], [])
REFUSALS = pytest.mark.parametrize("code, titles, more", [PERSONAL, TWICE, MISSING])
APART = pytest.mark.parametrize("last, own", [(["合计", "", 40], "row-total"), (["填表人：某某"], "row-footer")])


def wide(titles: list[str], more: list, *rows: list) -> list[list]:
    """Rows with the cells of the titles beyond the contract's, and without those the header lacks."""
    return [[*one[: min(len(titles), len(COLUMNS))], *more] for one in rows]


def reasons(folder: Path) -> list[str]:
    return [r for (r,) in parquet(folder / "out/quarantine/station_report.parquet", "reasons")]


@REFUSALS
@APART
def test_a_row_set_apart_lets_no_other_row_in(tmp_path: Path, code: str, titles: list, more: list, last, own: str):
    rows = wide(titles, more, row(1), row(2))
    result = gate(tmp_path, sheet(*rows, [*last, *[""] * (len(titles) - len(last))], titles=titles))
    assert (result.received, result.accepted, result.quarantined) == (3, 0, 3)
    assert reasons(tmp_path) == [code, code, ";".join(sorted((code, own)))]
    assert {f.row for f in result.findings if f.code == code} == {2, 3, 4}


@REFUSALS
def test_nor_does_a_formula_without_its_result(tmp_path: Path, code: str, titles: list, more: list):
    data = book(tmp_path / "a.xlsx", wide(titles, more, row(1), row(2)), titles=titles)
    lost = changed(data, PART, '<c r="C2"><v>20</v></c>', '<c r="C2"><f>4*5</f></c>')
    result = gate(tmp_path, lost)
    assert (result.received, result.accepted, result.quarantined) == (2, 0, 2)
    assert reasons(tmp_path) == [";".join(sorted((code, "formula-without-value"))), code]
