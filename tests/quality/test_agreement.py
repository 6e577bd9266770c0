"""DuckDB, Great Expectations and frictionless find the same wrong values in the same rows of generated tables.

What was found when they did not, and how it was settled, is in the tests below the first: by the contract (what one
engine cannot say does not load), by the compilation, or as a known difference that a test keeps in sight.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from assets.release.staging import Refused
from assets.release.verify import _foreign_keys
from quality.suites import DISAGREE, frame_of, second_opinion, validated
from schemas.compile.constraints import FINDINGS
from schemas.compile.rules import CompiledRule
from schemas.model import Constraints, ContractError, Field, ForeignKey, Table
from schemas.portable import is_portable
from schemas.registry import load, profiles
from tests.quality import agreement
from tests.quality.agreement import AS_OF, Contract, Row, Staged, contracts, disagreements


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(contract=contracts())
def test_three_engines_find_the_same(contract: Contract, tmp_path_factory: pytest.TempPathFactory):
    assert disagreements(contract, tmp_path_factory.mktemp("agreement")) == {}


def staged(folder: Path, *rows: object, **given: object) -> Staged:
    """A table of a key and one column, whose values are given."""
    titles = {"title_zh": "表", "title_en": "table", "grain_zh": "行", "grain_en": "row"}
    key = Field(name="key_1", type="integer", title_zh="键", title_en="key", access="public", required=True)
    column = Field(name="column", title_zh="列", title_en="column", access="public", **given)
    table = Table(name="open_generated", layer="open", key=("key_1",), fields=(key, column), **titles)
    made: list[Row] = [{"key_1": number, "column": value} for number, value in enumerate(rows)]
    return Staged(Contract(agreement.registry_of(table), table, made), folder)


EACH = {
    "required": ({"type": "date", "required": True}, [None], [AS_OF]),
    "codes": ({"type": "string", "codelist": "list_1"}, ["A", "a ", "甲甲"], ["a", "甲", None, ""]),
    "code_list": ({"type": "list", "codelist": "list_0"}, ["a;", ";a", "a,b", "a;c", "A"], ["a", "b;a", "a;a", ""]),
    "shape": ({"type": "yearmonth"}, ["2026-00", "2026-13", "26-01", "x"], ["2026-01", "0001-12", None]),
    "pattern": (
        {"type": "string", "constraints": Constraints(pattern="[0-9]{2}(a|b)?")},
        ["٣٣", "９９", "1", "12c", "x12", "12ab", "12 "],
        ["12", "12b", None, ""],
    ),
    "min_length": ({"type": "string", "constraints": Constraints(min_length=2)}, ["\U00020bb7", "x"], ["e\u0301", ""]),
    "max_length": ({"type": "string", "constraints": Constraints(max_length=1)}, ["e\u0301"], ["\U00020bb7", "é"]),
    "minimum": (
        {"type": "number", "decimals": 3, "constraints": Constraints(minimum=Decimal("0.1"))},
        [Decimal("0.099"), Decimal("-1")],
        [Decimal("0.1"), None],
    ),
    "maximum": (
        {"type": "integer", "constraints": Constraints(maximum=Decimal(2**53 - 1))},
        [2**53, 2**63 - 1],
        [2**53 - 1, -(2**63) + 1, None],
    ),
}  # fmt: skip


def test_every_kind_of_constraint_has_its_example():
    assert set(EACH) == set(FINDINGS)


@pytest.mark.parametrize("kind", EACH)
def test_each_constraint_is_broken_by_the_same_values(tmp_path: Path, kind: str):
    given_, broken, kept = EACH[kind]
    found = staged(tmp_path, *broken, *kept, **given_)
    assert found.by_duckdb() == {(FINDINGS[kind], "column", row) for row in range(len(broken))}
    assert disagreements(found.contract, tmp_path) == {}


UNSOUND = (
    r"\d{6}", r"\w+", r"a\s", "^a$", "a|b", "a.b", "a+?", "a++", "(?i)a", "(?=a)a", "(?:a)", r"(a)\1", r"[\d]",
    "(a", "a)", "[[:alpha:]]", "[a", "{2}", "*a", r"\bx", r"\p{Han}",
)  # fmt: skip


@pytest.mark.parametrize("pattern", [*agreement.PATTERNS, *UNSOUND])
def test_a_pattern_says_the_same_everywhere_or_does_not_load(pattern: str):
    """Python's \\d takes Arabic digits, RE2's does not; `^a|b$` is what frictionless makes of `a|b`."""
    assert is_portable(pattern) == (pattern not in UNSOUND)
    if pattern in UNSOUND:
        with pytest.raises(ValidationError, match="every engine reads alike"):
            Constraints(pattern=pattern)


@pytest.mark.parametrize(
    ("type_", "limits"),
    [
        ("integer", {"minimum": "0.5"}),  # frictionless fails on every value
        ("string", {"minimum": "1"}),  # DuckDB would compare texts with a number
        ("date", {"maximum": "1"}),
        ("number", {"pattern": "[0-9]+"}),  # Table Schema has none for numbers
        ("yearmonth", {"max_length": 3}),
        ("number", {"maximum": "9007199254740993"}),  # in JSON it is 9007199254740992
        ("number", {"maximum": "0.12345678901234567890"}),
    ],
)
def test_a_constraint_that_one_engine_cannot_say_does_not_load(type_: str, limits: dict):
    with pytest.raises(ValidationError):
        Field(name="x", type=type_, title_zh="列", title_en="x", constraints=Constraints(**limits))


def test_a_profile_cannot_bring_such_a_constraint_in_either(tmp_path: Path):
    folder = tmp_path / "tried"
    folder.mkdir()
    text = "slug: tried\nextends: binjiang\ntitle_zh: 试\ntitle_en: Tried\n"
    text += "tighten: {fields: {place_count: {pattern: '[0-9]'}}}\n"
    (folder / "profile.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=r"place_count.*for texts"):
        load(folder)


def test_what_frictionless_alone_lets_pass(tmp_path: Path):
    """Known differences, both of frictionless and both beyond what a Table Schema could tell it. Neither reaches it:
    a table with such a value is not written. If one of these ever ends, this test says so."""
    months = staged(tmp_path, "0000-01", "2026-3", "2026-01 ", "٢٠٢٦-01", type="yearmonth")
    assert len(months.by_duckdb()) == len(months.by_great_expectations()) == 4
    assert months.by_frictionless() == set()
    codes = staged(tmp_path, "12\n", type="string", constraints=Constraints(pattern="[0-9]{2}"))
    assert codes.by_duckdb() == codes.by_great_expectations() == {("value-pattern", "column", 0)}
    assert codes.by_frictionless() == set()


def test_keys_of_open_tables_are_never_absent():
    """The engines differ about absent keys: equal for DuckDB, not asked by Great Expectations, wrong for
    frictionless; and about half a foreign key. So there are none."""
    for registry in map(load, profiles()):
        for table in registry.layer("open"):
            asked = {*table.key, *(column for key in table.foreign_keys for column in key.fields)}
            assert asked <= set(table.required), table.name


PARENTS = [("330108", "p1"), ("330108", "p2"), ("３３０１０８", "p3")]
CHILDREN = [("330108", "p1"), ("330108", "p3"), ("330108", "P2"), ("３３０１０８", "p3"), ("330108", "p2 ")]


def test_the_engines_miss_the_same_parents(tmp_path: Path):
    """Foreign keys, which a release looks up: DuckDB in verify.py, frictionless in the package."""
    from frictionless import Package

    columns, lost = ("area_code", "provider_id"), [1, 2, 4]
    with duckdb.connect() as con:
        for name, rows in (("parent", PARENTS), ("child", CHILDREN)):
            con.execute(f"CREATE TABLE {name}(area_code VARCHAR, provider_id VARCHAR)")
            con.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)
            con.execute(f"COPY {name} TO '{tmp_path / name}.parquet'")
            con.execute(f"COPY {name} TO '{tmp_path / name}.csv' (HEADER)")
        key = ForeignKey(fields=columns, table="parent", table_fields=columns)
        tables = {"child": SimpleNamespace(foreign_keys=(key,))}
        staging = SimpleNamespace(
            con=con, registry=SimpleNamespace(tables=tables), ordered=lambda name: tmp_path / f"{name}.parquet"
        )
        with pytest.raises(Refused, match=f"{len(lost)} rows"):
            _foreign_keys(staging, SimpleNamespace(dataset=SimpleNamespace(tables=("parent", "child"))), "child")
        asked = {"column_A": columns[0], "column_B": columns[1], "value_pairs_set": PARENTS}
        question = ("expect_column_pair_values_to_be_in_set", asked)
        [outcome] = validated("child", frame_of(con, "FROM child"), [question], {"result_format": "COMPLETE"})
    fields = [{"name": name, "type": "string"} for name in columns]
    reference = {"resource": "parent", "fields": list(columns)}
    schemas = {"parent": {"fields": fields}}
    schemas["child"] = {"fields": fields, "foreignKeys": [{"fields": list(columns), "reference": reference}]}
    resources = [{"name": n, "path": f"{n}.csv", "schema": schema} for n, schema in schemas.items()]
    package = Package.from_descriptor({"name": "p", "resources": resources}, basepath=str(tmp_path))
    rows = [number - 2 for number, _ in package.validate().flatten(["rowNumber", "type"])]
    assert rows == outcome.result["unexpected_index_list"] == lost


@pytest.mark.parametrize("wrong", ["FALSE", "TRUE"])
def test_an_engine_that_is_contradicted_stops_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str):
    """A predicate compiled wrongly, so that it sees nothing or sees what is not there, does not get through."""
    limits = Constraints(minimum=Decimal(1))
    found = staged(tmp_path, 0 if wrong == "FALSE" else 1, type="integer", constraints=limits)
    contract = found.contract
    given_ = (found.con, contract.registry, contract.table, "staged", AS_OF)
    assert second_opinion(*given_).passed
    broken = [CompiledRule("value-below-minimum", "error", ("column",), wrong)]
    broken.append(CompiledRule("value-missing", "error", ("key_1",), "key_1 IS NULL"))
    monkeypatch.setattr("quality.checks.row_rules", lambda *_: broken)
    result = second_opinion(*given_)
    assert (result.code, result.passed, result.severity, result.failed_count) == (DISAGREE, False, "error", 1)
    assert "value-below-minimum column" in result.description_zh


def test_a_question_that_crashes_is_no_agreement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = staged(tmp_path, "x", type="string", required=True)
    table = found.contract.table
    monkeypatch.setattr("quality.suites.frame_of", lambda *_: frame_of(found.con, "SELECT key_1 FROM staged"))
    result = second_opinion(found.con, found.contract.registry, table, "staged", AS_OF)
    assert (result.state, result.severity, result.failed_count) == ("crashed", "warning", 1)
    assert "未能检查" in result.description_zh


def test_a_large_table_is_asked_by_its_first_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = staged(tmp_path, *"abc", type="string", constraints=Constraints(pattern="[ab]"))
    asked = []
    monkeypatch.setattr("quality.suites.TWICE_ROWS", 2)
    monkeypatch.setattr("quality.suites.frame_of", lambda con, select: asked.append(frame_of(con, select)) or asked[0])
    contract = dataclasses.replace(found.contract)
    assert second_opinion(found.con, contract.registry, contract.table, "staged", AS_OF).passed
    assert list(asked[0]["column"]) == ["a", "b"]
