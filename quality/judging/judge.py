"""One pass over the rows of one table: type every cell, hold every broken row, say every reason.

What belongs here: contract -> the SELECT whose predicates are TRUE where a row fails, repeated keys, and the
accepted and held rows that follow. What does not: reading files (reading/) and writing (gate.py).

The technique: all predicates of a row become one short text of their numbers ('3;17'), so that only rows with
a non-empty text are ever looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from quality.findings import finding_text
from quality.judging.columns import is_plain, nearly_plain, plain_columns
from quality.judging.diagnosis import SUSPECT, UNREADABLE, Doubt, diagnose, is_private, suspicion
from quality.judging.plain import plain_value
from quality.judging.rewriting import is_rewritten
from quality.normalise import is_parsed, normal_expression, raw_name, unreadable, with_default
from quality.reading.text_table import TextTable
from schemas.compile.duckdb import column_definitions, column_type, literal, quote
from schemas.compile.rules import row_rules
from schemas.model import Field, Table
from schemas.registry import Registry


@dataclass(frozen=True)
class Check:
    """Something that can be wrong with a row. ``holds``: the row waits in quarantine when it is."""

    code: str
    severity: str
    column: str | None
    predicate: str
    holds: bool


_Numbered = Sequence[tuple[int, Check]]


@dataclass
class Judge:
    """Judges the tables of one file; leaves its results in ``con`` as tables typed_*, held_*, finding, normalised."""

    con: duckdb.DuckDBPyConnection
    registry: Registry
    as_of: date
    file: str
    provenance: dict[str, str]
    judged: dict[str, list[TextTable]] = field(default_factory=dict)
    _checks: list[Check] = field(default_factory=list)
    _doubts: list[Doubt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.con.execute(
            'CREATE TABLE finding(code VARCHAR, severity VARCHAR, "table" VARCHAR, file VARCHAR, sheet VARCHAR, '
            '"row" BIGINT, "column" VARCHAR, value VARCHAR, source_sha256 VARCHAR)'
        )
        self.con.execute(
            'CREATE TABLE normalised("table" VARCHAR, sheet VARCHAR, "row" BIGINT, "column" VARCHAR, raw VARCHAR, '
            "normal VARCHAR)"
        )

    def table(self, table: Table, texts: list[TextTable]) -> None:
        """Judges all sheets of a file that state rows of ``table``."""
        self.judged[table.name] = texts
        self._checks, self._doubts = [], []
        columns = column_definitions(table.data_fields)
        self.con.execute(
            f"CREATE TABLE typed_{table.name}(_no INTEGER, _id BIGINT, _row BIGINT, _sheet VARCHAR, "
            f"{columns}, _refused BOOLEAN, _errors VARCHAR, _notes VARCHAR, _rewritten VARCHAR)"
        )
        for number, text in enumerate(texts):
            self._type(number, text)
        self._repeated(table)
        self._flag(table)
        self._tell(table, texts)
        for number, text in enumerate(texts):
            self._tell_rewritten(number, text)

    def counts(self, text: TextTable) -> tuple[int, int]:
        """(accepted, held) rows of a sheet, counted where they will be written from."""
        name, number = text.table.name, self.judged[text.table.name].index(text)
        accepted = f"SELECT count(*) FROM ({self._accepted(name)}) WHERE _no = {number}"
        held = f"SELECT count(*) FROM {text.relation} t JOIN held_{name} h USING (_id) WHERE h._no = {number}"
        return self.con.execute(accepted).fetchone()[0], self.con.execute(held).fetchone()[0]

    def accepted_select(self, name: str) -> str:
        """The accepted rows: the contract's columns, typed, in the order of the file."""
        table = self.registry.tables[name]
        stated = {f.name for f in table.data_fields}
        columns = ", ".join(quote(f.name) if f.name in stated else self._origin(f) for f in table.fields)
        return f"SELECT {columns} FROM ({self._accepted(name)}) ORDER BY _no, _row, _id"

    def quarantine_select(self, name: str) -> str:
        """The held rows as they were written, with the codes of all their reasons."""
        table = self.registry.tables[name]
        parts = []
        for number, text in enumerate(self.judged[name]):
            columns = ", ".join(self._held_column(f, text) for f in table.fields)
            parts.append(
                f"SELECT {columns}, h.reasons, {number} AS _no, t._row, t._id FROM {text.relation} t "
                f"JOIN (SELECT *, {literal(text.sheet)} AS _sheet FROM held_{name}) h "
                f"ON h._id = t._id AND h._no = {number}"
            )
        union = " UNION ALL ".join(parts)
        return f"SELECT * EXCLUDE (_no, _row, _id) FROM ({union}) ORDER BY _no, _row, _id"

    def _accepted(self, name: str) -> str:
        return f"SELECT * FROM typed_{name} ANTI JOIN held_{name} USING (_no, _id)"

    def _held_column(self, column: Field, text: TextTable) -> str:
        if column.name in text.fields:
            return f"t.{quote(column.name)}"
        if column in text.table.data_fields:
            return f"CAST(NULL AS VARCHAR) AS {quote(column.name)}"
        return self._origin(column)

    def _origin(self, column: Field) -> str:
        """A provenance column: constants of the file, the sheet and row of each row."""
        own = {"source_sheet": "_sheet", "source_row": "_row"}
        value = own.get(column.name) or literal(self.provenance[column.name])
        return f"CAST({value} AS {column_type(column)}) AS {quote(column.name)}"

    # --- the pass

    def _type(self, number: int, text: TextTable) -> None:
        """Puts every row of a sheet, typed and with the numbers of all failed checks, into typed_*.

        Of a long sheet the rows with nothing but plain cells go apart from the few others, so that what else a cell
        may say is asked of those alone."""
        checks, plain = self._numbered(number, text), plain_columns(self.con, self.registry, text)
        mixed, source = nearly_plain(self.con, self.registry, text, plain), f"{text.relation} t"
        if mixed:
            fits = " AND ".join(f"coalesce({is_plain(f, p)}, TRUE)" for f, p in mixed.items())
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE odd_row AS SELECT _id FROM {text.relation} WHERE NOT ({fits})"
            )
            ordinary = self._typed_select(
                number, text, checks, plain | set(mixed), f"{source} ANTI JOIN odd_row USING (_id)"
            )
            self.con.execute(f"INSERT INTO typed_{text.table.name} {ordinary}")
            source += " SEMI JOIN odd_row USING (_id)"
        self.con.execute(
            f"INSERT INTO typed_{text.table.name} {self._typed_select(number, text, checks, plain, source)}"
        )

    def _numbered(self, number: int, text: TextTable) -> tuple[_Numbered, _Numbered]:
        """The checks of a sheet's rows, and what refuses them, each with its number from now on."""
        checks = list(enumerate(self._row_checks(text), start=len(self._checks)))
        refusing = list(enumerate(self._refusals(text), start=len(self._checks) + len(checks)))
        self._checks += [check for _, check in checks + refusing]
        self._doubts += [
            Doubt(n, text.table.field(check.column), number, text.relation)
            for n, check in checks
            if check.column in text.fields and (check.code == SUSPECT or check.predicate == _bad_name(check.column))
        ]
        return checks, refusing

    def _typed_select(
        self, number: int, text: TextTable, numbered: tuple[_Numbered, _Numbered], plain: frozenset[str], source: str
    ) -> str:
        """Typed values and the numbers of all failed checks, for every row of ``source``, of which ``plain`` columns
        have only plain cells."""
        table, (checks, refusing) = text.table, numbered
        inner = ", ".join([
            "_id", "_row", "_extra", f"{literal(text.sheet)} AS _sheet", *text.specials,
            *(f"t.{quote(name)} AS {raw_name(name)}" for name in text.fields),
            *(f"{self._value(f, text, plain)} AS {quote(f.name)}" for f in table.data_fields),
            *(self._origin(f) for f in table.fields if f not in table.data_fields),
        ])  # fmt: skip
        # rows set apart refuse themselves alone; what refuses the sheet refuses every row, those set apart too
        apart = "_finding_code IS NOT NULL" if "_finding_code" in text.specials else "FALSE"
        refused = "TRUE" if text.refusals else apart
        values = ", ".join(quote(f.name) for f in table.data_fields)
        return (
            f"SELECT {number}, _id, _row, _sheet, {values}, {refused}, "
            f"CASE WHEN {refused} THEN {_numbers(refusing, True)} ELSE {_numbers(checks, True)} END, "
            f"CASE WHEN {refused} THEN '' ELSE {_numbers(checks, False)} END, "
            f"CASE WHEN {refused} THEN '' ELSE {self._rewritten(text, plain)} END "
            f"FROM (SELECT *{self._flags(text, plain)} FROM (SELECT {inner} FROM {source}))"
        )

    def _flags(self, text: TextTable, plain: frozenset[str]) -> str:
        """For each typed column whether its cell says something that is no value of its type."""
        told = ""
        for column in map(text.table.field, text.fields):
            raw, value = raw_name(column.name), quote(column.name)
            bad = "FALSE" if column.name in plain and is_parsed(column) else unreadable(column, raw, value)
            told += f", {bad} AS {_bad_name(column.name)}" if bad else ""
        return told

    def _rewritten(self, text: TextTable, plain: frozenset[str]) -> str:
        """The numbers of the fields whose cell was written otherwise than its value is, joined by ';'."""
        cases = []
        for number, column in enumerate(map(text.table.field, text.fields)):
            if column.name not in plain:
                raw, value, bad = raw_name(column.name), quote(column.name), _bad_name(column.name)
                cases.append(f"CASE WHEN {is_rewritten(self.registry, column, raw, value, bad)} THEN '{number}' END")
        return f"concat_ws(';', {', '.join(cases)})" if cases else "''"

    def _value(self, column: Field, text: TextTable, plain: frozenset[str]) -> str:
        default = text.table.defaults.get(column.name)
        if column.name not in text.fields:
            return f"CAST({literal(default) if default else 'NULL'} AS {column_type(column)})"
        raw = f"t.{quote(column.name)}"
        if column.name in plain:
            value = plain_value(column, raw)
            return value if default is None else f"coalesce({value}, CAST({literal(default)} AS {column_type(column)}))"
        value = normal_expression(self.registry, text.table, column, raw)
        return value if default is None else with_default(column, raw, value, default)

    def _row_checks(self, text: TextTable) -> Iterator[Check]:
        """Everything one row can fail by: its shape, the types of its cells, its contract."""
        table = text.table
        yield self._check("record-width", None, "_extra")
        unread = set()
        for column in map(table.field, text.fields):
            if is_parsed(column):
                unread.add(column.name)
                yield self._check(UNREADABLE, column.name, _bad_name(column.name))
            elif suspect := suspicion(column, quote(column.name)):
                yield Check(SUSPECT, "error", column.name, suspect, holds=True)
        for rule in row_rules(self.registry, table, self.as_of):
            if rule.predicate is None:
                continue
            # a cell that cannot be read has said so: rules that would see it as empty stay silent
            readable = "".join(f" AND NOT {_bad_name(c)}" for c in rule.columns if c in unread)
            predicate = f"({rule.predicate}){readable}"
            yield Check(rule.code, rule.severity, rule.column, predicate, rule.severity == "error")

    def _refusals(self, text: TextTable) -> Iterator[Check]:
        """What holds a row back whatever its cells say: its sheet was refused, or the map says so."""
        for code, column in text.refusals:
            yield self._check(code, column, "TRUE", holds=True)
        if "_finding_code" in text.specials:
            found = self.con.execute(
                f"SELECT DISTINCT _finding_code FROM {text.relation} WHERE _finding_code IS NOT NULL ORDER BY 1"
            )
            for (code,) in found.fetchall():
                yield self._check(code, None, f"_finding_code = {literal(code)}", holds=True)

    def _check(self, code: str, column: str | None, predicate: str, *, holds: bool | None = None) -> Check:
        severity = finding_text(self.registry, code).severity
        return Check(code, severity, column, predicate, severity == "error" if holds is None else holds)

    # --- repeated keys

    def _repeated(self, table: Table) -> None:
        """Rows with one key in one file: the same thing again, or a contradiction that nobody can resolve."""
        key = ", ".join(quote(k) for k in table.key)
        whole = " AND ".join(f"{quote(k)} IS NOT NULL" for k in table.key)
        again, conflict = len(self._checks), len(self._checks) + 1
        self._checks += [
            self._check("row-repeated", None, "FALSE", holds=True),
            self._check("key-duplicate", table.key_column, "FALSE"),
        ]
        said = f"CAST(row({', '.join(quote(f.name) for f in table.data_fields)}) AS VARCHAR)"
        self.con.execute(
            f"CREATE TEMP TABLE twice AS SELECT {key} FROM typed_{table.name} WHERE {whole} AND NOT _refused "
            f"GROUP BY {key} HAVING count(*) > 1"
        )
        self.con.execute(
            f"CREATE TABLE repeated_{table.name} AS SELECT _no, _id, CASE WHEN low <> high THEN {conflict} "
            f"WHEN place > 1 THEN {again} END AS number FROM (SELECT _no, _id, "
            f"row_number() OVER (PARTITION BY {key} ORDER BY _no, _row, _id) AS place, "
            f"min(said) OVER (PARTITION BY {key}) AS low, max(said) OVER (PARTITION BY {key}) AS high "
            f"FROM (SELECT *, {said} AS said FROM typed_{table.name} SEMI JOIN twice USING ({key}) "
            "WHERE NOT _refused))"
        )
        self.con.execute("DROP TABLE twice")

    # --- what follows

    def _flag(self, table: Table) -> None:
        """The rows something was said about, and of them the held ones with their reasons."""
        said = "concat_ws(';', nullif(g._errors, ''), nullif(g._notes, ''), r.number)"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE reason AS SELECT _no, _id, _row, _sheet, CAST(unnest(string_split("
            f"said, ';')) AS INTEGER) AS number FROM (SELECT g._no, g._id, g._row, g._sheet, {said} AS said "
            f"FROM typed_{table.name} g LEFT JOIN repeated_{table.name} r USING (_no, _id) "
            "WHERE g._errors <> '' OR g._notes <> '' OR r.number IS NOT NULL)"
        )
        self._look_again(table)
        listed = zip(*((n, c.code, c.severity, c.column, c.holds) for n, c in enumerate(self._checks)), strict=True)
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE check_list AS SELECT unnest($1::INTEGER[]) AS number, unnest($2::VARCHAR[]) "
            'AS code, unnest($3::VARCHAR[]) AS severity, unnest($4::VARCHAR[]) AS "column", '
            "unnest($5::BOOLEAN[]) AS holds",
            list(map(list, listed)),
        )
        self.con.execute(
            f"CREATE TABLE held_{table.name} AS SELECT _no, _id, string_agg(DISTINCT code, ';' ORDER BY code) "
            "AS reasons FROM reason JOIN check_list USING (number) WHERE holds GROUP BY _no, _id"
        )

    def _look_again(self, table: Table) -> None:
        """Puts what is found in the doubted cells in the place of the doubts; what is nothing is said no more."""
        found = diagnose(self.con, table, self._doubts, "reason")
        columns = {d.number: d.column.name for d in self._doubts}
        known = {pair: len(self._checks) + i for i, pair in enumerate(found)}
        self._checks += [self._check(code, columns[number], "FALSE") for number, code in found]
        doubts = ", ".join(map(str, columns)) or "-1"
        again = " ".join(f"WHEN number = {n} AND code = {literal(c)} THEN {new}" for (n, c), new in known.items())
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE looked AS SELECT r._no, r._id, r._row, r._sheet, "
            f"CASE {again or 'WHEN FALSE THEN 0'} END AS number FROM reason r JOIN diagnosis d USING (_no, _id, number)"
        )
        self.con.execute(f"DELETE FROM reason WHERE number IN ({doubts})")
        self.con.execute("INSERT INTO reason SELECT * FROM looked")

    def _tell(self, table: Table, texts: Sequence[TextTable]) -> None:
        """One finding for each row, column and code, with the cell as it was written unless it is about a person."""
        if not self.con.execute("SELECT count(*) FROM reason").fetchone()[0]:
            return
        for number, text in enumerate(texts):
            picked = " ".join(f"WHEN {literal(n)} THEN t.{quote(n)}" for n in text.fields)
            column, value = 'c."column"', f'CASE c."column" {picked} END'
            if "_finding_column" in text.specials:
                column = 'coalesce(c."column", CASE WHEN c.code = t._finding_code THEN t._finding_column END)'
            if "_finding_value" in text.specials:
                value = f"coalesce({value}, CASE WHEN c.code = t._finding_code THEN t._finding_value END)"
            self.con.execute(
                f"INSERT INTO finding SELECT code, severity, {literal(table.name)}, {literal(self.file)}, _sheet, "
                f'_row, "column", CASE WHEN NOT {is_private(table)} THEN value END, '
                f"{literal(self.provenance['source_sha256'])} FROM (SELECT DISTINCT c.code, c.severity, r._sheet, "
                f'r._row, {column} AS "column", {value} AS value FROM reason r JOIN check_list c USING (number) '
                f"JOIN {text.relation} t ON t._id = r._id WHERE r._no = {number})"
            )

    def _tell_rewritten(self, number: int, text: TextTable) -> None:
        """One line for each cell that was understood although it was written otherwise: raw text and value.

        Both stay out where a finding would not repeat the text, and the line stays."""
        rewritten = f"FROM typed_{text.table.name} WHERE _no = {number} AND _rewritten <> ''"
        if not self.con.execute(f"SELECT 1 {rewritten} LIMIT 1").fetchone():
            return
        names = list(enumerate(text.fields))
        raw = " ".join(f"WHEN {n} THEN t.{quote(name)}" for n, name in names)
        normal = " ".join(f"WHEN {n} THEN CAST(y.{quote(name)} AS VARCHAR)" for n, name in names)
        column = " ".join(f"WHEN {n} THEN {literal(name)}" for n, name in names)
        self.con.execute(
            f'INSERT INTO normalised SELECT {literal(text.table.name)}, _sheet, _row, "column", '
            "CASE WHEN NOT private THEN raw END, CASE WHEN NOT private THEN normal END FROM ("
            # a form feed keeps the two apart: no number of a person goes over it
            f"SELECT *, {is_private(text.table)} AS private FROM (SELECT *, concat(raw, chr(12), normal) AS value, "
            f"'' AS code FROM (SELECT y._sheet, y._row, CASE y.number {column} END AS \"column\", "
            f"CASE y.number {raw} END AS raw, coalesce(CASE y.number {normal} END, '') AS normal FROM (SELECT *, "
            f"CAST(unnest(string_split(_rewritten, ';')) AS INTEGER) AS number {rewritten}) y "
            f"JOIN {text.relation} t USING (_id))))"
        )


def _bad_name(column: str) -> str:
    return quote(f"_bad_{column}")


def _numbers(checks: Sequence[tuple[int, Check]], holding: bool) -> str:
    """SQL for the numbers of the failed checks, joined by ';'; '' where none failed."""
    cases = [f"CASE WHEN {c.predicate} THEN '{n}' END" for n, c in checks if c.holds is holding]
    return f"concat_ws(';', {', '.join(cases)})" if cases else "''"
