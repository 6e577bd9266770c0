"""How a workspace knows where an open row came from, and what it would have been before."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import duckdb
import pytest

from assets.build import path_of
from assets.release.comparison.evidence import WorkspaceKnowledge, trace
from assets.release.manifest import Inputs
from assets.workspace import Context, Workspace
from schemas.registry import load

BINJIANG = load("binjiang")


@pytest.mark.parametrize(
    ("table", "makers"),
    [
        ("open_provider_class", {"core_filing_class"}),  # not all that was filed about the provider
        ("open_station_activity_monthly", {"core_station_report"}),
        ("open_fee_posted", {"core_fee_quote"}),
        ("open_plan_progress", {"core_plan_target"}),
    ],
)
def test_a_row_is_traced_to_the_facts_it_is_made_of(table, makers):
    columns, found = trace(SimpleNamespace(registry=BINJIANG), BINJIANG.tables[table])
    assert set(found) == makers and set(BINJIANG.tables[table].traced_by) <= set(columns)


def test_every_table_of_single_things_is_traced_and_no_statistic_is():
    for table in BINJIANG.layer("open"):
        things = {name for name in table.key if name.endswith("_id")}
        assert bool(table.traced_by) == bool(things), table.name
        assert bool(trace(SimpleNamespace(registry=BINJIANG), table)[1]) == bool(things), table.name


@pytest.fixture
def ctx(tmp_path) -> Context:
    """A workspace with core rows of a complete register (p1 in both files, p2 only in the older one)."""
    registry = load("taiwan-sfaa")
    (source,) = (s.name for s in registry.sources if s.mode == "snapshot")
    made = Context(registry, Workspace(tmp_path), date(2026, 4, 30))
    lines = [("p1", "2026-03-01", "a" * 64), ("p2", "2026-03-01", "a" * 64), ("p1", "2026-04-01", "b" * 64)]
    rows = ", ".join(f"('1', '{p}', '{source}', DATE '{on}', '{sha}')" for p, on, sha in lines)
    path_of(made, "core_filing").parent.mkdir(parents=True)
    for name in ("core_filing_class", "core_filing", "core_provider", "core_provider_id"):
        duckdb.sql(
            "COPY (SELECT *, 'mixed' AS class_type_code, 'p3' AS minted_provider_id, 'p1' AS merged_into_id "
            f"FROM (VALUES {rows}) v(area_code, provider_id, source_code, received_on, source_sha256)) "
            f"TO '{path_of(made, name)}' (FORMAT parquet)"
        )
    made.workspace.ledger.parent.mkdir(parents=True)
    made.workspace.ledger.write_text("", "utf-8")
    return made


def test_absence_from_a_complete_register_is_what_its_newest_file_says(ctx, tmp_path):
    before = SimpleNamespace(inputs=Inputs(0, "", ""), as_of="2026-03-31")
    folder = WorkspaceKnowledge(ctx, tmp_path / "known").evidence(before, ["open_provider_class"])
    found = duckdb.sql(f"SELECT provider_id, source_sha256, received_on FROM '{folder}/open_provider_class.parquet'")
    assert found.fetchall() == [("p1", "b" * 64, "2026-04-01"), ("p2", "b" * 64, "2026-04-01")]


def test_nothing_is_claimed_of_a_release_that_does_not_say_what_it_was_made_of(ctx, tmp_path):
    known = WorkspaceKnowledge(ctx, tmp_path / "known")
    assert known.evidence(SimpleNamespace(inputs=None, as_of="2026-03-31"), ["open_provider_class"]) is None




def test_an_id_that_was_found_to_be_another_one_is_traced_though_no_fact_has_it(ctx, tmp_path):
    before = SimpleNamespace(inputs=Inputs(0, "", ""), as_of="2026-03-31")
    folder = WorkspaceKnowledge(ctx, tmp_path / "known").evidence(before, ["open_provider"])
    found = duckdb.sql(f"SELECT provider_id, is_merged, source_sha256 FROM '{folder}/open_provider.parquet'")
    assert found.fetchall() == [("p1", False, "b" * 64), ("p2", False, "b" * 64), ("p3", True, "b" * 64)]
