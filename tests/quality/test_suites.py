"""Great Expectations runs people's opinions: pass, fail, and "could not be checked" are three things."""

from __future__ import annotations

import pandas as pd
import pytest

from quality.suites import FOLDER, Opinion, check_expectations, opinions
from schemas.registry import load

NOT_NULL = "expect_column_values_to_not_be_null"


@pytest.fixture
def table():
    return load("binjiang").tables["open_places_by_subdistrict"]


def opinion(expectation: str, severity: str = "error", **arguments) -> Opinion:
    return Opinion(
        code=expectation.replace("_", "-"), expectation=expectation, arguments=arguments, severity=severity,
        says_zh="说明", says_en="says", source="test",
    )  # fmt: skip


def test_a_kept_opinion_passes_and_a_broken_one_fails_with_its_count(table):
    pair = opinions("open_places_by_subdistrict")
    good = pd.DataFrame({"place_total": [3, 5], "inclusive_place_total": [3, 0]})
    bad = pd.DataFrame({"place_total": [3, 5], "inclusive_place_total": [4, 6]})
    assert [r.passed for r in check_expectations(table, good, pair)] == [True]
    [result] = check_expectations(table, bad, pair)
    assert (result.passed, result.severity, result.failed_count) == (False, "error", 2)


@pytest.mark.parametrize(("severity", "blocks"), [("error", True), ("warning", False)])
def test_a_crash_is_a_state_of_its_own_and_blocks_where_a_failure_would(table, severity, blocks):
    held = (opinion("expect_column_values_to_not_be_null", severity=severity, column="no_such_column"),)
    [result] = check_expectations(table, pd.DataFrame({"a": [1]}), held)
    assert (result.state, result.passed, result.blocks) == ("crashed", False, blocks)
    assert result.failed_count == 0
    assert "未能检查" in result.description_zh and "ould not be checked" in result.description_en


def test_an_error_fails_and_anything_less_warns(table):
    frame = pd.DataFrame({"a": [None, 1]})
    states = {
        severity: check_expectations(table, frame, (opinion(NOT_NULL, severity=severity, column="a"),))[0].state
        for severity in ("error", "warning", "info")
    }
    assert states == {"error": "failed", "warning": "warned", "info": "warned"}


def test_results_hold_counts_and_never_values(table):
    held = (opinion("expect_column_values_to_be_in_set", column="a", value_set=["x"]),)
    [result] = check_expectations(table, pd.DataFrame({"a": ["秘密", "x"]}), held)
    assert result.failed_count == 1
    assert "秘密" not in str(result)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda p: p.stem)
def test_every_file_is_about_an_open_table_and_its_columns(path):
    table = load("binjiang").tables[path.stem]
    assert table.layer == "open"
    for held in opinions(path.stem):
        columns = {v for k, v in held.arguments.items() if k in ("column", "column_A", "column_B")}
        assert columns <= set(table.field_names)
