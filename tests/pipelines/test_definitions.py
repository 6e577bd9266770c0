"""What Dagster is told: every contract's table in its group, its lineage, its rules, and when things run."""

from __future__ import annotations

import base64
import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import dagster as dg
import pytest

from assets.build import inputs
from assets.factory import ANSWERS, PREVIEW_ROWS, RECEIVED
from assets.lineage import sql_files, table_sql
from pipelines.build import AS_OF_TAG, build_definitions, registry_of
from pipelines.demo import make_inbox
from pipelines.settings import Settings
from quality.opinions import opinions
from quality.suites import DISAGREE
from schemas.compile.rules import row_rules

PROFILES = ("binjiang", "taiwan-sfaa")
GROUPS = {"intake": "raw", "held": "raw", "identity": "raw", "core": "core", "measure": "measure", "open": "open"}
AS_OF = date(2026, 3, 31)

each_profile = pytest.mark.parametrize("profile", PROFILES)


@cache
def built(profile: str, schedules: bool = False) -> dg.Definitions:
    return build_definitions(Settings(home=Path("unused"), profile=profile, schedules=schedules))


def registry(profile: str):
    return registry_of(Settings(home=Path("unused"), profile=profile))


def nodes(profile: str) -> dict:
    graph = built(profile).resolve_asset_graph()
    return {node.key.to_user_string(): node for node in graph.asset_nodes}


@each_profile
def test_the_definitions_load_whole(profile):
    dg.Definitions.validate_loadable(built(profile))


@each_profile
def test_every_contract_has_an_asset_in_its_layers_group_and_there_are_no_others(profile):
    contracts = registry(profile)
    expected = {name: GROUPS[table.layer] for name, table in contracts.tables.items()}
    expected |= {RECEIVED: "raw", ANSWERS: "raw"} | {f"release_{name}": "release" for name in contracts.datasets}
    assert {name: node.group_name for name, node in nodes(profile).items()} == expected


@each_profile
def test_an_asset_depends_on_what_its_sql_reads(profile):
    found = {name: {key.to_user_string() for key in node.parent_keys} for name, node in nodes(profile).items()}
    for name in sql_files():
        assert found[name] == set(inputs(table_sql(name))), name
    assert all(found[table.name] == {RECEIVED} for table in registry(profile).layer("intake"))
    for dataset in registry(profile).datasets.values():
        assert found[f"release_{dataset.name}"] == set(dataset.tables)


@each_profile
def test_names_are_ascii_and_descriptions_begin_with_the_chinese_title(profile):
    contracts, found = registry(profile), nodes(profile)
    assert all(name.isascii() and node.group_name.isascii() for name, node in found.items())
    titles = {name: t.title_zh for name, t in contracts.tables.items()}
    titles |= {f"release_{name}": d.title_zh for name, d in contracts.datasets.items()}
    assert all(found[name].description.startswith(f"**{title}**") for name, title in titles.items())
    assert "收到的文件" in found[RECEIVED].description


@each_profile
def test_the_column_schema_is_the_contract(profile):
    for name, table in registry(profile).tables.items():
        columns = nodes(profile)[name].metadata["dagster/column_schema"].columns
        assert [c.name for c in columns] == list(table.field_names)
        assert all(c.description.startswith(f.title_zh) for c, f in zip(columns, table.fields, strict=True))
        assert [c.tags["access"] for c in columns] == [f.access for f in table.fields]


@each_profile
def test_there_is_one_check_a_rule(profile):
    contracts = registry(profile)
    specs = [s for a in built(profile).resolve_asset_graph().assets_defs for s in a.check_specs]
    found = {(s.asset_key.to_user_string(), s.name): s for s in specs}
    assert len(found) == len(specs)
    rules = {(n, r.code): r.severity for n in sql_files() for r in row_rules(contracts, contracts.tables[n], date.max)}
    rules |= {(n, o.code): o.severity for n in sql_files() for o in opinions(n)}
    rules |= {(n, "key-duplicate"): "error" for n in sql_files()}
    rules |= {(t.name, DISAGREE): "error" for t in contracts.layer("open")}
    assert set(found) == {(table, code.replace("-", "_")) for table, code in rules}
    for (table, code), severity in rules.items():
        spec = found[table, code.replace("-", "_")]
        assert spec.blocking == (severity == "error"), (table, code)
        assert spec.description and not set("{}") & set(spec.description)


def test_the_jobs_are_the_two_halves_and_the_whole():
    everything = set(nodes("binjiang"))
    raw = {name for name, node in nodes("binjiang").items() if node.group_name == "raw"}
    parts = {"receive": raw, "publish": everything - raw, "everything": everything}
    for name, expected in parts.items():
        job = built("binjiang").resolve_job_def(name)
        selected = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
        assert selected == expected, name
        assert job.description


@pytest.mark.parametrize("on", [False, True])
def test_schedules_are_in_the_districts_zone_and_off_unless_turned_on(on):
    found = {s.name: s for s in built("binjiang", on).schedules}
    assert {name: s.cron_schedule for name, s in found.items()} == {"daily": "30 2 * * *", "monthly": "0 6 1 * *"}
    assert {s.execution_timezone for s in found.values()} == {"Asia/Shanghai"}
    status = dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED
    assert {s.default_status for s in found.values()} == {status}
    assert {s.job_name for s in found.values()} == {"everything"}
    [sensor] = built("binjiang", on).sensors
    assert sensor.default_status.value == status.value


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run of everything on the demo's inbox, with all that it told Dagster."""
    settings = Settings(home=tmp_path_factory.mktemp("definitions"))
    make_inbox(settings.inbox_dir)
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(settings).resolve_job_def("everything")
        result = job.execute_in_process(instance=instance, tags={AS_OF_TAG: AS_OF.isoformat()})
        events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
    return settings, result, events


def told(result) -> dict[str, dict]:
    materialised = [e.step_materialization_data.materialization for e in result.get_asset_materialization_events()]
    return {m.asset_key.to_user_string(): m.metadata for m in materialised}


def test_a_run_tells_row_counts_and_a_small_preview_of_every_table(ran):
    _, result, _ = ran
    metadata = told(result)
    assert set(metadata) == set(nodes("binjiang"))
    for name in registry("binjiang").tables:
        rows = metadata[name]["dagster/row_count"].value
        lines = metadata[name]["preview"].value.splitlines()
        assert len(lines) == (1 if name.startswith("measure_") else 2 + min(rows, PREVIEW_ROWS)), name
    assert metadata["open_provider"]["dagster/row_count"].value == 45
    assert metadata["release_providers"]["rows/open_provider"].value == 45
    assert metadata["release_providers"]["version"].value == "1.0.0"


def test_a_run_tells_what_was_received_accepted_and_held_of_every_report(ran):
    _, result, _ = ran
    metadata, held = told(result), 0
    for table in registry("binjiang").layer("intake"):
        counts = {k: metadata[table.name][k].value for k in ("received", "accepted", "quarantined")}
        assert counts["received"] == counts["accepted"] + counts["quarantined"], table.name
        assert metadata[table.name]["dagster/row_count"].value <= counts["accepted"]
        held += counts["quarantined"]
    assert held > 40


def test_every_check_is_reported_with_its_counts(ran):
    _, result, _ = ran
    checks = result.get_asset_check_evaluations()
    expected = {s.key for a in built("binjiang").resolve_asset_graph().assets_defs for s in a.check_specs}
    assert {c.asset_check_key for c in checks} == expected
    assert all({"failed", "evaluated"} <= set(c.metadata) for c in checks)
    opinion = {o.code.replace("-", "_") for name in sql_files() for o in opinions(name)}
    contract = [c for c in checks if c.check_name not in opinion]  # an opinion may allow some rows to fail
    evaluated = [c for c in contract if c.metadata["state"].value != "not_evaluated"]
    assert evaluated and all(c.passed == (c.metadata["failed"].value == 0) for c in evaluated)
    assert not any(c.passed for c in contract if c not in evaluated)
    assert all(c.description for c in checks)
    assert {c.metadata["state"].value for c in checks} <= {"passed", "warned", "not_evaluated"}


def test_every_check_has_its_numbers_and_a_picture_that_holds_no_address(ran):
    checks = {(c.asset_key.to_user_string(), c.check_name): c for c in ran[1].get_asset_check_evaluations()}
    for check in checks.values():
        shown = {name: entry.value for name, entry in check.metadata.items()}
        assert {"state", "failed", "evaluated", "share", "threshold", "source"} <= set(shown)
        assert shown["state"] == "not_evaluated" or 0 <= shown["share"] <= 1
        picture = re.fullmatch(r"!\[\w+\]\(data:image/svg\+xml;base64,([\w+/=]+)\)", shown["plot"])
        drawn = ElementTree.fromstring(base64.b64decode(picture[1]))
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
        assert not [e for e in drawn.iter() if e.tag.endswith(("image", "script", "a", "use"))]
    size = checks["open_provider", "expected_place_mean"].metadata
    assert size["threshold"].value == "min_value 15, max_value 65" and 15 < size["observed"].value < 65
    steady = checks["open_provider", "expected_providers_steady"]
    assert not steady.passed and "未评估" in steady.description and "no last version" in steady.description


def test_no_number_of_a_person_or_of_one_provider_is_previewed_before_it_is_open(ran):
    metadata = told(ran[1])
    for name, table in registry("binjiang").tables.items():
        shown = {cell.strip() for cell in metadata[name]["preview"].value.splitlines()[0].split("|")}
        numbers = {f.name for f in table.fields if f.type in ("integer", "number") and f.name not in table.key}
        assert table.layer == "open" or not shown & numbers, name
        assert table.layer != "measure" or not shown & set(table.field_names)


def test_no_private_column_is_in_any_metadata_of_a_run(ran):
    _, result, _ = ran
    metadata = told(result)
    for name, table in registry("binjiang").tables.items():
        shown = {cell.strip() for cell in metadata[name]["preview"].value.splitlines()[0].split("|")}
        private = {f.name for f in table.fields if f.access == "private"}
        assert not shown & private, name
        if table.layer != "open":  # before that, an address may be somebody's home
            assert not shown & {"address", "community_name", "provider_name"}, name


def test_no_private_value_is_anywhere_in_what_dagster_keeps(ran):
    """Telephone numbers are the demo's private values: none is in any event, preview or message."""
    import duckdb

    settings, _, events = ran
    path = str(settings.workspace_dir / "intake" / "filing.parquet")
    with duckdb.connect() as con:
        rows = con.execute("SELECT DISTINCT contact_phone FROM read_parquet(?)", [path]).fetchall()
    phones = {phone for (phone,) in rows if phone}
    kept = "\n".join(dg.serialize_value(event) for event in events)
    assert len(phones) > 10 and len(kept) > 100_000
    assert not [phone for phone in phones if phone in kept]
    assert json.dumps("open_whitelist") in kept
