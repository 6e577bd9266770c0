"""Every rule on rows that break it and rows that do not, sent through the real gate and the real intake."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.raw.intake import build_intake
from assets.raw.receive import receive
from assets.workspace import Context, Workspace
from quality.cross_rules import cross_rules
from quality.gate import GateResult, check_file
from quality.rule_list import rule_list
from quality.suites import DISAGREE
from schemas.registry import load, profiles
from tests.quality.examples import (
    Example,
    between_examples,
    codes,
    columns,
    header,
    made,
    read,
    registry,
    row_examples,
    tables,
)

AS_OF = date(2026, 3, 31)
TESTS = Path(__file__).parents[1]


def gate(path: Path, out: Path | None = None) -> GateResult:
    return check_file(
        registry(), path, name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        received_on=AS_OF.isoformat(), as_of=AS_OF, out_dir=out,
    )  # fmt: skip


def write(folder: Path, table: str, examples: Iterable[Example]) -> Path:
    """One file of all rows of the examples, as a filer writes them; each example learns where its rows are."""
    path = folder / f"{table}.csv"
    rows = [(example, row) for example in examples for name, row in example.rows if name == table]
    names = columns([row for _, row in rows])
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header(registry(), table.partition(".")[0], names))
        for number, (example, row) in enumerate(rows, start=2):
            example.placed.append((path.name, number))
            writer.writerow(["" if row.get(name) is None else row[name] for name in names])
    return path


@pytest.mark.parametrize("table", tables())
def test_each_rule_of_a_row_speaks_of_what_breaks_it_and_of_nothing_else(tmp_path: Path, table: str) -> None:
    examples = list(row_examples(table))
    result = gate(write(tmp_path, table, examples), tmp_path / "out")
    said = {(f.row, f.code): f.severity for f in result.findings}
    held = dict(
        duckdb.sql(f"SELECT source_row, reasons FROM read_parquet('{tmp_path}/out/quarantine/{table}.parquet')")
        .fetchall()
    )  # fmt: skip
    good, *others = examples
    assert not [code for row, code in said if row == good.placed[0][1]], "the good row breaks a rule"
    for example in others:
        spoken = {row: said[row, example.code] for _, row in example.placed if (row, example.code) in said}
        assert bool(spoken) is example.fails, example
        for row, severity in spoken.items():
            if severity == "error":
                assert example.code in held[row].split(";"), example
    assert not [f for f in result.findings if f.row is None], "the file itself is in order"


@pytest.fixture(scope="module")
def received(tmp_path_factory) -> tuple[list[Example], set[tuple[str, int, str]], set[tuple[str, int, str]]]:
    """All examples of rules between tables in one inbox, and what the intake says and holds: (file, row, code)."""
    root = tmp_path_factory.mktemp("between")
    (root / "inbox").mkdir()
    examples = list(between_examples())
    for table in sorted({name for example in examples for name, _ in example.rows}):
        write(root / "inbox", table, examples)
    workspace = Workspace(root / "workspace")
    receive(root / "inbox", workspace, AS_OF, lambda: "2026-03-31T00:00:00+00:00")
    build_intake(Context(registry(), workspace, AS_OF, threads=1))
    said = duckdb.sql(f"SELECT file, \"row\", code FROM read_parquet('{workspace.findings}')").fetchall()
    held = duckdb.sql(
        "SELECT f.file, q.source_row, unnest(string_split(q.reasons, ';')) "
        f"FROM read_parquet('{workspace.root}/quarantine/*.parquet', union_by_name=true) q "
        f"JOIN (SELECT DISTINCT source_sha256, file FROM read_parquet('{workspace.findings}')) f USING (source_sha256)"
    ).fetchall()
    return examples, set(said), set(held)


def test_each_rule_between_tables_speaks_of_what_breaks_it_and_of_nothing_else(received) -> None:
    examples, said, held = received
    rules = {rule.code: rule for rule in cross_rules()}
    wrong = []
    for example in examples:
        rule = rules.get(example.code)
        table = example.about or (rule.table if rule else "")
        places = [(file, row) for file, row in example.placed if not table or file == f"{table}.csv"]
        spoken = [place for place in places if (*place, example.code) in said]
        if bool(spoken) is not example.fails or (example.fails and places[-1] not in spoken):
            wrong.append(f"{example}")
        if rule and rule.severity == "error" and not all((*place, example.code) in held for place in spoken):
            wrong.append(f"not held: {example}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", sorted(read("files.yml")))
def test_what_is_wrong_with_a_whole_file_is_said_and_not_said_of_one_in_order(tmp_path: Path, code: str) -> None:
    for outcome, told in read("files.yml")[code].items():
        for number, one in enumerate(told):
            folder = tmp_path / outcome / str(number)
            folder.mkdir(parents=True)
            found = {finding.code for finding in gate(made(folder, one)).findings}
            assert (code in found) is (outcome == "fails"), (one, found)


def test_every_rule_has_an_example_that_fails_and_one_that_passes() -> None:
    """Rules of the contracts and between tables: here. What is said of files, sheets and cells: here or elsewhere."""
    rules = {rule.code for table in registry().layer("intake") for rule in table.rules}
    rules |= {rule.code for rule in cross_rules()}
    assert not rules - codes()
    general = {code for slug in profiles() for code in load(slug).findings} - rules - codes()
    other = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    named = {DISAGREE: "DISAGREE"}  # by a name of its own
    assert not [code for code in sorted(general) if named.get(code, f'"{code}"') not in other]
    for table in tables():
        for code, both in read(f"rows/{table}.yml")["rules"].items():
            assert both["fails"], (table, code)  # the good row passes them all


def test_no_rule_without_a_figure_is_evaluated_and_each_says_what_it_lacks() -> None:
    lacking = {row["code"]: row["missing_parameters"] for row in rule_list(load("binjiang"), AS_OF)["rules"]}
    assert {code: missing for code, missing in lacking.items() if missing} == {
        "class-carers-too-few-mixed": ["carer_ratio_mixed"],
        "fee-outside-catalogue": ["fee_catalogue_items"],
        "station-report-missing": ["station_report_due_day"],
        "station-report-late": ["station_report_due_day"],
    }
    assert all(row["evaluated"] for row in rule_list(registry(), AS_OF)["rules"])


def test_before_the_rules_on_family_points_there_was_no_cap() -> None:
    on = {row["code"]: row["evaluated"] for row in rule_list(load("binjiang"), date(2023, 10, 15))["rules"]}
    assert on["family-point-above-cap"] is False and on["class-size-above-cap"] is True
