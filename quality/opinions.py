"""What people expect of an open table: bands, completeness, orders of magnitude, and the table of the last version.

People write it in ``quality/expectations/<table>.yml`` and nothing generates it. Each entry is one expectation of Great
Expectations with its arguments; with `against: last_version` its bounds are not written but computed, from the same
table as it was published last and a tolerance. `severity`: error stops the table (critical), warning and info are told.
What belongs here: reading the entries, finding the bounds, and what the answer means. What does not: the engine
(suites.py), deciding by the contract (checks.py).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from quality.checks import CheckResult, State, failing_state
from quality.suites import crashed, validated
from schemas.compile.duckdb import order_by
from schemas.model import Severity, Table

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).parent / "expectations"

ROWS = "expect_table_row_count_to_be_between"
MEDIAN = "expect_column_median_to_be_between"
KL = "expect_column_kl_divergence_to_be_less_than"
QUANTILES = "expect_column_quantile_values_to_be_between"
#: what is computed of the last version for an expectation that is held against it; beside quantiles and shares
STATISTICS: dict[str, Callable[[Any], Any]] = {
    ROWS: len,
    MEDIAN: lambda values: float(values.median()),
    "expect_column_mean_to_be_between": lambda values: float(values.mean()),
    "expect_column_sum_to_be_between": lambda values: float(values.sum()),
}
#: expectations that count rows; all others make one statement about the whole table
_EACH_ROW = ("expect_column_values_", "expect_column_value_lengths_", "expect_column_pair_values_")
#: of a category that the last version did not have: this much of everything, or the divergence would have no end
_UNSEEN = 0.01


class Opinion(BaseModel):
    """One expectation: its own name, the name and arguments Great Expectations knows it by, and why.

    ``rows``: which rows it is about (SQL). ``against``: the bounds are those of the last version, give or take the
    ``tolerance``, a share below and above (None: no bound on that side). ``least``: values that either side must have
    before anything can be said. ``source`` says where a figure comes from, 本项目的判断 if it is ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    expectation: str
    arguments: dict[str, Any] = {}
    rows: str = ""
    against: Literal["last_version"] | None = None
    tolerance: tuple[float | None, float | None] = (None, None)
    least: int = Field(default=1, ge=1)
    severity: Severity = "warning"
    says_zh: str
    says_en: str
    source: str
    dq: str | None = None  # GB/T 36344-2018 sub-indicator

    @model_validator(mode="after")
    def _can_be_computed(self) -> Opinion:
        if self.against and self.expectation not in (*STATISTICS, KL, QUANTILES):
            raise ValueError(f"{self.code}: {self.expectation} cannot be held against the last version")
        if bool(self.against) == (self.tolerance == (None, None)) and self.expectation != KL:
            raise ValueError(f"{self.code}: a tolerance goes with `against`, and `against` with a tolerance")
        return self

    @property
    def column(self) -> str | None:
        return self.arguments.get("column")


@dataclass(frozen=True)
class Asked:
    """An opinion, the arguments it is asked with, and what the last version had; or why it cannot be asked (zh, en)."""

    opinion: Opinion
    arguments: dict[str, Any]
    last: Any = None
    unasked: tuple[str, str] | None = None


@functools.cache
def opinions(table: str, folder: Path = FOLDER) -> tuple[Opinion, ...]:
    """What people expect of a table; empty if nobody wrote anything."""
    path = folder / f"{table}.yml"
    if not path.exists():
        return ()
    return tuple(Opinion(**raw) for raw in yaml.safe_load(path.read_text("utf-8")))


def goes_on(table: str) -> bool:
    """Whether any opinion about a table needs the last version."""
    return any(opinion.against for opinion in opinions(table))


def check_expectations(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    relation: str,
    last: str | None = None,
    held: Sequence[Opinion] | None = None,
) -> list[CheckResult]:
    """One result per opinion about ``relation`` (the open table); ``last``: the same of the last version, if any.

    An expectation that crashes has not failed: it could not be checked, which is a state of its own. One that nothing
    can be held to, for want of rows or of a last version, is not evaluated."""
    results: dict[str, CheckResult] = {}
    held = opinions(table.name) if held is None else held
    for rows in dict.fromkeys(opinion.rows for opinion in held):
        frames = _Frames(con, table, relation, last, rows)
        asked = [_asked(opinion, frames) for opinion in held if opinion.rows == rows]
        questions = [(a.opinion.expectation, a.arguments) for a in asked if not a.unasked]
        outcomes = iter(validated(table.name, frames.now, questions) if questions else ())
        for one in asked:
            result = _unasked(table, one) if one.unasked else _result(table, one, next(outcomes), len(frames.now))
            results[one.opinion.code] = result
    return [results[opinion.code] for opinion in held]


@dataclass
class _Frames:
    """The rows that opinions are about, of the table as it is now and as it was published last."""

    con: duckdb.DuckDBPyConnection
    table: Table
    relation: str
    last: str | None
    rows: str

    @functools.cached_property
    def now(self) -> pd.DataFrame:
        return self._frame(self.relation)

    @functools.cached_property
    def before(self) -> pd.DataFrame | None:
        """None: there is no last version, or it did not have the columns that are asked about."""
        try:
            return None if self.last is None else self._frame(self.last)
        except duckdb.BinderException:
            return None

    def _frame(self, relation: str) -> pd.DataFrame:
        """Plain floats and objects: opinions are about magnitudes, and statistics of decimals are not everywhere."""
        where = f" WHERE {self.rows}" if self.rows else ""
        self.con.complete()  # whatever a single fetch has left behind
        return self.con.sql(f"FROM {relation}{where} ORDER BY {order_by(self.table)}").df()


def _asked(opinion: Opinion, frames: _Frames) -> Asked:
    """With which bounds an opinion is asked, or why it cannot be."""
    now = frames.now
    if opinion.expectation != ROWS and _values(now, opinion) < opinion.least:
        return Asked(opinion, {}, unasked=("数据太少", "too little data"))
    if not opinion.against:
        return Asked(opinion, opinion.arguments)
    before = frames.before
    if before is None or (opinion.column and opinion.column not in before):
        return Asked(opinion, {}, unasked=("没有上一版可比", "no last version to compare with"))
    if _values(before, opinion) < opinion.least:
        return Asked(opinion, {}, unasked=("上一版数据太少", "too little data in the last version"))
    try:
        return _against(opinion, before)
    except (TypeError, ValueError):  # no statistic of such a column: the engine is asked without bounds, and crashes
        return Asked(opinion, opinion.arguments)


def _values(frame: pd.DataFrame, opinion: Opinion) -> int:
    """How many values there are to judge by; where absence itself is judged, how many rows."""
    if opinion.column is None or opinion.column not in frame or "null" in opinion.expectation:
        return len(frame)
    return int(frame[opinion.column].count())


def _against(opinion: Opinion, before: pd.DataFrame) -> Asked:
    """The bounds that the last version sets."""
    values = before if opinion.column is None else before[opinion.column].dropna()
    if opinion.expectation == KL:
        shares = values.value_counts(normalize=True, sort=False).sort_index()
        last = {str(code): round(float(share), 4) for code, share in shares.items()}
        partition = {"values": list(shares.index), "weights": [float(share) for share in shares]}
        given = {"partition_object": partition, "tail_weight_holdout": _UNSEEN}
        return Asked(opinion, opinion.arguments | given, last)
    if opinion.expectation == QUANTILES:
        wanted = opinion.arguments["quantiles"]
        found = [float(value) for value in values.quantile(wanted, interpolation="nearest")]
        ranges = {"quantiles": wanted, "value_ranges": [list(_bounds(value, opinion)) for value in found]}
        return Asked(opinion, {"column": opinion.column, "quantile_ranges": ranges}, found)
    last = round(STATISTICS[opinion.expectation](values), 6)
    low, high = _bounds(last, opinion)
    return Asked(opinion, opinion.arguments | {"min_value": low, "max_value": high}, last)


def _bounds(value: float, opinion: Opinion) -> tuple[float | None, float | None]:
    """The value less and plus its tolerance; a count of rows in whole rows."""
    below, above = opinion.tolerance
    low = None if below is None else value * (1 - below)
    high = None if above is None else value * (1 + above)
    if opinion.expectation == ROWS:
        return low and math.ceil(round(low, 6)), high and math.floor(round(high, 6))
    return low and round(low, 6), high and round(high, 6)


def _unasked(table: Table, asked: Asked) -> CheckResult:
    """Nothing to hold it to: never a pass."""
    zh, en = asked.unasked or ("", "")
    said = f"未评估（{zh}）：{asked.opinion.says_zh}", f"Not evaluated ({en}): {asked.opinion.says_en}"
    return _told(table, asked, "not_evaluated", said, {}, (0, 0))


def _result(table: Table, asked: Asked, outcome: Any, rows: int) -> CheckResult:
    """Passed, warned or failed as Great Expectations says; crashed when it could not say."""
    opinion, counted = asked.opinion, outcome.result or {}
    if crashed(outcome):
        said = f"未能检查：{opinion.says_zh}", f"Could not be checked: {opinion.says_en}"
        return _told(table, asked, "crashed", said, {}, (0, 0))
    of_rows = opinion.expectation.startswith(_EACH_ROW)
    failed = int(counted.get("unexpected_count") or 0) if of_rows else int(not outcome.success)
    evaluated = int(counted.get("element_count") or 0) - int(counted.get("missing_count") or 0) if of_rows else rows
    observed = round(1 - failed / evaluated, 6) if of_rows and evaluated else _plain(counted.get("observed_value"))
    state: State = "passed" if outcome.success else failing_state(opinion.severity)
    said = opinion.says_zh, opinion.says_en
    return _told(table, asked, state, said, {"observed": observed}, (failed, evaluated))


def _told(
    table: Table, asked: Asked, state: State, said: tuple[str, str], more: dict[str, Any], counts: tuple[int, int]
) -> CheckResult:
    opinion = asked.opinion
    return CheckResult(
        code=opinion.code,
        table=table.name,
        state=state,
        severity=opinion.severity,
        failed_count=counts[0],
        evaluated_count=counts[1],
        description_zh=said[0],
        description_en=said[1],
        threshold=_threshold(asked) | more,
        source=opinion.source,
        dq=opinion.dq,
    )


def _threshold(asked: Asked) -> dict[str, Any]:
    """What it is held to: ``limit`` in short, and in numbers the ``bounds`` of what is observed (None: no bound)."""
    told: dict[str, Any] = {"limit": _limit(asked), "bounds": _of_what_is_observed(asked)}
    if asked.opinion.against:
        told |= {"last": asked.last, "tolerance": list(asked.opinion.tolerance)}
    return told


def _of_what_is_observed(asked: Asked) -> list[Any]:
    """Of an expectation about each row the share of rows that must meet it."""
    arguments = asked.arguments or asked.opinion.arguments
    if asked.opinion.expectation.startswith(_EACH_ROW):
        return [arguments.get("mostly", 1), 1]
    if "threshold" in arguments:
        return [0, arguments["threshold"]]
    if "quantile_ranges" in arguments:
        return arguments["quantile_ranges"]["value_ranges"]
    return [arguments.get("min_value"), arguments.get("max_value")]


def _limit(asked: Asked) -> str:
    """The numbers among the arguments, in a line."""
    given = asked.arguments or asked.opinion.arguments
    if "quantile_ranges" in given:
        ranges = zip(*given["quantile_ranges"].values(), strict=True)
        return ", ".join(f"q{quantile} {low:.6g} to {high:.6g}" for quantile, (low, high) in ranges)
    told = {k: v for k, v in given.items() if isinstance(v, int | float) and "holdout" not in k}
    return ", ".join(f"{name} {value:.6g}" for name, value in told.items() if not isinstance(value, bool))


def _plain(value: Any) -> Any:
    """A statistic as JSON has it; of quantiles the values, of anything that is no number nothing."""
    if isinstance(value, dict):
        return [float(each) for each in value.get("values", ())]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return round(number, 6) if math.isfinite(number) else None
