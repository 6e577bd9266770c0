"""Quotation marks in text files: none may take rows away, and each that is wrong is told with its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from quality.answers.verdict import verdict
from quality.reading import delimited
from quality.reading.records import Records
from tests.quality.test_gate import AS_OF, REGISTRY, TITLES, gate, row, sheet

WITH_REMARK = [*TITLES, "备注"]


def lines(*remarks: str, sign: str = ",") -> str:
    """A report with a remark in a column of no contract, written as it is."""
    rows = [sign.join([*map(str, row(n)), remark]) for n, remark in enumerate(remarks, 1)]
    return "\n".join([sign.join(WITH_REMARK), *rows]) + "\n"


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("apart", [1, 2, 5])
def test_a_remark_that_swallows_rows_refuses_the_file_and_names_its_row(tmp_path: Path, sign: str, apart: int):
    data = lines("正常", '"正常', *["正常"] * (apart - 1), '正常"', "正常", sign=sign)
    result = gate(tmp_path, data)
    assert [(f.code, f.row) for f in result.findings] == [("quote-swallows-rows", 3)]
    assert (result.accepted, result.received, result.quarantined) == (0, apart + 4, apart + 4)


def test_an_open_quote_that_the_next_quoted_cell_closes_is_found_too(tmp_path: Path):
    result = gate(tmp_path, lines("好", '"好', "好", '"好"', "好"))
    assert [(f.code, f.row) for f in result.findings] == [("quote-swallows-rows", 3)]


@pytest.mark.parametrize("cell", ["西兴街道\n某路 1 号", "一，\n\n二、\n三", "a, b\nc, d", '他说""好""\n完'])
def test_a_cell_of_several_lines_is_one_cell(tmp_path: Path, cell: str):
    result = gate(tmp_path, lines("好", f'"{cell}"', "好"))
    assert (result.received, result.accepted) == (3, 3)


@pytest.mark.parametrize("where", [0, 20, 58])
def test_an_unclosed_quote_is_told_with_its_row_and_not_as_a_password(tmp_path: Path, where: int):
    rows = sheet(*(row(n) for n in range(1, 60))).splitlines()
    rows[where + 1] = rows[where + 1].replace("330108-F", '"330108-F')
    result = gate(tmp_path, "\n".join(rows) + "\n")
    assert [(f.code, f.row) for f in result.findings] == [("quote-unclosed", where + 2)]
    assert (result.accepted, result.received) == (0, 60)
    (told,) = verdict(REGISTRY, result, AS_OF)["findings"]
    assert "双引号" in str(told) and "密码" not in str(told)


def test_records_that_the_engine_does_not_return_refuse_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delimited, "count_records", lambda *_: Records(9, (), False))
    result = gate(tmp_path, sheet(row(1), row(2)))
    assert [(f.code, f.row) for f in result.findings] == [("record-count-mismatch", None)]
    assert result.accepted == 0
