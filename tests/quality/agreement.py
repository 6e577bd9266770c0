"""Generated contracts and rows, and what each of the three engines finds wrong with them.

What belongs here: hypothesis strategies, and the same question put to DuckDB (the gate's and the checks' engine),
Great Expectations and frictionless, each by the compilation that the product uses. What does not: the comparison
(test_agreement.py). An answer is a set of (finding code, column, row from 0).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

from assets.release.exporters import csv
from quality.checks import check_table
from quality.suites import contract_expectations, frame_of, validated
from schemas.compile.duckdb import cast_select, quote
from schemas.compile.rules import row_rules
from schemas.compile.table_schema import table_schema
from schemas.model import Code, CodeList, Constraints, Field, FindingText, RowRule, Table
from schemas.registry import Registry, load

AS_OF = date(2026, 3, 31)
Row = dict[str, Any]
Answer = set[tuple[str, str | None, int]]

#: characters that engines have been seen to disagree about: digits and letters of other scripts, signs above the
#: basic plane, composed and decomposed letters, line ends, quotes, spaces, what begins a formula or ends a file
ODD = [
    "0", "9", "٣", "９", "²", "Ⅷ", "a", "Z", "ſ", "K", "é", "e\u0301", "甲", "\U00020bb7", "\U0001f476\U0001f3fd",
    "\ufeff", "\u200b", "\u00a0", "\u3000", " ", "\t", "\n", "\r", "\r\n", "\u2028", "\x85", "\x1a", '"', "'", ",",
    ";", "-", "_", "\\", "=", "%", "|", ".", "\ud7ff", "\uffff",
]  # fmt: skip
PATTERNS = (
    "[0-9]{6}", "[0-9]{6}-[SHF]-[0-9]{4,6}", "([0-9]{9}|_T)", "[^;]*", "(a|b)+c?", "[a-z]{0,3}",
    "[A-Z甲-癸\U00020bb7]+", r"a\.b", "[0-9A-HJ-NPQRTUW-Y]{2}", "( |\t)*x", "K", "[a-zé]{2}",
)  # fmt: skip
CODES = (("a", "b"), ("a", "ab", "甲"), ("330108001", "_T"), ("a.b", "a-b", "(x)", "c|d"), ("no", "null", "0"))


@dataclass(frozen=True)
class Contract:
    """A generated table and the registry it lives in, with rows that may or may not keep to it."""

    registry: Registry = dataclasses.field(repr=False)
    table: Table = dataclasses.field(repr=False)
    rows: list[Row]


def _texts(*near: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of odd characters, and texts near to those that are right."""
    odd = st.lists(st.sampled_from(ODD), max_size=4).map("".join)
    right = st.one_of(*near) if near else odd
    broken = st.tuples(right, st.sampled_from(ODD)).map("".join)
    return st.one_of(right, right, broken, odd, st.just(""), st.just("x" * 3000))


@st.composite
def _string(draw: st.DrawFn) -> tuple[dict, st.SearchStrategy]:
    pattern = draw(st.none() | st.sampled_from(PATTERNS))
    limits = {"pattern": pattern, "min_length": draw(st.none() | st.integers(0, 4))}
    limits["max_length"] = draw(st.none() | st.integers(1, 6))
    near = [st.from_regex(pattern, fullmatch=True, alphabet=_WRITABLE)] if pattern else []
    return {"type": "string", "constraints": Constraints(**limits)}, _texts(*near)


#: what a CSV file can carry
_WRITABLE = st.characters(codec="utf-8", exclude_characters="\0")


@st.composite
def _coded(draw: st.DrawFn) -> tuple[dict, st.SearchStrategy]:
    codes = draw(st.sampled_from(CODES))
    kind = draw(st.sampled_from(("string", "list")))
    one = st.sampled_from(codes)
    right = one if kind == "string" else st.lists(one, min_size=1, max_size=3).map(";".join)
    return {"type": kind, "codelist": f"list_{CODES.index(codes)}"}, _texts(right)


@st.composite
def _numeric(draw: st.DrawFn) -> tuple[dict, st.SearchStrategy]:
    kind = draw(st.sampled_from(("integer", "number")))
    decimals = draw(st.integers(0, 6)) if kind == "number" else 0
    step = Decimal(1).scaleb(-decimals)
    fractions = ("0.1", "-0.3", "2.675") if kind == "number" else ()
    bounds = st.none() | st.sampled_from(("0", "1", "33", "1e6", "9007199254740991", *fractions))
    low, high = (None if b is None else Decimal(b) for b in (draw(bounds), draw(bounds)))
    largest = 2**63 - 1 if kind == "integer" else 10 ** (18 - decimals) - 1
    values = [st.sampled_from((0, -1, largest, -largest, 2**53, 2**53 + 1)).map(Decimal)]
    values += [st.integers(-50, 50).map(lambda n: n * step)]
    for bound in (b for b in (low, high) if b is not None):
        near = [bound + n * step for n in (-1, 0, 1)]
        values.append(st.sampled_from(near).map(lambda n: n.quantize(step)))
    fitting = st.one_of(*values).filter(lambda n: abs(n) <= largest)
    limits = Constraints(minimum=low, maximum=high)
    given = {"type": kind, "constraints": limits} | ({"decimals": decimals} if kind == "number" else {})
    return given, fitting.map(int) if kind == "integer" else fitting


def _month() -> tuple[dict, st.SearchStrategy]:
    right = st.tuples(st.sampled_from(("0000", "0001", "1999", "2026", "9999")), st.integers(0, 13))
    return {"type": "yearmonth"}, _texts(right.map(lambda m: f"{m[0]}-{m[1]:02}"), st.sampled_from(("2026-3", "20263")))


def _day() -> tuple[dict, st.SearchStrategy]:
    edges = st.sampled_from((date.min, date.max, date(1969, 12, 31), date(2024, 2, 29), date(1582, 10, 10)))
    return {"type": "date"}, edges | st.integers(-2, 2).map(lambda n: date(2026, 1, 1) + timedelta(n))


@st.composite
def contracts(draw: st.DrawFn, rows: int = 6) -> Contract:
    """A table of a key and one to four columns, perhaps with a rule that compares two of them, and some rows."""
    kinds = _string() | _coded() | _numeric() | st.builds(_month) | st.builds(_day)
    kinds |= st.just(({"type": "boolean"}, st.booleans()))
    drawn = draw(st.lists(kinds, min_size=1, max_size=4))
    keys = [("key_1", ({"type": "integer"}, st.integers(1, rows)))]
    if draw(st.booleans()):
        alike = ("a", "A", "é", "e\u0301", "\U00020bb7", "ﾃ", "テ")
        keys.append(("key_2", ({"type": "string"}, st.sampled_from(alike))))
    columns = dict(keys) | {f"field_{n}": kind for n, kind in enumerate(drawn)}
    fields, values = [], {}
    for name, (given, value) in columns.items():
        required = name.startswith("key") or draw(st.booleans())
        fields.append(Field(name=name, title_zh="列", title_en=name, access="public", required=required, **given))
        values[name] = value if name.startswith("key") else st.none() | value
    table = Table(
        name="open_generated", layer="open", title_zh="表", title_en="table", grain_zh="行", grain_en="row",
        key=tuple(name for name, _ in keys), fields=tuple(fields), rules=draw(_pairs(fields)),
    )  # fmt: skip
    found = draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=rows))
    return Contract(registry_of(table), table, found)


@st.composite
def _pairs(draw: st.DrawFn, fields: list[Field]) -> tuple[RowRule, ...]:
    """A rule that compares two columns of one kind, where there are two."""
    alike = [f.name for f in fields if f.type in ("integer", "number")] if draw(st.booleans()) else []
    alike = alike if len(alike) > 1 else [f.name for f in fields if f.type == "date"]
    if len(alike) < 2:
        return ()
    left, right = draw(st.permutations(alike))[:2]
    sign = draw(st.sampled_from(("<", "<=", ">", ">=")))
    return (_rule(f"{left} {sign} {right}", left, right),)


def _rule(fails_when: str, *columns: str) -> RowRule:
    return RowRule(
        code="pair-wrong", severity="error", says_zh="错", says_en="wrong", columns=columns, fails_when=fails_when
    )


def registry_of(table: Table) -> Registry:
    """Contracts of one table, with the code lists of this module."""
    lists = {}
    for number, codes in enumerate(CODES):
        entries = tuple(Code(code=c, title_zh=c, title_en=c) for c in codes)
        lists[f"list_{number}"] = CodeList(name=f"list_{number}", entries=entries)
    base = load("binjiang")
    said = FindingText(code="pair-wrong", severity="error", says_zh="错", says_en="wrong")
    findings = base.findings | {"pair-wrong": said}
    return dataclasses.replace(base, tables={table.name: table}, codelists=lists, findings=findings)


@dataclass
class Staged:
    """The rows of a contract as a build has them before it writes: typed, with no empty texts."""

    contract: Contract
    folder: Path

    def __post_init__(self) -> None:
        import pyarrow as pa

        table = self.contract.table
        self.con = duckdb.connect(config={"threads": 1})
        columns = {}
        for field in table.fields:
            values = [row[field.name] for row in self.contract.rows]
            if field.type == "number":
                columns[field.name] = pa.array(values, pa.decimal128(18, field.decimals))
            else:
                columns[field.name] = pa.array(values, _ARROW[field.type])
        self.con.register("made", pa.table(columns))
        self.con.execute(f"CREATE TABLE staged AS {cast_select(table, 'made')}")

    def by_duckdb(self) -> Answer:
        """By the predicates of the checks before write; what those checks count is the same."""
        registry, table = self.contract.registry, self.contract.table
        answer: Answer = set()
        for rule in row_rules(registry, table, AS_OF):
            rows = self.con.execute(f"SELECT rowid FROM staged WHERE {rule.predicate}").fetchall()
            answer |= {(rule.code, rule.column, row) for (row,) in rows}
        key = ", ".join(map(quote, table.key))
        twice = self.con.execute(f"SELECT rowid FROM staged QUALIFY count(*) OVER (PARTITION BY {key}) > 1").fetchall()
        answer |= {("key-duplicate", None, row) for (row,) in twice}
        results = check_table(self.con, registry, table, "staged", AS_OF)
        assert {(r.code, r.column): r.failed_count for r in results if r.failed_count} == counts(answer)
        return answer

    def by_great_expectations(self) -> Answer:
        """By the contract in its words, asked of the frame that a build hands it."""
        registry, table = self.contract.registry, self.contract.table
        asked = list(contract_expectations(registry, table, AS_OF))
        frame = frame_of(self.con, "FROM staged ORDER BY rowid")
        questions = [(e.expectation, e.arguments) for e in asked]
        outcomes = validated("generated", frame, questions, {"result_format": "COMPLETE"})
        crashes = [o.exception_info for o in outcomes if "unexpected_index_list" not in o.result]
        assert not crashes, crashes
        pairs = zip(asked, outcomes, strict=True)
        return {(e.code, e.column, row) for e, o in pairs for row in o.result["unexpected_index_list"] or ()}

    def by_frictionless(self) -> Answer:
        """By the published Table Schema, asked of the CSV that is published."""
        from frictionless import Resource, Schema

        csv.write(self.con, "SELECT * FROM staged ORDER BY rowid", self.folder / "generated.csv")
        schema = Schema.from_descriptor(table_schema(self.contract.registry, self.contract.table))
        resource = Resource(path="generated.csv", basepath=str(self.folder), schema=schema, encoding="utf-8")
        report = resource.validate(limit_errors=100_000)
        answer: Answer = set()
        for number, column, kind, note in report.flatten(["rowNumber", "fieldName", "type", "note"]):
            assert number is not None, (kind, note)
            answer.add(_finding(number - 2, column, kind, note))
        return answer


#: frictionless names a constraint at the beginning of its note
_CONSTRAINTS: dict[str, str] = {
    "required": "value-missing", "enum": "code-unknown", "pattern": "value-pattern", "minLength": "value-too-short",
    "maxLength": "value-too-long", "minimum": "value-below-minimum", "maximum": "value-above-maximum",
}  # fmt: skip


def _finding(row: int, column: str | None, kind: str, note: str) -> tuple[str, str | None, int]:
    if kind in ("primary-key", "unique-error"):
        return "key-duplicate", None, row
    if kind == "type-error":
        return "value-type", column, row
    assert kind == "constraint-error", (kind, note)
    return _CONSTRAINTS[note.split('"')[1]], column, row


def counts(answer: Answer) -> dict[tuple[str, str | None], int]:
    """How many rows each finding has."""
    found: dict[tuple[str, str | None], int] = {}
    for code, column, _ in answer:
        found[code, column] = found.get((code, column), 0) + 1
    return found


def disagreements(contract: Contract, folder: Path) -> dict[str, Answer]:
    """By whom another engine is contradicted, and in what; nothing where all agree about every row."""
    staged = Staged(contract, folder)
    ours = staged.by_duckdb()
    theirs, said = staged.by_frictionless(), in_words_of_table_schema(contract, ours)
    found = {
        "great expectations": staged.by_great_expectations() ^ ours,
        "frictionless finds more": theirs - said,
        "frictionless finds less": {finding for finding in said - theirs if not _lets_pass(contract, finding)},
    }
    return {who: about for who, about in found.items() if about}


def in_words_of_table_schema(contract: Contract, answer: Answer) -> Answer:
    """What of an answer frictionless can say: a list of codes has a pattern there, a repeated key begins with its
    second row, and rules that compare columns have no words."""
    lists = {f.name for f in contract.table.fields if f.type == "list"}
    seen: set[tuple] = set()
    again: set[int] = set()
    for number, row in enumerate(contract.rows):
        key = tuple(row[k] for k in contract.table.key)
        again |= {number} if key in seen else set()
        seen.add(key)
    renamed = {("value-pattern" if column in lists and code == "code-unknown" else code, column, row)
               for code, column, row in answer if code != "pair-wrong"}  # fmt: skip
    return {(code, column, row) for code, column, row in renamed if code != "key-duplicate" or row in again}


def _lets_pass(contract: Contract, finding: tuple[str, str | None, int]) -> bool:
    """Whether it is known that frictionless does not mind: see test_what_frictionless_alone_lets_pass."""
    code, column, row = finding
    if code == "value-type":
        return contract.table.field(column or "").type == "yearmonth"
    return code == "value-pattern" and str(contract.rows[row][column or ""]).endswith("\n")


def _types() -> dict[str, Any]:
    import pyarrow as pa

    text = dict.fromkeys(("string", "yearmonth", "list"), pa.string())
    return text | {"integer": pa.int64(), "boolean": pa.bool_(), "date": pa.date32()}


_ARROW = _types()
