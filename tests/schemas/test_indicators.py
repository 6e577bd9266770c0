"""Definitions of indicators: whole, bilingual, about columns there are, and one SELECT that two engines read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from schemas.compile.indicators import indicators_select
from schemas.indicator import Indicator
from schemas.model import ContractError
from schemas.registry import load, profiles

DISTRICTS = [slug for slug in profiles() if not load(slug).profile.abstract]
INDICATORS = load("binjiang").indicators
HAN = re.compile(r"[\u4e00-\u9fff]")
OWN = {
    "title_zh": "托位缺口",
    "title_en": "Places short",
    "formula_zh": "3岁以下人口减托位总数。",
    "formula_en": "Children under three less places.",
    "from": "measure_area_total",
    "value": "under_three_count - place_total",
    "unit": "place",
    "direction": "lower",
    "kind": "stock",
    "by": ["subdistrict"],
    "inputs": [{"code": "population_under_three", "missing_when": "under_three_count IS NULL"}],
    "source": "project",
    "definition_version": "1",
}


def _district(folder: Path, indicators: dict) -> Path:
    (folder / "indicators").mkdir(parents=True)
    profile = {"slug": "elsewhere", "extends": "cn", "title_zh": "某区", "title_en": "Elsewhere"}
    (folder / "profile.yml").write_text(yaml.safe_dump(profile, allow_unicode=True), "utf-8")
    (folder / "indicators" / "own.yml").write_text(yaml.safe_dump(indicators, allow_unicode=True), "utf-8")
    return folder


@pytest.mark.parametrize("indicator", INDICATORS.values(), ids=lambda i: i.code)
def test_a_definition_explains_itself_in_both_languages(indicator: Indicator) -> None:
    assert HAN.search(indicator.title_zh) and indicator.formula_zh.endswith("。")
    assert not HAN.search(indicator.title_en + indicator.formula_en) and indicator.formula_en.endswith(".")
    assert all(target.source for target in indicator.targets)


@pytest.mark.parametrize("indicator", INDICATORS.values(), ids=lambda i: i.code)
def test_a_formula_is_about_columns_of_its_table(indicator: Indicator) -> None:
    said = [indicator.value, indicator.estimated_when, *(needed.missing_when for needed in indicator.inputs)]
    trees = [sqlglot.parse_one(text, dialect="spark") for text in said if text]
    columns = {column.name for tree in trees for column in tree.find_all(exp.Column)}
    assert columns <= set(load("binjiang").tables[indicator.table].field_names)


@pytest.mark.parametrize("profile", DISTRICTS)
def test_all_values_are_one_select_that_spark_reads_too(profile: str) -> None:
    [tree] = sqlglot.parse(indicators_select(load(profile)), dialect="spark", error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, exp.Select)
    assert not list(tree.find_all(exp.Qualify, exp.Lambda, exp.Struct, exp.IgnoreNulls))


def test_a_target_and_the_currency_are_those_of_the_profile() -> None:
    taiwan = load("taiwan-sfaa").indicators
    assert INDICATORS["IND-03"].target.value == load("cn").indicators["IND-03"].target.value
    assert taiwan["IND-03"].target is None and load("cn").indicators["IND-05"].target is None
    assert (INDICATORS["IND-10"].unit, taiwan["IND-10"].unit) == ("cny_per_month", "twd_per_month")


def test_plan_targets_are_received_by_the_words_of_the_definitions() -> None:
    entries = {e.code: e for e in load("binjiang").codelists["indicator"].entries}
    assert set(entries) == set(INDICATORS)
    assert "千人托位数" in entries["IND-03"].aliases and "驿站数" in entries["IND-20.stations"].aliases


def test_a_district_adds_an_indicator_with_one_file(tmp_path: Path) -> None:
    registry = load(_district(tmp_path / "district", {"OWN-1": OWN}))
    assert registry.indicators["OWN-1"].value == OWN["value"]
    assert "OWN-1" in registry.codelists["indicator"].codes
    assert "under_three_count - place_total" in indicators_select(registry)


def test_a_district_s_own_indicator_of_a_protected_count_says_so(tmp_path: Path) -> None:
    own = OWN | {"value": "enrolled_total", "protects": {"measure": "enrolled_children"}}
    assert load(_district(tmp_path / "district", {"OWN-1": own})).indicators["OWN-1"].protects


@pytest.mark.parametrize("table", ["measure_area_total", "measure_provider_total", "measure_station_total"])
def test_protected_totals_are_marked_by_what_can_be_withheld(table: str) -> None:
    """Each total of people or households among the measures, and each measure by its code list."""
    registry = load("binjiang")
    fields = {f.name: f for f in registry.tables[table].fields}
    people = {n for n in fields if re.search(r"(enrolled|visit|household)_total$", n)}
    assert people and people == {n for n, f in fields.items() if f.protects}
    assert {f.protects[0] for f in fields.values() if f.protects} <= set(registry.codelists["protected_measure"].codes)


@pytest.mark.parametrize(
    ("code", "changed", "says"),
    [
        ("IND-01", {}, "defined twice"),
        ("OWN-1", {"from": "open_provider"}, "no table measure_"),
        ("OWN-1", {"unit": "furlong"}, "code list unit"),
        ("OWN-1", {"by": ["service_form"]}, "does not tell service forms apart"),
        ("OWN-1", {"answers": ["weather"]}, "code list consultation_question"),
        ("OWN-1", {"inputs": [{"code": "luck"}]}, "code list indicator_input"),
        ("OWN-1", {"value": None, "inputs": []}, "names the input that is missing"),
        ("OWN-1", {"from": "measure_guidance_total"}, "no table measure_"),
        ("OWN-1", {"value": "enrolled_total"}, "say protects: .measure: enrolled_children, member: _T"),
        ("OWN-1", {"value": 'under_three_count - "Enrolled_Total"'}, "enrolled_total gives a protected count back"),
        ("OWN-1", {"estimated_when": "enrolled_total < 3"}, "enrolled_total gives a protected count back"),
        ("OWN-1", {"value": "enrolled_total", "protects": {"measure": "child_visits"}}, "measure: enrolled_children"),
        ("OWN-1", {"from": "measure_station_total", "value": "home_visit_total",
                   "protects": {"measure": "guided_households"}}, "member: home_visit"),
        ("OWN-1", {"value": "(SELECT max(enrolled_count) FROM core_provider)"}, "columns of measure_area_total"),
        ("own 1", {}, "such as IND-03"),
        ("OWN-1", {"valeu": "1"}, "valeu"),
    ],
)
def test_a_definition_that_cannot_be_meant_does_not_load(tmp_path: Path, code: str, changed: dict, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        load(_district(tmp_path / "district", {code: OWN | changed}))
