"""No exception of a step repeats a value: not its own words, nor those of what it was raised from."""

from __future__ import annotations

import errno
import traceback

import duckdb
import pytest

from assets.build import StaleTable
from assets.unsaid import StepFailed, unsaid

SECRET = "13800138000"


def broken(error: Exception):
    @unsaid
    def step():
        try:
            raise KeyError(SECRET)
        except KeyError as before:
            raise error from before

    @unsaid
    def generator():
        yield 1
        step()

    return step, generator


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError(SECRET), StepFailed),
        (PermissionError(errno.EACCES, "denied", f"{SECRET}.xlsx"), PermissionError),
        (OSError(errno.ENOSPC, "full", SECRET), OSError),
        (duckdb.IOException(f"No space left on device {SECRET}"), duckdb.IOException),
        (duckdb.ConversionException(f"Could not convert string '{SECRET}'"), StepFailed),
        (UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET), StepFailed),
        (StaleTable("the tables are old"), StaleTable),
    ],
)
def test_what_is_said_of_a_failure(error, kind):
    for step in broken(error):
        with pytest.raises(kind) as failed:
            list(step())
        assert SECRET not in "".join(traceback.format_exception(failed.value))
        assert getattr(failed.value, "errno", None) == getattr(error, "errno", None)


def test_what_is_ours_is_said_in_full_and_where_it_broke_is_named():
    with pytest.raises(StaleTable, match="the tables are old"):
        broken(StaleTable("the tables are old"))[0]()
    with pytest.raises(StepFailed, match=r"^step: ConversionException $"):
        broken(duckdb.ConversionException(SECRET))[0]()
    with pytest.raises(StepFailed, match=r"^step: [A-Za-z]+Error assets/[a-z/_]+\.py:[0-9]+$"):
        from assets.sql import write_parquet

        unsaid(_named(write_parquet))(None)


def _named(function):
    def step(con):
        return function(con, SECRET, None)

    return step
