"""What must not leave: private columns, and personal data in the text of public ones.

The last look at an open table before it is staged. It refuses; it never repairs, and it never repeats the
value: a finding here names code, table, column and row only, because reports and logs are read by more
people than the data. What does not belong here: the checks of the gate (they see what filers send),
small cells (their open tables suppress them).
"""

from __future__ import annotations

from collections.abc import Iterator

from duckdb import CatalogException, DuckDBPyConnection

from quality.findings import Finding
from quality.judging.diagnosis import PERSONAL, kind_of
from quality.normalise import install_macros
from schemas.compile.duckdb import literal, quote
from schemas.model import Table

#: how many findings of one kind in one column are told apart; one is enough to refuse
_SHOWN = 20


class DisclosureRefused(Exception):
    """An open table or a text holds what must not leave. ``findings`` say where, never what."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        places = "; ".join(_place(finding) for finding in findings[:_SHOWN])
        super().__init__(f"{len(findings)} disclosure finding(s): {places}")


def _place(finding: Finding) -> str:
    if finding.file:
        return f"{finding.code} {finding.file} line {finding.row or '-'} {finding.column or ''}".rstrip()
    return f"{finding.code} {finding.table}.{finding.column} row {finding.row or '-'}"


#: what refuses a table; the warnings of the gate (a number that may be a passport's) do not
REFUSED = tuple(code for code in PERSONAL if code != "travel-document-in-text")


def inspect(con: DuckDBPyConnection, table: Table, relation: str) -> list[Finding]:
    """Every finding in an open table. ``relation``: what to read, in its order; rows count from 1."""
    know_detectors(con)
    described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {row[0]: row[1] for row in described}
    allowed = {field.name for field in table.fields if field.access == "public"}
    found = [_finding("private-column", table, column, None) for column in types if column not in allowed]
    looked_at = [column for column, kind in types.items() if column in allowed and kind in ("VARCHAR", "BIGINT")]
    for column in _suspects(con, relation, looked_at):
        found += _personal(con, table, relation, column)
    return found


def require_safe(con: DuckDBPyConnection, table: Table, relation: str) -> None:
    """DisclosureRefused if anything in the table must not leave."""
    if findings := inspect(con, table, relation):
        raise DisclosureRefused(findings)


def personal_in(con: DuckDBPyConnection, text: str) -> list[str]:
    """The codes of what a text holds that must not leave, by the detectors of the gate; never what it is."""
    know_detectors(con)
    found = con.execute("SELECT personal_codes(?, 'text') WHERE may_be_personal(?)", [text, text]).fetchone()
    return sorted(set(found[0]) & set(REFUSED)) if found else []


def know_detectors(con: DuckDBPyConnection) -> None:
    """Once for a connection: making the macros known takes longer than looking through a table."""
    try:
        con.execute("SELECT may_be_personal('')")
    except CatalogException:
        install_macros(con)


def _suspects(con: DuckDBPyConnection, relation: str, columns: list[str]) -> list[str]:
    """The columns in which anything looks like what is sought: one cheap scan, before the long detectors."""
    looks = ", ".join(f"bool_or(may_be_personal({quote(column)}::VARCHAR))" for column in columns)
    seen = con.execute(f"SELECT {looks} FROM {relation}").fetchone() if columns else ()
    return [column for column, suspect in zip(columns, seen, strict=True) if suspect]


def _personal(con: DuckDBPyConnection, table: Table, relation: str, column: str) -> Iterator[Finding]:
    """Findings in one column, by the detectors of the gate (``quality/macros/55_personal_data.sql``)."""
    kind = kind_of(table, table.field(column))
    kind = kind if kind in ("text", "credit_code") else "identifier"
    numbered = f"SELECT row_number() OVER () AS row_no, {quote(column)}::VARCHAR AS value FROM {relation}"
    codes = f"unnest(personal_codes(value, {literal(kind)}))"
    found = con.execute(
        f"SELECT row_no, code FROM (SELECT row_no, {codes} AS code FROM ({numbered}) WHERE may_be_personal(value)) "
        f"WHERE code IN ({', '.join(map(literal, REFUSED))}) "
        f"QUALIFY row_number() OVER (PARTITION BY code ORDER BY row_no) <= {_SHOWN} ORDER BY row_no, code"
    )
    for row_no, code in found.fetchall():
        yield _finding(code, table, column, row_no)


def _finding(code: str, table: Table, column: str, row: int | None) -> Finding:
    return Finding(code=code, severity="error", table=table.name, row=row, column=column)
