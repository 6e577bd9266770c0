"""Great Expectations runs people's opinions. Passed, warned, failed, crashed and not evaluated are five things."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from pydantic import ValidationError

from quality.opinions import FOLDER, KL, MEDIAN, QUANTILES, ROWS, Opinion, check_expectations, opinions
from schemas.compile.duckdb import column_definitions
from schemas.registry import load
from tests.assets.release import house

NOT_NULL = "expect_column_values_to_not_be_null"
STEADY = {"against": "last_version", "tolerance": [0.2, 0.2]}


@pytest.fixture
def asked():
    """Asks opinions about a frame of columns `k`, `a`, and of the last version if it is given; their results."""
    table = house.table("open_thing", ("k",), [house.field("k", "integer"), house.field("a", "integer")])

    def ask(now: dict, *held: Opinion, last: dict | None = None):
        con = duckdb.connect()
        for name, columns in (("now", now), ("before", last)):
            if columns is not None:
                length = len(next(iter(columns.values())))
                con.register(name, pd.DataFrame({"k": range(length)} | columns))
        return check_expectations(con, table, "now", "before" if last else None, held)

    return ask


def opinion(expectation: str, severity: str = "error", about: dict | None = None, **arguments) -> Opinion:
    return Opinion(
        code=expectation.replace("_", "-"), expectation=expectation, arguments=arguments, severity=severity,
        says_zh="说明", says_en="says", source="test", **about or {},
    )  # fmt: skip


def test_a_kept_opinion_passes_and_a_broken_one_fails_with_its_count(asked):
    pair = opinion("expect_column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="b", or_equal=True)
    assert [r.state for r in asked({"a": [3, 5], "b": [3, 0]}, pair)] == ["passed"]
    [result] = asked({"a": [3, 5], "b": [4, 6]}, pair)
    assert (result.state, result.blocks, result.failed_count, result.evaluated_count) == ("failed", True, 2, 2)


def test_an_error_fails_and_anything_less_warns(asked):
    held = [opinion(NOT_NULL, s, column="a").model_copy(update={"code": s}) for s in ("error", "warning", "info")]
    assert [r.state for r in asked({"a": [None, 1]}, *held)] == ["failed", "warned", "warned"]


@pytest.mark.parametrize(("severity", "blocks"), [("error", True), ("warning", False)])
@pytest.mark.parametrize(
    ("expectation", "arguments"),
    [
        (NOT_NULL, {"column": "no_such_column"}),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "("}),  # raises while it is asked
        ("expect_column_mean_to_be_between", {"column": "a", "min_value": "x"}),  # is not even taken
        ("expect_no_such_thing", {"column": "a"}),
    ],
)
def test_a_crash_is_a_state_of_its_own_and_blocks_where_a_failure_would(
    asked, severity, blocks, expectation, arguments
):
    crashing, other = opinion(expectation, severity, **arguments), opinion(ROWS, min_value=1)
    result, beside = asked({"a": ["秘密", "x"]}, crashing, other)
    assert (result.state, result.passed, result.blocks) == ("crashed", False, blocks)
    assert (result.failed_count, result.evaluated_count) == (0, 0)
    assert "未能检查" in result.description_zh and "ould not be checked" in result.description_en
    assert "秘密" not in str(result) and beside.state == "passed"


def test_results_hold_counts_and_never_values(asked):
    [result] = asked({"a": ["秘密", "x"]}, opinion("expect_column_values_to_be_in_set", column="a", value_set=["x"]))
    assert result.failed_count == 1
    assert "秘密" not in str(result)


@pytest.mark.parametrize(
    ("now", "about"),
    [({"a": [None, None]}, {}), ({"a": [1, 2]}, {"rows": "k > 7"}), ({"a": [1, 2, None]}, {"least": 3})],
)
def test_what_there_is_nothing_to_judge_by_is_not_evaluated_and_has_not_passed(asked, now, about):
    [result] = asked(now, opinion(MEDIAN, about=about, column="a", min_value=0))
    assert (result.state, result.passed, result.blocks) == ("not_evaluated", False, False)
    assert result.description_zh.startswith("未评估")


def test_only_the_rows_that_are_meant_are_asked_about(asked):
    held = opinion(NOT_NULL, about={"rows": "k < 2"}, column="a")
    [result] = asked({"a": [1, 2, None]}, held)
    assert (result.state, result.evaluated_count) == ("passed", 2)


@pytest.mark.parametrize(("now", "state"), [([9, 10, 11], "passed"), ([12, 13, 14], "failed"), ([5, 6, 7], "failed")])
def test_bounds_come_from_the_last_version(asked, now, state):
    [result] = asked({"a": now}, opinion(MEDIAN, about=STEADY, column="a"), last={"a": [1, 10, 100]})
    assert result.state == state
    told = result.threshold
    assert (told["last"], told["bounds"], told["observed"], told["tolerance"]) == (10, [8, 12], now[1], [0.2, 0.2])


def test_without_a_last_version_or_with_one_of_another_shape_it_is_not_evaluated(asked):
    held = opinion(MEDIAN, about=STEADY, column="a"), opinion(ROWS, about=STEADY | {"rows": "a > 0"})
    for last in (None, {"b": [1, 2, 3]}):
        assert [r.state for r in asked({"a": [1, 2, 3]}, *held, last=last)] == ["not_evaluated"] * 2


def test_an_emptied_table_is_no_missing_one(asked):
    [result] = asked({"a": []}, opinion(ROWS, about=STEADY), last={"a": range(10)})
    assert (result.state, result.threshold["bounds"]) == ("failed", [8, 12])


def test_quantiles_and_shares_are_held_against_the_last_version(asked):
    quantiles = opinion(QUANTILES, about=STEADY, column="a", quantiles=[0.25, 0.75])
    shares = opinion(KL, about={"against": "last_version"}, column="b", threshold=0.1)
    last = {"a": range(0, 400, 10), "b": ["x"] * 20 + ["y"] * 20}
    assert [r.state for r in asked(last, quantiles, shares, last=last)] == ["passed", "passed"]
    moved = {"a": range(200, 600, 10), "b": ["x"] * 20 + ["z"] * 20}
    results = asked(moved, quantiles, shares, last=last)
    assert [r.state for r in results] == ["failed", "failed"]
    assert results[1].threshold["last"] == {"x": 0.5, "y": 0.5}


@pytest.mark.parametrize(
    "wrong", [{"against": "last_version"}, {"tolerance": [0.1, None]}, STEADY | {"expectation": NOT_NULL}, {"leest": 1}]
)
def test_an_entry_that_contradicts_itself_does_not_load(wrong):
    given = {"code": "x", "expectation": MEDIAN, "says_zh": "a", "says_en": "a", "source": "a"}
    with pytest.raises(ValidationError):
        Opinion(**given | wrong)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda p: p.stem)
def test_every_file_is_about_an_open_table_and_its_columns(path):
    table = load("binjiang").tables[path.stem]
    assert table.layer == "open"
    con = duckdb.connect()
    con.execute(f"CREATE TABLE {table.name} ({column_definitions(table.fields)})")
    for held in opinions(path.stem):
        columns = {v for k, v in held.arguments.items() if k in ("column", "column_A", "column_B")}
        assert columns <= set(table.field_names)
        con.execute(f"FROM {table.name} WHERE {held.rows or True}")
        assert held.dq and held.source and held.says_zh != held.says_en
    codes = [held.code for held in opinions(path.stem)]
    assert len(set(codes)) == len(codes)
