"""A wrong row that reaches a table's input is refused before anything is written, today and tomorrow."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.lineage import table_sql
from assets.workspace import file_sha256
from pipelines.demo import make_inbox
from pipelines.run import run_job
from pipelines.run_outcome import exit_code
from pipelines.settings import Settings

AS_OF = date(2026, 3, 31)
CORE, OPEN = "core_station_report", "open_station_activity_monthly"

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("refusal"))
    make_inbox(settings.inbox_dir)
    assert run_job(settings, "everything", AS_OF).success
    return settings


def tree(folder: Path) -> dict[str, str]:
    return {str(p): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def with_a_wrong_row(table: str) -> str:
    """The table's own SELECT plus one row that was open on 40 days of its month."""
    good = f"({table_sql(table)})"
    return (
        f"SELECT * FROM {good} UNION ALL SELECT * REPLACE (40 AS open_day_count, '2031-01' AS report_month) "
        f"FROM (SELECT * FROM {good} ORDER BY station_id, report_month LIMIT 1)"
    )


@pytest.mark.parametrize("table", [CORE, OPEN])
def test_a_wrong_row_is_refused_and_nothing_is_written(settings, table):
    published = tree(settings.published_dir)
    layer = table.split("_")[0]
    written = file_sha256(settings.workspace_dir / layer / f"{table}.parquet")
    for _ in range(2):  # the run, and a following one
        outcome = run_job(settings, "everything", AS_OF, sql={table: with_a_wrong_row(table)})
        assert exit_code(outcome) == 65
        assert [f["step"] for f in outcome.failures] == [table]
        assert "value_above_maximum__open_day_count (1)" in outcome.failures[0]["message"]
        assert file_sha256(settings.workspace_dir / layer / f"{table}.parquet") == written
        assert tree(settings.published_dir) == published
    assert run_job(settings, "everything", AS_OF).release["changed"] is False


def test_the_refused_runs_report_holds_no_value(settings):
    outcome = run_job(settings, "everything", AS_OF, sql={CORE: with_a_wrong_row(CORE)})
    assert "2031-01" not in str(outcome)


@pytest.mark.parametrize("layer, table", [("core", CORE), ("open", OPEN)])
def test_a_row_smuggled_into_a_written_file_is_not_published(settings, layer, table):
    """The file is not what its step wrote, so the step writes it again."""
    path = settings.workspace_dir / layer / f"{table}.parquet"
    written, published = file_sha256(path), tree(settings.published_dir)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS FROM read_parquet(?)", [str(path)])
        con.execute("INSERT INTO t SELECT * REPLACE ('2031-01' AS report_month, 40 AS open_day_count) FROM t LIMIT 1")
        con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    outcome = run_job(settings, "publish", AS_OF)
    assert outcome.success and outcome.release["changed"] is False
    assert file_sha256(path) == written
    assert tree(settings.published_dir) == published


def test_when_every_row_waits_nothing_is_published(tmp_path):
    settings = Settings(home=tmp_path)
    settings.inbox_dir.mkdir(parents=True)
    text = "驿站编号,驿站名称,驿站类型,街道\n330108-F-0001,演示驿站,示范型,没有这个街道\n"
    (settings.inbox_dir / "驿站.csv").write_text(text, "utf-8")
    outcome = run_job(settings, "everything", AS_OF)
    assert exit_code(outcome) == 65
    assert "no row was accepted" in outcome.failures[0]["message"]
    assert (outcome.intake["accepted"], outcome.intake["quarantined"]) == (0, 1)
    assert not (settings.published_dir / "current.json").exists()


def test_a_workspace_belongs_to_one_profile(settings):
    from pipelines.settings import SettingsError

    with pytest.raises(SettingsError, match="belongs to profile binjiang"):
        run_job(replace(settings, profile="taiwan-sfaa"), "everything", AS_OF)
