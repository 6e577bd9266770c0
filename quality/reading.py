"""Received bytes -> text tables with coordinates, each matched to an intake contract by its header.

What belongs here: what kind of file it is, which sheet is which contract, what is refused as a whole.
What does not: how a workbook or a text file is opened (workbooks.py, delimited.py, mapped.py), and whether
values are right (gate.py). Nothing here raises for what a file holds: it becomes a finding.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from quality import delimited, mapped, workbooks
from quality.encodings import EncodingUnknown
from quality.findings import Finding, finding_text
from quality.headers import HEAD_ROWS, HeaderMatch, match_header, title_key
from quality.limits import Limits, Refused
from quality.records import count_records
from schemas.compile.duckdb import quote
from schemas.model import Table
from schemas.registry import Registry

#: what begins a workbook: zip (xlsx, ods), the compound file of old Excel
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
#: headers of lists of persons (domain 4.7): such a sheet is refused, whatever else it holds
_PERSONAL = re.compile("身份证|监护人|孩次|接种|出生日期|出生年月|(幼儿|儿童|宝宝|孩子|家长|父亲|母亲)(的)?姓名|^姓名$")

#: so many rows below a header are data; fewer may be notes in two columns
_DATA_ROWS = 2


@dataclass(frozen=True)
class TextTable:
    """Rows of one sheet meant for one contract.

    ``relation`` has ``_id`` (unique within it), ``_row`` (as a person counts), ``_extra`` (TRUE where cells stand
    beyond the header), and a text column for each of ``fields``; for mapped sources also the columns
    ``_finding_*`` of ``specials``. ``refusals``: (code, column) for which every row is held back."""

    sheet: str
    table: Table
    relation: str
    fields: tuple[str, ...]
    refusals: tuple[tuple[str, str | None], ...] = ()
    specials: tuple[str, ...] = ()


@dataclass
class Reading:
    """What a file holds: its tables, what was noticed, and rows that belong to no table (sheet -> rows)."""

    encoding: str | None = None
    tables: list[TextTable] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)


@dataclass
class Reader:
    """Reads one file into one connection. ``name`` is its path relative to the inbox."""

    con: duckdb.DuckDBPyConnection
    registry: Registry
    name: str
    sha256: str
    received_on: date | str
    work: Path
    limits: Limits = field(default_factory=Limits)
    reading: Reading = field(default_factory=Reading)

    def read(self, path: Path, refused: Refused | None = None) -> Reading:
        """Everything of ours in the file. Never raises for what the file holds. ``refused``: not even opened."""
        try:
            if refused:
                raise refused
            self._read(path)
        except Refused as refusal:
            self.note(refusal.code, value=refusal.value)
        return self.reading

    def _read(self, path: Path) -> None:
        source = self.registry.source_for(self.name)
        size = path.stat().st_size
        self.limits.check_bytes(size)
        if size == 0:
            self.note("file-empty")
        elif source and source.maps:
            self._mapped(path)
        elif _begins(path, _WORKBOOK):
            self._workbook(path)
        else:
            self._text(path)

    def note(self, code: str, *, severity: str | None = None, **place: object) -> None:
        """A finding about the file, a sheet or a column; its text has the severity unless one is given."""
        severity = severity or finding_text(self.registry, code).severity
        found = Finding(code=code, severity=severity, file=self.name, source_sha256=self.sha256, **place)
        self.reading.findings.append(found)

    def _mapped(self, path: Path) -> None:
        source = self.registry.source_for(self.name)
        try:
            mapped.load_source(self.con, path, self.work, self.limits)
        except EncodingUnknown:
            return self.note("encoding-unknown")
        on = mapped.snapshot_date(source, self.name, self.received_on)
        mapped.provide_profile(self.con, self.registry, on)
        for name in self.registry.mapped_tables(source.name):
            relation = f"text_{len(self.reading.tables)}"
            fields = mapped.map_table(self.con, self.registry, source, name, f"mapped_{name}")
            given = {column for column, *_ in self.con.execute(f"DESCRIBE mapped_{name}").fetchall()}
            self.con.execute(
                f"CREATE TABLE {relation} AS SELECT row_number() OVER (ORDER BY {_all(given)}) AS _id, "
                f"FALSE AS _extra, * FROM mapped_{name}"
            )
            specials = tuple(c for c in mapped.SPECIAL[1:] if c in given)
            table = self.registry.tables[name]
            self.reading.tables.append(TextTable("", table, relation, tuple(fields), specials=specials))
        return None

    def _workbook(self, path: Path) -> None:
        sheets = list(workbooks.read_sheets(path, self.limits))
        filled = [s for s in sheets if any(any(row) for row in s.rows)]
        matched = [(s, match_header(s.rows[:HEAD_ROWS], self._contracts())) for s in filled]
        for sheet, match in matched:
            if match:
                self._sheet(sheet, match)
        ours = any(match for _, match in matched)
        for sheet, match in matched:
            if not match:
                self._unmatched(sheet, "sheet-unknown" if ours else "file-unknown")
        if not filled:
            self.note("file-empty")
        return None

    def _unmatched(self, sheet: workbooks.Sheet, code: str) -> None:
        """A sheet of no table of ours: none of its rows may vanish, but a page of notes is no error."""
        severity = "error" if _holds_data(sheet) else None
        self.note(code, severity=severity, sheet=sheet.name)
        self.reading.unread[sheet.name] = sum(any(row) for row in sheet.rows)

    def _sheet(self, sheet: workbooks.Sheet, match: HeaderMatch) -> None:
        """A sheet's rows below its header, by way of a small CSV: one road into the engine."""
        rows, start = sheet.rows, match.row + match.height
        _fill_merged_keys(sheet, match)
        width = max(map(len, rows))
        target = self.work / "sheet.csv"
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(["row", *range(width)])
            for number, row in enumerate(rows[start:], start + 1):
                if any(row):
                    writer.writerow([number, *row, *[""] * (width - len(row))])
        text = delimited.Delimited(target, "utf-8")
        delimited.load_records(self.con, text, ",", width + 1, "records")
        shifted = {index + 1: name for index, name in match.columns.items()}
        self._text_table(sheet.name, match, shifted, "CAST(c0 AS BIGINT)", "_row > 1", width + 1)

    def _text(self, path: Path) -> None:
        try:
            text = delimited.prepare(path, self.work)
        except EncodingUnknown:
            return self.note("encoding-unknown" if _looks_like_text(path) else "file-unreadable")
        self.reading.encoding = text.encoding
        best, delimiter, width = self._best_header(text)
        if best is None:
            self.reading.unread[""] = count_records(text.path, delimiter).filled
            return self.note("file-unknown", sheet="")
        try:
            delimited.load_records(self.con, text, delimiter, width, "records")
        except delimited.DelimitedUnreadable as error:
            self.reading.unread[""] = count_records(text.path, delimiter).filled
            return self.note(error.code, table=best.table.name)
        self._text_table("", best, best.columns, "_row", f"_row > {best.row + best.height}", width)
        return None

    def _best_header(self, text: delimited.Delimited) -> tuple[HeaderMatch | None, str, int]:
        """The header, the delimiter it is best read with, and how many cells it has."""
        best, delimiter, width = None, ",", 1
        for candidate, head in delimited.heads(text, HEAD_ROWS).items():
            match = match_header(head, self._contracts())
            if match and (best is None or match.rank > best.rank):
                best, delimiter = match, candidate
                width = max(len(head[match.row + match.height - 1]), max(match.columns) + 1)
        return best, delimiter, width

    def _text_table(
        self, sheet: str, match: HeaderMatch, columns: dict[int, str], row: str, where: str, width: int
    ) -> None:
        """The relation of a matched sheet: only columns of the contract, no empty rows, nothing else is kept."""
        relation = f"text_{len(self.reading.tables)}"
        named = "".join(f", c{index} AS {quote(name)}" for index, name in sorted(columns.items()))
        count = len(self.con.execute("DESCRIBE records").fetchall()) - 1
        extra = " OR ".join(f"trim(c{i}) <> ''" for i in range(width, count)) or "FALSE"
        anything = " OR ".join(f"trim(c{i}) <> ''" for i in range(count) if row == "_row" or i)
        self.con.execute(
            f"CREATE TABLE {relation} AS SELECT row_number() OVER () AS _id, {row} AS _row, "
            f"coalesce({extra}, FALSE) AS _extra{named} FROM records WHERE {where} AND ({anything})"
        )
        refusals = self._header_findings(sheet, match)
        if not self.con.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]:
            self.note("file-empty", sheet=sheet, table=match.table.name)
        fields = tuple(name for _, name in sorted(columns.items()))
        self.reading.tables.append(TextTable(sheet, match.table, relation, fields, refusals))

    def _header_findings(self, sheet: str, match: HeaderMatch) -> tuple[tuple[str, str | None], ...]:
        """Notes what the header says, and returns what refuses the whole sheet."""
        place = {"sheet": sheet, "table": match.table.name, "row": match.row + match.height}
        personal = [title for _, title in match.unknown if _PERSONAL.search(title_key(title))]
        refusals = [("header-personal-data", title) for title in personal]
        refusals += [("column-duplicate", title) for _, title in match.repeated]
        refusals += [("column-missing", name) for name in match.missing]
        for _, title in match.unknown:
            if title not in personal:
                self.note("column-unknown", column=title, **place)
        return tuple(refusals)

    def _contracts(self) -> list[Table]:
        return self.registry.layer("intake")


def _holds_data(sheet: workbooks.Sheet) -> bool:
    """Whether a sheet looks like a table: a header and rows below it, each of several cells."""
    return sum(sum(cell is not None for cell in row) > 1 for row in sheet.rows) > _DATA_ROWS


def _fill_merged_keys(sheet: workbooks.Sheet, match: HeaderMatch) -> None:
    """A key cell merged over several rows stands for each of them; a measure merged so would be counted twice."""
    keys = {index for index, name in match.columns.items() if name in match.table.key}
    for top, left, bottom, right in sheet.merged:
        if top < match.row + match.height or left != right or left not in keys:
            continue
        value = sheet.rows[top][left] if top < len(sheet.rows) and 0 <= left < len(sheet.rows[top]) else None
        for row in sheet.rows[top + 1 : bottom + 1]:
            if left < len(row) and row[left] is None and any(row):
                row[left] = value


def _all(columns: Sequence[str] | set[str]) -> str:
    return ", ".join(quote(c) for c in ["_row", *sorted(set(columns) - {"_row"})])


def _begins(path: Path, marks: tuple[bytes, ...]) -> bool:
    with path.open("rb") as file:
        return file.read(8).startswith(marks)


def _looks_like_text(path: Path) -> bool:
    """Whether a file without a known encoding is at least no binary: no zero byte near its beginning."""
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)
