"""One step: built when something it depends on changed, refused before it is written, never half written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pytest

from assets.build import StaleTable, TableRefused, build_table, path_of, require_current, step_fingerprint
from assets.lineage import table_sql, tables_read
from assets.sql import EngineFailed, view, write_parquet
from assets.workspace import Context, Workspace, file_sha256, write_json
from quality.checks import CheckResult
from quality.opinions import goes_on
from schemas.compile.duckdb import column_type, quote
from schemas.registry import load

NAME = "core_station"


@pytest.fixture
def ctx(tmp_path) -> Context:
    context = Context(load("binjiang"), Workspace(tmp_path), date(2026, 3, 31), threads=1)
    put_stations(context, "330108-F-0001", "330108-F-0002")
    write_json(context.workspace.state("intake"), {"fingerprint": "", "result": {"files": 0}})
    return context


def put_stations(ctx: Context, *ids: str) -> None:
    """The intake table `station` with one plain row an id."""
    table = ctx.registry.tables["station"]
    given = {
        "area_code": "330108",
        "station_name": "演示驿站",
        "station_type_code": "basic",
        "subdistrict_code": "330108001",
        "opened_on": "2024-04-01",
        "source_code": "intake",
        "source_sha256": "0" * 64,
        "source_sheet": "",
        "source_row": "2",
        "received_on": "2026-03-31",
    }
    rows = " UNION ALL ".join(
        "SELECT "
        + ", ".join(
            f"CAST({_literal(given | {'station_id': station}, f.name)} AS {column_type(f)}) AS {quote(f.name)}"
            for f in table.fields
        )
        for station in ids
    )
    with duckdb.connect() as con:
        write_parquet(con, f"{rows} ORDER BY station_id", path_of(ctx, "station"))


def _literal(given: dict[str, str], name: str) -> str:
    return f"'{given[name]}'" if name in given else "NULL"


def rows_of(ctx: Context, name: str) -> list[tuple]:
    with duckdb.connect() as con:
        view(con, "t", path_of(ctx, name))
        return con.execute("SELECT station_id FROM t ORDER BY ALL").fetchall()


def test_a_table_is_built_once_and_again_when_its_input_changes(ctx):
    assert build_table(ctx, NAME).changed
    again = build_table(ctx, NAME)
    assert (again.changed, again.rows) == (False, 2)
    put_stations(ctx, "330108-F-0001")
    assert build_table(ctx, NAME).changed
    assert rows_of(ctx, NAME) == [("330108-F-0001",)]


def test_changed_sql_and_changed_contracts_build_again(ctx):
    build_table(ctx, NAME)
    assert build_table(ctx, NAME, table_sql(NAME) + " -- another text").changed
    other = replace(ctx, registry=replace(ctx.registry, fingerprint="another"))
    assert build_table(other, NAME).changed


def test_a_new_day_alone_rebuilds_only_what_reads_the_day(ctx):
    build_table(ctx, NAME)
    assert "profile_run" not in tables_read(table_sql(NAME))
    assert not build_table(replace(ctx, as_of=date(2026, 4, 1)), NAME).changed


def test_what_fails_a_check_is_not_written_and_the_last_good_file_stays(ctx):
    build_table(ctx, NAME)
    before = file_sha256(path_of(ctx, NAME))
    put_stations(ctx, "not an id")
    with pytest.raises(TableRefused) as refused:
        build_table(ctx, NAME)
    assert [r.code for r in refused.value.results if r.blocks] == ["value-pattern"]
    assert "not an id" not in str(refused.value)
    assert file_sha256(path_of(ctx, NAME)) == before


@pytest.mark.parametrize(("severity", "written"), [("error", False), ("warning", True)])
def test_an_error_that_could_not_be_checked_keeps_a_table_from_being_written(ctx, monkeypatch, severity, written):
    crashed = CheckResult("expected-x", NAME, "crashed", severity, 0, 0, "未能检查")
    monkeypatch.setattr("assets.build._opinions", lambda *_: [crashed])
    if written:
        assert crashed in build_table(ctx, NAME).checks
        assert crashed in build_table(ctx, NAME).checks, "as it was noted"
    else:
        with pytest.raises(TableRefused, match="未能检查 could not be checked"):
            build_table(ctx, NAME)
    assert path_of(ctx, NAME).exists() == written


def test_what_is_held_against_the_last_version_is_asked_again_when_that_is_another_one(ctx):
    held, plain = (ctx.registry.tables[name] for name in ("open_provider", "open_provider_id_history"))
    assert goes_on(held.name) and not goes_on(plain.name)
    released = replace(ctx, released=lambda _: ctx.workspace.state("intake"))  # any file
    for table, same in ((held, False), (plain, True)):
        prints = {step_fingerprint(c, table, table_sql(table.name)) for c in (ctx, released)}
        assert (len(prints) == 1) == same, table.name


def test_how_often_a_check_failed_is_remembered_by_day(ctx, monkeypatch):
    told = [CheckResult("expected-x", NAME, "warned", "warning", 3, 9, "提醒")]
    monkeypatch.setattr("assets.build._opinions", lambda *_: told)
    assert build_table(ctx, NAME).history == []
    april = replace(ctx, as_of=date(2026, 4, 30))
    for note in (" -- a", " -- b"):  # twice on a day is once
        assert build_table(april, NAME, table_sql(NAME) + note).history == [("2026-03-31", {"expected_x": 3})]


def test_a_refused_table_keeps_everything_behind_it_from_being_released(ctx):
    build_table(ctx, NAME)
    require_current(ctx, [NAME])
    put_stations(ctx, "not an id")
    with pytest.raises(TableRefused):
        build_table(ctx, NAME)
    with pytest.raises(StaleTable, match=NAME):
        require_current(ctx, [NAME])


def test_nothing_is_released_while_the_intake_is_unsettled(ctx):
    build_table(ctx, NAME)
    ctx.workspace.state("intake").unlink()
    with pytest.raises(StaleTable, match="received"):
        require_current(ctx, [NAME])


def test_an_engine_error_says_no_value(ctx):
    fault = "CAST('13800000000x' AS INTEGER) AS source_row"
    with pytest.raises(EngineFailed) as failed:
        build_table(ctx, NAME, f"SELECT * REPLACE ({fault}) FROM ({table_sql(NAME)})")
    assert "13800000000" not in str(failed.value)
    assert NAME in str(failed.value)


def test_columns_the_contract_does_not_have_are_an_error(ctx):
    with pytest.raises(ValueError, match="surplus"):
        build_table(ctx, NAME, f"SELECT *, 1 AS surplus FROM ({table_sql(NAME)})")


def test_nothing_half_written_is_left_behind(ctx):
    put_stations(ctx, "not an id")
    with pytest.raises(TableRefused):
        build_table(ctx, NAME)
    assert [p.name for p in ctx.workspace.root.rglob("*.stage")] == []
    assert not path_of(ctx, NAME).exists()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM filing", ("filing",)),
        ("WITH filing AS (SELECT * FROM station) SELECT * FROM filing JOIN inspection USING (area_code)",
         ("inspection", "station")),
        ("SELECT (SELECT max(x) FROM b) FROM a WHERE EXISTS (SELECT 1 FROM c)", ("a", "b", "c")),
        ("SELECT * FROM a UNION ALL SELECT * FROM b", ("a", "b")),
    ],
)  # fmt: skip
def test_lineage_is_read_from_the_sql(sql, expected):
    assert tables_read(sql) == expected
