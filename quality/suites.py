"""What people expect of an open table beyond its contract, checked by Great Expectations.

An expectation is an opinion about a month's data: a band, a completeness, an order of magnitude. People
write them in ``quality/expectations/<table>.yml``; nothing generates them. What the contract already says
is checked by checks.py and not repeated here. Great Expectations takes seconds to import, so it is
imported when a suite is run and not before.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict

from quality.checks import CheckResult
from schemas.model import Severity, Table

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).parent / "expectations"

#: counts only: a value in a result would end in Dagster's database
_RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


class Opinion(BaseModel):
    """One expectation: its own name, the name and arguments Great Expectations knows it by, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    expectation: str
    arguments: dict[str, Any] = {}
    severity: Severity = "warning"
    says_zh: str
    says_en: str
    source: str


@functools.cache
def opinions(table: str, folder: Path = FOLDER) -> tuple[Opinion, ...]:
    """What people expect of a table; empty if nobody wrote anything."""
    path = folder / f"{table}.yml"
    if not path.exists():
        return ()
    return tuple(Opinion(**raw) for raw in yaml.safe_load(path.read_text("utf-8")))


def check_expectations(table: Table, frame: pd.DataFrame, held: tuple[Opinion, ...] | None = None) -> list[CheckResult]:
    """One result per opinion about ``frame`` (the open table, its contract's columns).

    An expectation that crashes has not failed: it could not be checked, which is a warning of its own."""
    held = opinions(table.name) if held is None else held
    if not held:
        return []
    outcomes = _validated(table.name, frame, held)
    return [_result(table, opinion, outcome) for opinion, outcome in zip(held, outcomes, strict=True)]


def _validated(name: str, frame: pd.DataFrame, held: tuple[Opinion, ...]) -> list[Any]:
    """Great Expectations' own result of each opinion, in order."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("open")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("staged")
        .get_batch({"dataframe": frame})
    )
    return [
        batch.validate(
            ExpectationConfiguration(type=o.expectation, kwargs=o.arguments).to_domain_obj(),
            result_format=_RESULT_FORMAT,
        )
        for o in held
    ]


def _result(table: Table, opinion: Opinion, outcome: Any) -> CheckResult:
    crashed = any(
        info.get("raised_exception")
        for info in [outcome.exception_info, *outcome.exception_info.values()]
        if isinstance(info, dict)
    )
    said = opinion.says_zh if not crashed else f"未能检查 could not be checked: {opinion.says_zh}"
    counted = outcome.result or {}
    return CheckResult(
        code=opinion.code,
        table=table.name,
        passed=bool(outcome.success),
        severity="warning" if crashed else opinion.severity,
        failed_count=int(counted.get("unexpected_count") or 0),
        evaluated_count=int(counted.get("element_count") or 0),
        description_zh=said,
    )
