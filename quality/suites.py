"""Great Expectations over an open table: asking it, and its opinion on the table's contract.

What belongs here: the contract in the words of Great Expectations, compiled from the same list as DuckDB's checks.
What does not: what people expect beyond it (opinions.py), deciding by the contract (checks.py). An engine that nobody
contradicts can be wrong for years: a contract's table is written only when both engines say the same.
Great Expectations takes seconds to import, so it is imported when a suite is run and not before.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from quality.checks import CheckResult, check_table
from schemas.compile.constraints import Constraint, code_list_pattern, table_constraints
from schemas.compile.duckdb import order_by
from schemas.compile.rules import row_rules
from schemas.model import Table
from schemas.registry import Registry

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: the code of the check that both engines say the same of a contract
DISAGREE = "engines-disagree"
#: rows of a table that are looked at twice, the first by key: Great Expectations holds them in memory as a frame
TWICE_ROWS = 50_000

#: counts only: a value in a result would end in Dagster's database
COUNTS = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Expected:
    """Something a contract asks, in Great Expectations' words: the finding's code and column, and the question."""

    code: str
    column: str | None
    expectation: str
    arguments: dict[str, Any]


def second_opinion(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    table: Table,
    relation: str,
    as_of: date,
    first: Sequence[CheckResult] = (),
) -> CheckResult:
    """Whether the contract holds for Great Expectations where it holds for DuckDB, row rules in SQL aside.

    Of a large table the first rows by key are asked about. ``first``: what DuckDB said of all rows, if it was asked.
    A question that crashes is a warning; another answer is an error, whoever is right."""
    rows = f"(FROM {relation} ORDER BY {order_by(table)} LIMIT {TWICE_ROWS})"
    if not first or max(r.evaluated_count for r in first) > TWICE_ROWS:
        first = check_table(con, registry, table, rows, as_of)
    told = {(r.code, r.column): not r.failed_count for r in first}
    asked = list(contract_expectations(registry, table, as_of))
    questions = [(e.expectation, e.arguments) for e in asked]
    outcomes = validated(table.name, frame_of(con, f"FROM {rows}"), questions, {"result_format": "BOOLEAN_ONLY"})
    answered = [(e.code, e.column, bool(o.success)) for e, o in zip(asked, outcomes, strict=True) if not crashed(o)]
    differ = [f"{code} {column or ''}" for code, column, passed in answered if told[code, column] != passed]
    return _compared(registry, table, differ, len(asked) - len(answered), len(asked))


def _compared(registry: Registry, table: Table, differ: list[str], crashed: int, asked: int) -> CheckResult:
    text = registry.finding(DISAGREE)
    unasked_zh, unasked_en = (f"{crashed} 项未能检查", f"{crashed} could not be checked") if crashed else ("", "")
    return CheckResult(
        code=DISAGREE,
        table=table.name,
        state="failed" if differ else "crashed" if crashed else "passed",
        severity="error" if differ else "warning",
        failed_count=len(differ) + crashed,
        evaluated_count=asked,
        description_zh="；".join(filter(None, [text.says_zh, *differ, unasked_zh])),
        description_en="; ".join(filter(None, [text.says_en, *differ, unasked_en])),
        threshold={"limit": "0"},
        source=text.source,
        dq=text.dq,
    )


def frame_of(con: duckdb.DuckDBPyConnection, select: str) -> pd.DataFrame:
    """Rows as Arrow-backed columns: decimals, large whole numbers beside missing ones, and days stay exact."""
    import pandas as pd

    con.complete()  # whatever a single fetch has left behind
    return con.sql(select).to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)


def contract_expectations(registry: Registry, table: Table, as_of: date) -> Iterator[Expected]:
    """What the contract asks of one table: its key, its constraints, and rules that compare two of its columns.

    Other rules are SQL and have no words in Great Expectations; foreign keys are looked up before a release."""
    if len(table.key) == 1:
        yield Expected("key-duplicate", None, "expect_column_values_to_be_unique", {"column": table.key[0]})
    else:
        arguments = {"column_list": list(table.key), "ignore_row_if": "never"}
        yield Expected("key-duplicate", None, "expect_compound_columns_to_be_unique", arguments)
    for constraint in table_constraints(registry, table):
        yield Expected(constraint.code, constraint.column, *_words(constraint))
    for rule in row_rules(registry, table, as_of):
        if pair := _PAIR.fullmatch(rule.predicate or ""):
            yield Expected(rule.code, rule.column, *_pair(*pair.groups()))


def _words(constraint: Constraint) -> tuple[str, dict[str, Any]]:
    """The expectation that a constraint is, and its arguments."""
    column, value = {"column": constraint.column}, constraint.value
    match constraint.kind:
        case "required":
            return "expect_column_values_to_not_be_null", column
        case "codes":
            return "expect_column_values_to_be_in_set", column | {"value_set": list(value)}
        case "code_list":
            return _REGEX, column | {"regex": _whole(code_list_pattern(value))}
        case "shape" | "pattern":
            return _REGEX, column | {"regex": _whole(value)}
        case "min_length":
            return "expect_column_value_lengths_to_be_between", column | {"min_value": value}
        case "max_length":
            return "expect_column_value_lengths_to_be_between", column | {"max_value": value}
        case "minimum":
            return "expect_column_values_to_be_between", column | {"min_value": _outward(value, -math.inf)}
        case "maximum":
            return "expect_column_values_to_be_between", column | {"max_value": _outward(value, math.inf)}


_REGEX = "expect_column_values_to_match_regex"


def _whole(pattern: str) -> str:
    """For the whole text (Python's `$` would let a line feed follow), and with no group to be extracted."""
    plain = re.sub(r"(\\.|\[(?:\\.|[^\]])+\])|\(", lambda part: part[1] or "(?:", pattern, flags=re.DOTALL)
    return rf"\A(?:{plain})\Z"


def _outward(bound: Decimal, towards: float) -> int | float:
    """A whole bound as it is; of another the float just beyond it, for Great Expectations makes floats of bounds
    and 0.1 as a float is more than 0.1 as a decimal."""
    return int(bound) if bound == bound.to_integral_value() else math.nextafter(float(bound), towards)


#: a rule that fails where one column is less, or not more, than another
_PAIR = re.compile(r"([a-z_0-9]+) (<|<=|>|>=) ([a-z_0-9]+)")


def _pair(left: str, sign: str, right: str) -> tuple[str, dict[str, Any]]:
    """What must hold where `left sign right` must not; a pair with an absent half fails nothing."""
    larger, smaller = (left, right) if sign.startswith("<") else (right, left)
    arguments = {"column_A": larger, "column_B": smaller, "or_equal": not sign.endswith("=")}
    arguments |= {"ignore_row_if": "either_value_is_missing"}
    return "expect_column_pair_values_a_to_be_greater_than_b", arguments


def validated(
    name: str, frame: pd.DataFrame, asked: Sequence[tuple[str, dict[str, Any]]], result_format: dict[str, Any] = COUNTS
) -> list[Any]:
    """Great Expectations' own result of each (expectation, arguments), in order.

    One whose arguments it does not even take has crashed, like one that raises when it is asked."""
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    batch = _staged().get_batch({"dataframe": frame})
    questions = []
    outcomes: list[Any] = [SimpleNamespace(success=False, result={}, exception_info=_RAISED)] * len(asked)
    for number, (expectation, arguments) in enumerate(asked):
        question = ExpectationConfiguration(type=expectation, kwargs=arguments, meta={"asked": number})
        with suppress(Exception):  # whatever is wrong with one question, the others are asked
            questions.append(question.to_domain_obj())
    results = batch.validate(gx.ExpectationSuite(name=name, expectations=questions), result_format=result_format)
    for result in results.results:
        outcomes[result.expectation_config.meta["asked"]] = result
    return outcomes


_RAISED = {"raised_exception": True}


@functools.cache
def _staged() -> Any:
    """Where frames are put to be asked about, once for a process: writing down its settings takes Great Expectations
    longer than a small table does."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("open").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("staged")


def crashed(outcome: Any) -> bool:
    """Whether a question could not be asked to its end: nothing is known then."""
    return any(
        info.get("raised_exception")
        for info in [outcome.exception_info, *outcome.exception_info.values()]
        if isinstance(info, dict)
    )
