"""Received bytes -> text tables with coordinates, each matched to an intake contract by its header.

What belongs here: which sheet is which contract, what is noted about it, what is refused as a whole. What does
not: what kind of file it is (filetypes.py), how it is opened (workbooks.py, delimited.py, ndjson.py, mapped.py),
and whether values are right (gate.py). Nothing here raises for what a file holds: it becomes a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from quality.answers.marks import is_result_sheet
from quality.findings import Finding, Place, finding_text
from quality.judging.sieve import Sifted
from quality.limits import Limits, Refused
from quality.reading import delimited, mapped, workbooks
from quality.reading.apart import Apart, rows_apart
from quality.reading.encodings import EncodingUnknown, as_utf8, damaged, detect, looks_like_text
from quality.reading.filetypes import COMPOUND, LINES, ZIP, kind_of
from quality.reading.headers import HEAD_ROWS, HeaderMatch, Row, match_header
from quality.reading.merges import bad_rows, fill_merged_keys
from quality.reading.ndjson import broken_line, load_lines, numbered
from quality.reading.records import count_records, filled_lines
from quality.reading.sheet_xml import column_letters, named_spans
from quality.reading.stacked import holds_data, rows_above, rows_below_second_header
from quality.reading.strangers import is_personal, nearest_table, personal_title
from quality.reading.text_table import TextTable
from schemas.compile import template_stamp
from schemas.compile.duckdb import quote
from schemas.model import Source, Table
from schemas.registry import Registry

_Matched = tuple[workbooks.Sheet, HeaderMatch | None]

#: so many different texts of a column are looked at one by one
_FEW = 5_000


@dataclass
class Reading:
    """What a file holds: its tables, what was noticed, and rows that belong to no table (sheet -> rows)."""

    encoding: str | None = None
    tables: list[TextTable] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)


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
    sift: Callable[[delimited.Delimited, HeaderMatch, int, str], Sifted | None] | None = None
    reading: Reading = field(default_factory=Reading)

    def read(self, path: Path, refused: Refused | None = None) -> Reading:
        """Everything of ours in the file. Never raises for what the file holds. ``refused``: not even opened."""
        try:
            if refused:
                raise refused
            self._read(path)
        except Refused as refusal:
            self.note(refusal.code, value=refusal.value)
        except EncodingUnknown as unknown:
            self._unknown_encoding(path, unknown)
        return self.reading

    def _read(self, path: Path) -> None:
        source = self.registry.source_for(self.name)
        size = path.stat().st_size
        self.limits.check_bytes(size)
        if size == 0:
            return self.note("file-empty")
        if source and source.maps:
            return self._mapped(path)
        kind = kind_of(path)
        if kind in (ZIP, COMPOUND):
            return self._workbook(path)
        return self._lines(path) if kind == LINES else self._text(path)

    def note(self, code: str, *, severity: str | None = None, **place: object) -> None:
        """A finding about the file, a sheet or a column; its text has the severity unless one is given."""
        severity = severity or finding_text(self.registry, code).severity
        found = Finding(code=code, severity=severity, file=self.name, source_sha256=self.sha256, **place)
        self.reading.findings.append(found)

    def _unknown_encoding(self, path: Path, unknown: EncodingUnknown) -> None:
        readable = unknown.line or looks_like_text(path)
        self.note(unknown.code if readable else "file-unreadable", row=unknown.line)

    def _mapped(self, path: Path) -> None:
        source = self.registry.source_for(self.name)
        lines = mapped.load_source(self.con, path, self.work, self.limits)
        on = mapped.snapshot_date(source, self.name, self.received_on)
        mapped.provide_profile(self.con, self.registry, on)
        try:
            for name in self.registry.mapped_tables(source.name):
                self._mapped_table(source, name)
        except duckdb.Error:  # what a map reads is not there, or is of another kind
            self.reading.tables.clear()
            self.reading.unread[""] = lines
            raise Refused("file-unknown") from None

    def _mapped_table(self, source: Source, name: str) -> None:
        relation = f"text_{len(self.reading.tables)}"
        fields = mapped.map_table(self.con, self.registry, source, name, f"mapped_{name}")
        given = {column for column, *_ in self.con.execute(f"DESCRIBE mapped_{name}").fetchall()}
        self.con.execute(
            f"CREATE TABLE {relation} AS SELECT row_number() OVER (ORDER BY {_all(given)}) AS _id, "
            f"FALSE AS _extra, * FROM mapped_{name}"
        )
        specials = tuple(c for c in mapped.SPECIAL[1:] if c in given)
        table, rows = self.registry.tables[name], self._rows(relation)
        self.reading.tables.append(TextTable("", table, relation, tuple(fields), rows, specials=specials))

    # --- workbooks

    def _workbook(self, path: Path) -> None:
        sheets = workbooks.read_sheets(path, self.limits)
        # an answer of ours that comes back corrected: its first sheet holds nothing of the sender's
        sheets = [s for s in sheets if not is_result_sheet(s.name, s.rows)]
        filled = [s for s in sheets if any(map(any, s.rows))]
        matched = [(s, match_header(s.rows[:HEAD_ROWS], self._contracts())) for s in filled]
        matched = self._without_helpers(matched)
        for sheet, match in matched:
            if match:
                self._sheet(sheet, match)
        ours = any(match for _, match in matched)
        for sheet, match in matched:
            if not match:
                self._unmatched(sheet, "sheet-unknown" if ours else "file-unknown")
        if not matched:
            self.note("file-empty")

    def _without_helpers(self, matched: list[_Matched]) -> list[_Matched]:
        """The sheets of a workbook without those our own template came with and nobody wrote on.

        Nor is a sheet of it that was left empty a fault, as long as another one was filled in."""
        stamp = template_stamp.find((s.name, s.rows) for s, _ in matched)
        if stamp is None:
            return matched
        if stamp.outdated(self.registry):
            self.note("template-outdated", value=stamp.version)
        theirs = [(s, m) for s, m in matched if m or not stamp.is_helper(s.name, s.filled)]
        unused = [s for s, m in theirs if m and not any(map(any, s.rows[m.row + m.height :]))]
        used = any(m for s, m in theirs if s not in unused)
        return [(s, m) for s, m in theirs if s not in unused] if used else theirs

    def _unmatched(self, sheet: workbooks.Sheet, code: str) -> None:
        """A sheet of no table of ours: none of its rows may vanish, but a page of notes is no error."""
        self._stranger(sheet.rows[:HEAD_ROWS], sheet.name, code, "error" if holds_data(sheet.rows) else None)
        self.reading.unread[sheet.name] = sheet.filled

    def _stranger(self, head: Sequence[Row], sheet: str, code: str, severity: str | None = None) -> None:
        """Says what matches no table of ours: a list of persons, or what it comes nearest to."""
        if personal := personal_title(head):
            row, title = personal
            return self.note("header-personal-data", sheet=sheet, row=row + 1, column=title)
        self.note(code, severity=severity, sheet=sheet, value=nearest_table(head, self._contracts()))

    def _sheet(self, sheet: workbooks.Sheet, match: HeaderMatch) -> None:
        start = match.row + match.height
        fill_merged_keys(sheet, match)
        self._note_hidden(sheet, match)
        try:
            different = workbooks.load(self.con, sheet, start, self.work / "sheet.csv")
        except Refused as refusal:
            self.reading.unread[sheet.name] = sum(map(any, sheet.rows[start:]))
            return self.note(refusal.code, sheet=sheet.name, table=match.table.name)
        self._place(sheet.name, match, None)
        self._above(sheet.name, match, sheet.rows[: match.row])
        titles = dict(enumerate(sheet.rows[start - 1]))
        apart = list(bad_rows(sheet, match))
        texts = {name: different[index] for index, name in match.columns.items() if len(different[index]) <= _FEW}
        return self._text_table(sheet.name, match, titles, "TRUE", len(sheet.columns), apart, texts=texts)

    def _note_hidden(self, sheet: workbooks.Sheet, match: HeaderMatch) -> None:
        place = {"sheet": sheet.name, "table": match.table.name}
        start = match.row + match.height
        if not sheet.visible:
            self.note("sheet-hidden", **place)
        if rows := named_spans(sheet.facts.hidden_rows, start + 1, len(sheet.rows), str):
            self.note("rows-hidden", value=rows, **place)
        if columns := named_spans(sheet.facts.hidden_columns, 1, len(sheet.columns), column_letters):
            self.note("columns-hidden", value=columns, **place)

    # --- text

    def _text(self, path: Path) -> None:
        text = delimited.prepare(path, self.work)
        self.reading.encoding = text.encoding
        best, head, delimiter = self._best_header(text)
        if best is None:
            return self._no_header(text, head, delimiter)
        width = max(len(head[best.row + best.height - 1]), max(best.columns) + 1)
        self.limits.check_table(0, width)
        private = any(is_personal(title) for _, title in best.unknown)  # refused as a whole
        sifted = self.sift(text, best, width, delimiter) if self.sift and not private else None
        source = sifted.rest if sifted else text
        try:
            delimited.load_records(self.con, source, delimiter, width, "records", numbered=sifted is not None)
            if sifted and self._second(best, f"_row > {best.row + best.height}"):
                sifted = None  # it took rows below a second header too
                delimited.load_records(self.con, text, delimiter, width, "records")
        except delimited.DelimitedUnreadable as error:
            self.reading.unread[""] = filled_lines(text.path)
            return self.note(error.code, table=best.table.name, row=error.row)
        loaded = self._rows("records") + (sifted.accepted if sifted else 0)
        try:
            self.limits.check_table(loaded, width)
        except Refused:
            self.reading.unread[""] = loaded
            raise
        self._place("", best, delimiter)
        self._above("", best, head)
        titles = dict(enumerate(head[best.row + best.height - 1]))
        return self._text_table("", best, titles, f"_row > {best.row + best.height}", width, [], sifted)

    def _best_header(self, text: delimited.Delimited) -> tuple[HeaderMatch | None, list, str]:
        """The header, the rows it stands in, and the delimiter it is best read with."""
        best, rows, delimiter = None, [], ","
        for candidate, head in delimited.heads(text, HEAD_ROWS).items():
            match = match_header(head, self._contracts())
            if match and (best is None or match.rank > best.rank):
                best, rows, delimiter = match, head, candidate
            elif best is None and max(map(len, head), default=0) > max(map(len, rows), default=0):
                rows, delimiter = head, candidate
        return best, rows, delimiter

    def _no_header(self, text: delimited.Delimited, head: list, delimiter: str) -> None:
        """Text of no table of ours: as far as it can be said, why."""
        self.reading.unread[""] = count_records(text.path, delimiter).filled
        self.limits.check_table(0, max(map(len, head), default=0))
        sample = text.path.read_bytes()[: delimited.SAMPLE_BYTES].decode("utf-8", errors="ignore")
        odd = delimited.heads(text, HEAD_ROWS, delimited.ODD_DELIMITERS).items()
        if damaged(sample):
            return self.note("encoding-damaged", sheet="")
        for sign, rows in odd:
            if match_header(rows, self._contracts()):
                return self.note("delimiter-unusual", sheet="", value=sign)
        self._stranger(head, "", "file-unknown")

    def _lines(self, path: Path) -> None:
        """One JSON object a line, its keys the columns."""
        self.reading.encoding = detect(path)
        lines = as_utf8(path, self.reading.encoding, self.work / "lines.ndjson")
        try:
            filled, keys = load_lines(self.con, lines, self.limits)
        except Refused as refusal:
            return self._unread_lines(lines, refusal)
        match = match_header([keys], self._contracts())
        if match is None:
            self.reading.unread[""] = len(filled)
            return self._stranger([keys], "", "file-unknown")
        self._place("", match, None)
        match = replace(match, row=-1)  # the keys stand in no row of their own
        columns = numbered(keys, [f"c{index}" for index in range(len(keys))])
        self.con.execute(f"CREATE OR REPLACE TABLE records AS SELECT * EXCLUDE (record) FROM ({columns})")
        return self._text_table("", match, {}, "TRUE", len(keys), [])

    def _unread_lines(self, lines: Path, refusal: Refused) -> None:
        """Which line is broken; where the first one is, it is an object over several lines or half of one."""
        if refusal.code != "file-unreadable":
            raise refusal
        broken, filled = broken_line(lines)
        if broken is None:
            raise Refused("file-type", "JSON 文件")
        self.reading.unread[""] = filled
        self.note("json-line-broken", sheet="", row=broken)

    # --- both

    def _text_table(
        self,
        sheet: str,
        match: HeaderMatch,
        titles: dict,
        where: str,
        width: int,
        apart: list[Apart],
        sifted: Sifted | None = None,
        texts: Mapping[str, Collection[str | None]] | None = None,
    ) -> None:
        """The relation of a matched sheet, of ``records``: only columns of the contract, no empty rows.

        ``titles``: what stands above each column; ``where``: leaves out what is above the data; ``width``: cells of
        the header; ``apart``: rows already known to be held; ``sifted``: rows that ``records`` no longer
        has; ``texts``: see TextTable."""
        relation = f"text_{len(self.reading.tables)}"
        cells = self._cells()
        found = rows_apart(self.con, match.columns, titles, where, cells, match.table.key)
        held = {one.row: one for one in (*apart, *found, *self._second(match, where))}
        specials = self._provide(list(held.values()))
        joined = self._kept(relation, "records")
        if specials:
            joined += f" LEFT JOIN {self._kept(relation, 'row_apart')} USING (_row)"
        columns = sorted(match.columns.items())
        named = "".join(f", c{index} AS {quote(name)}" for index, name in columns)
        self.con.execute(
            f"CREATE VIEW {relation} AS SELECT _row AS _id, _row, {_any(cells[width:])} AS _extra{named}"
            f"{''.join(f', {s}' for s in specials)} FROM {joined} WHERE {where} AND {_filled(cells)}"
        )
        refusals, rows = self._header_findings(sheet, match), self._rows(relation)
        if not rows and not sifted:
            self.note("file-empty", sheet=sheet, table=match.table.name)
        fields = tuple(name for _, name in columns)
        self.reading.tables.append(
            TextTable(sheet, match.table, relation, fields, rows, sifted, refusals, specials, texts or {})
        )

    def _cells(self) -> list[str]:
        return [f"c{i}" for i in range(len(self.con.execute("DESCRIBE records").fetchall()) - 1)]

    def _second(self, match: HeaderMatch, where: str) -> list[Apart]:
        return rows_below_second_header(self.con, match, self._contracts(), where, self._cells())

    def _kept(self, relation: str, name: str) -> str:
        """A table under a name of its own, so that the next sheet does not take its place."""
        self.con.execute(f"ALTER TABLE {name} RENAME TO {name}_of_{relation}")
        return f"{name}_of_{relation}"

    def _rows(self, relation: str) -> int:
        return self.con.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]

    def _provide(self, held: list[Apart]) -> tuple[str, ...]:
        """The table ``row_apart`` of rows that are held without being judged; the columns it adds, if any."""
        if not held:
            return ()
        self.con.execute(
            "CREATE OR REPLACE TABLE row_apart AS SELECT unnest($1::BIGINT[]) AS _row, "
            f"unnest($2::VARCHAR[]) AS {mapped.SPECIAL[1]}, unnest($3::VARCHAR[]) AS {mapped.SPECIAL[2]}, "
            f"unnest($4::VARCHAR[]) AS {mapped.SPECIAL[3]}",
            [[getattr(one, name) for one in held] for name in ("row", "code", "column", "value")],
        )
        return mapped.SPECIAL[1:]

    def _above(self, sheet: str, match: HeaderMatch, head: Sequence) -> None:
        """Counts the rows above the header that are data: nobody reads them, and none may vanish."""
        if rows := rows_above(head, match, self._contracts()):
            self.reading.unread[sheet] = len(rows)
            self.note("rows-above-header", sheet=sheet, table=match.table.name, row=rows[0], value=str(len(rows)))

    def _place(self, sheet: str, match: HeaderMatch, delimiter: str | None) -> None:
        """Keeps where the columns stand."""
        titles = {title: index for index, title in (*match.unknown, *match.repeated)}
        columns = titles | {name: index for index, name in match.columns.items()}
        places = {name: index + 1 for name, index in columns.items()}
        header_row = match.row + match.height if sheet or delimiter else 0
        self.reading.places.append(Place(sheet, match.table.name, header_row, places, delimiter))

    def _header_findings(self, sheet: str, match: HeaderMatch) -> tuple[tuple[str, str | None], ...]:
        """Notes what the header says, and returns what refuses the whole sheet."""
        place = {"sheet": sheet, "table": match.table.name, "row": match.row + match.height or None}
        personal = [title for _, title in match.unknown if is_personal(title)]
        refusals = [("header-personal-data", title) for title in personal]
        refusals += [("column-duplicate", title) for _, title in match.repeated]
        refusals += [("column-missing", name) for name in match.missing]
        for _, title in match.unknown:
            if title not in personal:
                self.note("column-unknown", column=title, **place)
        return tuple(refusals)

    def _contracts(self) -> list[Table]:
        return self.registry.layer("intake")


def _any(cells: list[str]) -> str:
    """SQL that is TRUE where a cell says anything: one function call a row, however many cells."""
    return f"trim(concat({', '.join(cells)})) <> ''" if cells else "FALSE"


def _filled(cells: list[str]) -> str:
    """The same as a condition; most rows are known by their first cell, which begins with no blank, and quickly."""
    return f"({cells[0]} >= '!' OR {_any(cells)})" if cells else "FALSE"


def _all(columns: Sequence[str] | set[str]) -> str:
    return ", ".join(quote(c) for c in ["_row", *sorted(set(columns) - {"_row"})])
