"""The engine: a DuckDB in memory with the workspace's Parquet files and the registry as views.

What belongs here: connections, views, writing a relation as Parquet. What does not: any table's SELECT.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from assets.workspace import Context, file_sha256, fingerprint, written_whole
from quality.disclosure.choice import chosen_complements, rules_of, solver_version
from quality.disclosure.told import TABLES as TOLD_TABLES
from quality.disclosure.told import told_view
from quality.workdays import CALENDAR, working_day_table
from schemas.compile.duckdb import column_definitions, literal, quote
from schemas.indicator import Indicator
from schemas.model import Parameter, Table

#: the registry as a SELECT may read it: the run, the dated parameters, those in force on its day, the code lists, the
#: definitions of the indicators
PROFILE_DDL = {
    "profile_run": "CREATE TABLE profile_run(as_of_on DATE, area_code VARCHAR, currency_code VARCHAR, "
    "timezone VARCHAR)",
    "profile_parameter": "CREATE TABLE profile_parameter(code VARCHAR, value_text VARCHAR, value_number DECIMAL(18,6), "
    "unit VARCHAR, valid_from_on DATE, valid_to_on DATE, source VARCHAR)",
    "profile_parameter_in_force": "CREATE VIEW profile_parameter_in_force AS SELECT * EXCLUDE (nth) FROM ("
    "SELECT p.*, row_number() OVER (PARTITION BY code ORDER BY valid_from_on DESC, source, value_text) AS nth "
    "FROM profile_parameter p, profile_run r WHERE coalesce(p.valid_from_on, r.as_of_on) <= r.as_of_on "
    "AND coalesce(p.valid_to_on, r.as_of_on) >= r.as_of_on) WHERE nth = 1",
    "profile_codelist": "CREATE TABLE profile_codelist(list_name VARCHAR, code VARCHAR, title_zh VARCHAR, "
    "title_en VARCHAR, parent VARCHAR, since VARCHAR, source VARCHAR)",
    "profile_indicator": "CREATE TABLE profile_indicator(code VARCHAR, title_zh VARCHAR, title_en VARCHAR, "
    "formula_zh VARCHAR, formula_en VARCHAR, formula_sql VARCHAR, source_table VARCHAR, unit VARCHAR, "
    "direction VARCHAR, kind VARCHAR, source VARCHAR, definition_version VARCHAR, target_value DECIMAL(18,4), "
    "target_on DATE, target_source VARCHAR, answers VARCHAR)",
}
#: beside it: the official calendar (quality/workdays.py), and what the current release says of the whitelist's past
CALENDAR_TABLE = "working_day"
RELEASED = {"released_whitelist_event": "open_whitelist_event"}
#: what all releases so far say of protected numbers, and the cells chosen to protect others (quality/disclosure/)
TOLD, CHOSEN = "told_cell", "chosen_complement"
#: tables that are made of others when a SELECT asks for them
SUPPLIED_FROM = {CHOSEN: ("measure_part", "measure_primary")}
PROFILE_TABLES = (*PROFILE_DDL, CALENDAR_TABLE, *RELEASED, TOLD, CHOSEN)


class EngineFailed(Exception):
    """The engine could not do a step. Names the step and the kind of error, never a value."""


@contextmanager
def values_unsaid(step: str) -> Iterator[None]:
    """Keeps values out of error messages: the engine quotes them, and Dagster and reports keep the message.

    What is wrong with a SELECT itself is said in full."""
    try:
        yield
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        raise EngineFailed(f"{step}: {error}") from None
    except duckdb.Error as error:
        if isinstance(error, duckdb.IOException) and "No space left" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        raise EngineFailed(f"{step}: {type(error).__name__}") from None


def connect(ctx: Context) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory within the limits of the run."""
    config: dict[str, str | int] = {"autoinstall_known_extensions": "false"}
    if ctx.threads:
        config["threads"] = ctx.threads
    if ctx.memory:
        config["memory_limit"] = ctx.memory
    con = duckdb.connect(config=config)
    con.execute(f"SET temp_directory = {literal(str(spill_folder(ctx)))}")
    con.execute("SET preserve_insertion_order = true")
    con.execute("SET enable_progress_bar = false")  # people watch our own progress
    return con


def spill_folder(ctx: Context) -> Path:
    """Where an engine puts what exceeds its memory."""
    return ctx.workspace.root / "spill"


def view(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """A view of that name on a Parquet file."""
    con.execute(f"CREATE OR REPLACE VIEW {quote(name)} AS FROM read_parquet({literal(str(path))})")


def profile_tables(con: duckdb.DuckDBPyConnection, ctx: Context, wanted: Collection[str] = ()) -> None:
    """Makes the registry readable to a SELECT, and of the calendar and the release before what is ``wanted``."""
    for statement in PROFILE_DDL.values():
        con.execute(statement)
    registry, defaults = ctx.registry, ctx.registry.profile.defaults
    run = [ctx.as_of, defaults.get("area_code"), defaults.get("currency_code"), registry.profile.timezone]
    con.execute("INSERT INTO profile_run VALUES (?, ?, ?, ?)", run)
    _insert(con, "profile_parameter", [_parameter_row(p) for p in registry.all_parameters()])
    _insert(con, "profile_codelist", [row for name in registry.codelists for row in _codes(ctx, name)])
    _insert(con, "profile_indicator", [indicator_row(indicator) for indicator in registry.indicators.values()])
    if CALENDAR_TABLE in wanted:
        working_day_table(con)
    for name in sorted(RELEASED.keys() & set(wanted)):
        released_table(con, name, registry.tables[RELEASED[name]], ctx.released(RELEASED[name]))


def disclosure_tables(con: duckdb.DuckDBPyConnection, ctx: Context, wanted: Collection[str]) -> None:
    """Makes of what is ``wanted``: `told_cell`, and `chosen_complement`; the tables it is made of are there."""
    if {TOLD, CHOSEN} & set(wanted):
        told_view(con, TOLD, ctx.told(TOLD_TABLES))
    if CHOSEN in wanted:
        found = chosen_complements(con, CHOSEN, rules_of(ctx.registry, ctx.as_of))
        if found.systems:
            ctx.progress(f"补充保护 complements: {found.systems} systems, {found.solved} solved, {found.short} short")


def released_table(con: duckdb.DuckDBPyConnection, name: str, table: Table, path: Path | None) -> None:
    """A table as the current release has it, in the columns of today; empty before the first release.

    A column that release did not have yet is NULL. One without today's key is of another kind: nothing goes on."""
    con.execute(f"CREATE OR REPLACE TABLE {quote(name)} ({column_definitions(table.fields)})")
    if path is None:
        return
    source = f"read_parquet({literal(str(path))})"
    has = {row[0] for row in con.execute(f"DESCRIBE FROM {source}").fetchall()}
    if {*table.key, *table.required} <= has:
        columns = ", ".join(quote(f.name) for f in table.fields if f.name in has)
        con.execute(f"INSERT INTO {quote(name)} BY NAME SELECT {columns} FROM {source}")


def profile_prints(ctx: Context, read: Collection[str]) -> dict[str, str | None]:
    """What a SELECT that reads these tables depends on beyond registry, date and the tables of other steps."""
    prints: dict[str, str | None] = {CALENDAR_TABLE: CALENDAR} if CALENDAR_TABLE in read else {}
    for name in sorted(RELEASED.keys() & set(read)):
        path = ctx.released(RELEASED[name])
        prints[name] = path and file_sha256(path)
    if {TOLD, CHOSEN} & set(read):
        told = [{name: file_sha256(path) for name, path in files.items()} for files in ctx.told(TOLD_TABLES)]
        prints[TOLD] = fingerprint(told)
    if CHOSEN in read:
        prints[CHOSEN] = solver_version()
    return prints


def write_parquet(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Writes an ordered SELECT as Parquet; the name appears only with the whole file."""
    with written_whole(path) as stage:
        target = literal(str(stage))
        con.execute(f"COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd, WRITE_BLOOM_FILTER false)")


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[list]) -> None:
    """All rows in one statement: a statement a row costs a millisecond each."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        marks = ", ".join("unnest(CAST(? AS VARCHAR[]))" for _ in columns)
        con.execute(f"INSERT INTO {table} SELECT {marks}", columns)


def _parameter_row(parameter: Parameter) -> list:
    text = parameter.value
    number = text if text.replace(".", "", 1).lstrip("-").isdigit() else None
    period = [p and p.isoformat() for p in (parameter.valid_from, parameter.valid_to)]
    return [parameter.code, text, number, parameter.unit, *period, parameter.source]


def _codes(ctx: Context, name: str) -> list[list]:
    return [
        [name, c.code, c.title_zh, c.title_en, c.parent or None, c.since or None, c.source]
        for c in ctx.registry.codelists[name].entries
    ]


def indicator_row(indicator: Indicator) -> list:
    """A definition as a row of `profile_indicator`; ``answers`` are codes joined by ';'."""
    target = indicator.target
    said = [indicator.title_zh, indicator.title_en, indicator.formula_zh, indicator.formula_en, indicator.value]
    kind = [indicator.table, indicator.unit, indicator.direction, indicator.kind, indicator.source]
    aim = [str(target.value), target.due_on.isoformat(), target.source] if target else [None, None, None]
    return [indicator.code, *said, *kind, indicator.definition_version, *aim, ";".join(indicator.answers) or None]
