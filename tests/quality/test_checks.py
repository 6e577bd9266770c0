"""Checks before a table is written, and rules that compare tables."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.raw.identify import lay_out as identities
from quality.checks import check_table
from quality.cross_rules import cross_rule_texts, cross_rules, lay_out
from quality.findings import Finding, explain, finding_text
from quality.templates.make import make_template
from schemas.compile.duckdb import column_definitions
from schemas.model import ContractError
from schemas.registry import load, profiles

REGISTRY = load("binjiang")
AS_OF = date(2026, 3, 31)


def table_of(con: duckdb.DuckDBPyConnection, name: str, *rows: dict, relation: str | None = None) -> str:
    """A typed, otherwise empty table of the contract, holding the rows."""
    relation = relation or name
    con.execute(f"CREATE TABLE {relation} ({column_definitions(REGISTRY.tables[name].fields)})")
    for number, row in enumerate(rows, 1):
        row = {"source_sha256": "a" * 64, "source_sheet": "", "source_row": number} | row
        names = ", ".join(row)
        con.execute(f"INSERT INTO {relation} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    return relation


STATION = "330108-F-000001"
REPORT = {
    "area_code": "330108", "station_id": STATION, "report_month": "2026-01", "open_day_count": 20,
    "child_visit_count": 9, "activity_count": 2, "source_code": "x", "received_on": AS_OF,
}  # fmt: skip


def failed(*rows: dict) -> dict[str, int]:
    con = duckdb.connect()
    table = REGISTRY.tables["station_report"]
    results = check_table(con, REGISTRY, table, table_of(con, "station_report", *rows), AS_OF)
    assert len({r.name for r in results}) == len(results)
    return {r.name: r.failed_count for r in results if r.failed_count}


def test_a_good_table_passes_all_its_checks():
    assert failed(REPORT, REPORT | {"report_month": "2026-02"}) == {}


def test_each_broken_rule_is_counted():
    assert failed(REPORT, REPORT) == {"key_duplicate": 2}
    assert failed(REPORT | {"open_day_count": None}) == {"value_missing__open_day_count": 1}
    assert failed(REPORT | {"open_day_count": -1}, REPORT | {"report_month": "2026-13"}) == {
        "value_below_minimum__open_day_count": 1,
        "value_type__report_month": 1,
    }


@pytest.mark.parametrize("name", sorted(REGISTRY.tables))
def test_every_contract_compiles_and_an_empty_table_passes(name: str):
    con = duckdb.connect()
    table = REGISTRY.tables[name]
    results = check_table(con, REGISTRY, table, table_of(con, name), AS_OF)
    assert {r.state for r in results} <= {"passed", "not_evaluated"}
    assert len({r.name for r in results}) == len(results)


def test_cross_rules_have_whole_headers_and_can_be_asked_of_empty_tables():
    intake = {t.name for t in REGISTRY.layer("intake")}
    con = duckdb.connect()
    for table in intake:
        table_of(con, table)
    con.execute("CREATE TABLE profile_run AS SELECT DATE '2026-03-31' AS as_of_on")
    con.execute("CREATE TABLE profile_codelist(list_name VARCHAR, code VARCHAR, title_zh VARCHAR, parent VARCHAR)")
    identities(con, REGISTRY.tables["filing_identity"], (), [], {})
    lay_out(con)
    assert cross_rules()
    for rule in cross_rules():
        assert rule.table in intake
        assert rule.column in REGISTRY.tables[rule.table].field_names
        if select := rule.select(REGISTRY.parameters(AS_OF)):
            found = con.execute(f"SELECT source_sha256, source_sheet, source_row, value FROM ({select})").fetchall()
            assert found == []


def test_a_rule_between_tables_without_its_figure_is_not_evaluated():
    rule = next(r for r in cross_rules() if r.code == "receipt-late")
    assert rule.missing({}) == ("receipt_workdays_max",) and rule.select({}) is None
    (figure,) = [p for p in REGISTRY.all_parameters() if p.code == "receipt_workdays_max"]
    assert "> 5" in rule.select({figure.code: figure})


HEADER = {
    "code": "x", "severity": "error", "table": "station", "says_zh": "错", "says_en": "wrong", "advice_zh": "改",
    "advice_en": "mend",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"severity": "eror"}, "severity"),
        ({"advice_en": ""}, "advice_en"),
        ({"colum": "station_id"}, "colum"),
    ],
)
def test_a_wrong_header_of_a_rule_names_the_file(tmp_path: Path, change: dict, said: str):
    lines = [f"-- {key}: {value}" for key, value in (HEADER | change).items()]
    (tmp_path / "my_rule.sql").write_text("\n".join([*lines, "SELECT 1", "-- not: a header", ""]), encoding="utf-8")
    with pytest.raises(ContractError, match=rf"my_rule\.sql.*{said}"):
        cross_rules(tmp_path)


def test_a_whole_header_is_enough(tmp_path: Path):
    lines = [f"-- {key}: {value}" for key, value in HEADER.items()]
    (tmp_path / "my_rule.sql").write_text("\n".join([*lines, "SELECT 1", "-- not: a header", ""]), encoding="utf-8")
    (rule,) = cross_rules(tmp_path)
    assert (rule.code, rule.severity, rule.table, rule.column) == ("x", "error", "station", None)
    assert (rule.parameters, rule.text.implements) == ((), ())


def test_a_rule_that_uses_a_figure_it_does_not_list_names_it(tmp_path: Path):
    lines = [f"-- {key}: {value}" for key, value in (HEADER | {"parameters": "lease_months_min"}).items()]
    (tmp_path / "my_rule.sql").write_text("\n".join([*lines, "SELECT $age_limit_months", ""]), encoding="utf-8")
    (rule,) = cross_rules(tmp_path)
    with pytest.raises(ContractError, match="age_limit_months"):
        rule.select(REGISTRY.parameters(AS_OF))


def test_a_finding_is_explained_in_two_languages():
    finding = Finding("value-type", "error", "station_report", "a.csv", "", 3, "open_day_count", "很多", "0")
    told = explain(REGISTRY, finding)
    assert told["says_zh"] and told["says_en"] and told["row"] == 3
    assert told["advice_zh"] == finding_text(REGISTRY, "value-type").advice_by_type["integer"][0]
    assert explain(REGISTRY, replace(finding, code="report-before-open"))["says_zh"].startswith("月报")


def test_the_figures_in_a_text_are_those_in_force_on_the_day():
    finding = Finding("class-size-above-cap", "error", "filing_class", "a.csv", "", 3, "place_count", "31", "0")
    for told in (explain(REGISTRY, finding), explain(REGISTRY, finding, AS_OF)):
        assert "托小班 15 人" in told["advice_zh"] and "{" not in told["advice_zh"]
    told = explain(REGISTRY, finding, date(1990, 1, 1))["advice_zh"]
    assert "本地区未规定" in told and "{" not in told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_text_leaves_a_placeholder_whatever_the_profile_and_the_field(language):
    for registry in map(load, profiles()):
        for code in [*registry.findings, *cross_rule_texts()]:
            for table in registry.layer("intake"):
                for column in (None, *table.field_names):
                    told = explain(registry, Finding(code, "error", table.name, column=column), AS_OF)
                    for key in (f"says_{language}", f"advice_{language}"):
                        assert not re.search(r"\{[a-z][a-z0-9_]*\}", told[key]), (code, table.name, column)


@pytest.mark.parametrize(
    "code, column, has, lacks",
    [
        ("value-type", "open_day_count", "整数", "日期"),
        ("value-type", "reported_on", "2026-03-31", "数字"),
        ("date-impossible", "report_month", "2026-03", "二月"),
        ("date-impossible", "reported_on", "二月", "01 到 12"),
        ("date-other-calendar", "report_month", "2026-03", "2026-03-31"),
        ("date-incomplete", "report_month", "2026-03", "2026-03-31"),
        ("date-ambiguous", "report_month", "2026-03", "2026-03-31"),
        ("date-range", "report_month", "2026-03", "起、止"),
    ],
)
def test_the_remedy_is_of_the_kind_of_the_column(code, column, has, lacks):
    advice = explain(REGISTRY, Finding(code, "error", "station_report", column=column))["advice_zh"]
    assert has in advice and lacks not in advice


@pytest.mark.parametrize(
    "table, column, refused", [("filing", "subdistrict_code", "全区"), ("filing", "service_modes", "不区分")]
)
def test_an_unknown_code_is_not_answered_with_one_that_another_rule_refuses(table, column, refused):
    def advice(name: str) -> str:
        return explain(REGISTRY, Finding("code-unknown", "error", name, column=column))["advice_zh"]

    offered = next(c for c in make_template(REGISTRY, table, AS_OF).columns if c.name == column).choices
    assert refused not in advice(table) and "、".join(offered) in advice(table)
    if column == "subdistrict_code":
        assert refused in advice("population")


def test_a_wrong_format_is_explained_by_an_example():
    field = REGISTRY.tables["filing"].field("credit_code")
    told = explain(REGISTRY, Finding("value-pattern", "error", "filing", "a.csv", "", 3, "credit_code", "O1", "0"))
    assert told["advice_zh"] == f"{field.hint_zh}例如 {field.example}"
    assert told["advice_en"] == f"{field.hint_en} For example {field.example}"
    assert re.fullmatch(field.constraints.pattern, field.example)
