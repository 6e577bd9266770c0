"""What the sieve asks the engine: the pattern of a plain line, and the statement that writes accepted rows.

What belongs here: contract and header -> text of patterns and SQL. What does not: reading lines (sieve.py).
A rule that the pattern of the line already decides is not asked again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import duckdb

from quality.judging.diagnosis import suspicion
from quality.judging.plain import plain_pattern, plain_value
from quality.normalise import is_identifier, normal_expression
from quality.reading.headers import HeaderMatch
from schemas.compile.duckdb import column_type, literal, quote
from schemas.compile.rules import CompiledRule, row_rules
from schemas.model import Field, Table
from schemas.registry import Registry

#: a pattern made of digits, capitals and dashes only: it says all about an identifier
_SHAPE = re.compile(r"(?:(?:\\d|\[0-9\])(?:\{\d+(?:,\d+)?\})?|[A-Z_-])+")
_PIECE = re.compile(r"(?:\\d|\[0-9\])(?:\{(\d+)(?:,(\d+))?\})?|[A-Z_-]")
#: key columns whose plain cells are written in one way only
_KEY_TYPES = ("string", "integer", "date", "yearmonth")


@dataclass(frozen=True)
class SieveSql:
    """Texts for one header. ``line``: RE2 of a plain line without its end; ``keys``: places of the key columns."""

    line: str
    keys: tuple[int, ...]
    key_lengths: tuple[int, ...]  # of the keys after the first, when they are the first columns and always as long
    width: int
    delimiter: str
    columns: Mapping[str, str]  # name in the file -> type it is read as
    values: str
    tests: str
    odd_keys: tuple[str, ...]  # SQL of each key column's value over cells c0, c1 ...

    @property
    def nothing(self) -> bytes:
        """A line of empty cells: it keeps the place of one that is left out."""
        return self.delimiter.encode() * (self.width - 1)

    def accept(self, piece: Path, first: int, part: Path) -> str:
        """Writes the rows of a piece that break no rule. ``first``: number of its first line."""
        types = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in self.columns.items())
        reader = (
            f"read_csv({literal(str(piece))}, auto_detect=false, header=false, delim={literal(self.delimiter)}, "
            f"quote='', escape='', columns={{{types}}}, max_line_size=16777216)"
        )
        return (
            f"COPY (SELECT * EXCLUDE (_there) FROM (SELECT {self.values} FROM "
            f"(SELECT row_number() OVER () + {first - 1} AS _row, * FROM {reader})) WHERE {self.tests}) "
            f"TO {literal(str(part))} (FORMAT parquet, COMPRESSION zstd, WRITE_BLOOM_FILTER false)"
        )


@dataclass(frozen=True)
class SieveCompiler:
    """Makes the texts for a file. ``provenance``: the constant columns of its rows."""

    con: duckdb.DuckDBPyConnection
    registry: Registry
    as_of: date
    provenance: Mapping[str, str]

    def compile(self, match: HeaderMatch, width: int, delimiter: str) -> SieveSql | None:
        """None where the header is incomplete or a column can only be read the long way."""
        table = match.table
        places = {name: index for index, name in match.columns.items()}
        keys = [table.field(name) for name in table.key if name in places]
        cells = {name: self._cell(table, table.field(name)) for name in places}
        if match.missing or match.repeated or not keys or None in cells.values():
            return None
        if any(key.type not in _KEY_TYPES for key in keys):
            return None
        names = {index: name for name, index in places.items()}
        other = f'[^{delimiter}"\\r\\n]*'
        line = re.escape(delimiter).join(cells[names[i]] if i in names else other for i in range(width))
        kinds = {names.get(i, f"c{i}"): self._read_as(table, names.get(i)) for i in range(width)}
        values = [f"{self._value(table, f, places)} AS {quote(f.name)}" for f in table.fields]
        values.append(f"{quote(keys[0].name)} AS _there")  # no accepted row leaves it empty
        return SieveSql(
            line, tuple(places[key.name] for key in keys), _lengths(keys, places), width, delimiter, kinds,
            ", ".join(values), self._tests(table, places),
            tuple(f"CAST({normal_expression(self.registry, table, k, f'c{places[k.name]}')} AS VARCHAR)" for k in keys),
        )  # fmt: skip

    def _cell(self, table: Table, field: Field) -> str | None:
        pattern = _shape(field) if is_identifier(table, field) else None
        pattern = pattern or plain_pattern(self.registry, table, field)
        if pattern is None:
            return None
        return pattern if field.required or field.name in table.key else f"{pattern}?"

    @staticmethod
    def _read_as(table: Table, name: str | None) -> str:
        if name is None or table.field(name).type == "boolean":
            return "VARCHAR"
        return column_type(table.field(name))

    def _value(self, table: Table, field: Field, places: Mapping[str, int]) -> str:
        default = table.defaults.get(field.name)
        if field.name in places:
            value = plain_value(field, quote(field.name)) if field.type == "boolean" else quote(field.name)
            return value if default is None else f"coalesce({value}, CAST({literal(default)} AS {column_type(field)}))"
        if field.name == "source_row":
            return "_row"
        return _constant(field, default or self.provenance.get(field.name))

    def _tests(self, table: Table, places: Mapping[str, int]) -> str:
        """TRUE for a row to accept: nothing at all is said about it, and it is no line that was left out."""
        fields = {name: table.field(name) for name in places}
        tests = ["_there IS NOT NULL"]
        for field in fields.values():
            suspect = suspicion(field, quote(field.name))
            if suspect and not self._harmless(field):
                tests.append(f"({suspect}) IS NOT TRUE")
        for rule in row_rules(self.registry, table, self.as_of):
            about = [table.field(c) for c in rule.columns]
            of_data = any(f in table.data_fields for f in about)
            if rule.predicate and of_data and not _decided(rule, fields, table):
                tests.append(f"({rule.predicate}) IS NOT TRUE")
        return " AND ".join(tests)

    def _harmless(self, field: Field) -> bool:
        """Whether no text of the field's shape is ever suspect: asked once, of its longest and shortest forms."""
        pattern = _shape(field)
        if pattern is None:
            return False
        told = suspicion(field, "text")
        sql = f"SELECT coalesce(bool_or({told}), FALSE) FROM (SELECT unnest(?::VARCHAR[]) AS text)"
        return not self.con.execute(sql, [_forms(pattern)]).fetchone()[0]


def _decided(rule: CompiledRule, fields: Mapping[str, Field], table: Table) -> bool:
    """Whether a plain line cannot break the rule: it is one about the text of a cell, and the pattern says it all."""
    field = fields.get(rule.column)
    if field is None or len(rule.columns) > 1:
        return False
    limits = field.constraints
    return {
        "value-missing": field.required or field.name in table.key,
        "value-type": True,
        "code-unknown": True,
        "value-pattern": is_identifier(table, field) and _shape(field) is not None,
        "value-too-short": limits.min_length is not None and limits.min_length <= 1,
        "value-below-minimum": limits.minimum is not None and limits.minimum <= 0,
    }.get(rule.code, False)


def _lengths(keys: list[Field], places: Mapping[str, int]) -> tuple[int, ...]:
    known = {"date": len("2026-01-31"), "yearmonth": len("2026-01")}
    lengths = tuple(known.get(key.type, 0) for key in keys[1:])
    return lengths if all(lengths) and [places[k.name] for k in keys] == list(range(len(keys))) else ()


def _constant(field: Field, value: str | None) -> str:
    """One value for all rows. A text is an ENUM of one word: it is read as text, and written ten times faster."""
    if value is None:
        return f"CAST(NULL AS {column_type(field)})"
    kind = f"ENUM({literal(value)})" if column_type(field) == "VARCHAR" else column_type(field)
    return f"CAST({literal(value)} AS {kind})"


def _shape(field: Field) -> str | None:
    """The pattern of an identifier as it stands in the contract, when it is made of digits, capitals and dashes."""
    body = (field.constraints.pattern or "").removeprefix("^").removesuffix("$")
    digits = "\\d" in body or "[0-9]" in body
    return f"(?:{body})" if not field.codelist and digits and _SHAPE.fullmatch(body) else None


def _forms(pattern: str) -> list[str]:
    """The shortest and longest texts of a shape, once for each digit."""
    pieces = list(_PIECE.finditer(pattern.removeprefix("(?:").removesuffix(")")))
    spans = [[p[0]] if len(p[0]) == 1 else [int(p[1] or 1), int(p[2] or p[1] or 1)] for p in pieces]
    return [
        "".join(part if isinstance(part, str) else digit * part for part in parts)
        for digit in "0123456789"
        for parts in product(*spans)
    ]
