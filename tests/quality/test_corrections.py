"""Corrections: what people may write, how a mistake in it is told, and which findings one covers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from quality.corrections import load_corrections
from schemas.model import ContractError
from schemas.registry import load

ENTRY = {
    "code": "report-after-close",
    "table": "station_report",
    "column": "report_month",
    "key": {"station_id": "330108-F-0001", "report_month": "2025-03"},
    "reason_zh": "停用后由社区代为服务。",
    "reported_by": "数据专员",
    "reported_on": "2026-03-05",
    "source": "核实记录",
    "expires": "2026-12-31",
}
FINDING = {
    "code": "report-after-close",
    "table": "station_report",
    "column": "report_month",
    "key": {"area_code": "330108", "station_id": "330108-F-0001", "report_month": "2025-03"},
    "sender": "西兴",
    "file": "西兴/月报.csv",
}


def written(folder: Path, *entries: dict, name: str = "a.yml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(yaml.safe_dump({"corrections": list(entries)}, allow_unicode=True), "utf-8")
    return folder


def without(*names: str, **changes: object) -> dict:
    return {k: v for k, v in ENTRY.items() if k not in names} | changes


def test_all_files_of_a_folder_in_order_and_none_without_one(tmp_path):
    registry = load("binjiang")
    assert load_corrections(tmp_path / "no folder", registry) == ()
    written(tmp_path, without(code="row-orphan"), name="b.yaml")
    written(tmp_path, ENTRY, without("key", sender="西兴"))
    (tmp_path / "notes.txt").write_text("corrections: no", "utf-8")
    assert [c.place for c in load_corrections(tmp_path, registry)] == ["a.yml#1", "a.yml#2", "b.yaml#1"]


def test_the_last_day_counts(tmp_path):
    (correction,) = load_corrections(written(tmp_path, ENTRY), load("binjiang"))
    assert correction.in_force(date(2026, 12, 31)) and not correction.in_force(date(2027, 1, 1))


@pytest.mark.parametrize(
    "entry, finding, covered",
    [
        (ENTRY, {}, True),
        (ENTRY, {"key": {"station_id": "330108-F-0001", "report_month": "2025-04"}}, False),
        (ENTRY, {"key": None}, False),
        (ENTRY, {"code": "report-before-open"}, False),
        (ENTRY, {"column": "station_id"}, False),
        (without("column"), {"column": "station_id"}, True),
        (without(key={"station_id": "330108-F-0001"}), {"key": {"station_id": "330108-F-0001"}}, True),
        (without(sender="西兴"), {"sender": "长河"}, False),
        (without("key", "table", "column", sender="西兴"), {"key": None, "table": None, "column": None}, True),
        (without("key", file="西兴/月报.csv"), {}, True),
        (without("key", file="西兴/月报.csv"), {"file": "西兴/月报2.csv"}, False),
    ],
)
def test_a_correction_covers_what_it_names(tmp_path, entry, finding, covered):
    (correction,) = load_corrections(written(tmp_path, entry), load("binjiang"))
    assert correction.covers(FINDING | finding) is covered


@pytest.mark.parametrize(
    "entry, said",
    [
        (without("expires"), "expires: 没有填写 is missing"),
        (without("reason_zh"), "reason_zh"),
        (without(source=""), "source: 不能为空"),
        (without(expiry="2026-12-31"), "expiry: 没有这一项 there is no such key"),
        (without(expires="soon"), "expires: 应为日期"),
        (without(expires="2026-01-01"), "expires before it was reported"),
        (without("key"), "key, sender or file"),
        (without("table"), "a key needs its table"),
        (without(code="report-after-closing"), "no finding is called report-after-closing"),
        (without(table="core_station"), "no such table of filings: core_station"),
        (without(key={"station_name": "x"}), "station_name is not in the key of station_report"),
        (without(column="colour"), "station_report has no colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_told_with_file_and_number(tmp_path, entry, said):
    written(tmp_path, ENTRY, entry)
    with pytest.raises(ContractError) as told:
        load_corrections(tmp_path, load("binjiang"))
    assert "corrections/a.yml 第 2 条 entry 2: " in str(told.value) and said in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "text, said",
    [
        (b"corrections: [", "a.yml"),
        (b"- code: x", "a list under each of the keys corrections"),
        (b"correction: []", "a list under each of the keys corrections"),
        (b"corrections: {}", "a list under each of the keys corrections"),
        (b"corrections:\n  - code: a\n    code: b\n", "given twice: code"),
        (b"\xd6\xd0\xb9\xfa", "utf-8"),
    ],
)
def test_a_file_that_is_no_list_of_corrections_is_named(tmp_path, text, said):
    (tmp_path / "a.yml").write_bytes(text)
    with pytest.raises(ContractError) as told:
        load_corrections(tmp_path, load("binjiang"))
    assert "corrections/a.yml: " in str(told.value) and said in str(told.value)
    assert "\n" not in str(told.value)


def test_keys_are_text_as_they_are_written(tmp_path):
    """0104 is no octal number and 2025-03-01 no date."""
    text = (
        "corrections:\n  - code: row-orphan\n    table: filing_document\n"
        "    key: {provider_id: 0104, issued_on: 2025-03-01}\n"
        "    reason_zh: x\n    reported_by: x\n    reported_on: 2026-01-01\n    source: x\n    expires: 2026-02-01\n"
    )
    (tmp_path / "a.yml").write_text(text, "utf-8")
    (correction,) = load_corrections(tmp_path, load("binjiang"))
    assert correction.entry.key == {"provider_id": "0104", "issued_on": "2025-03-01"}
