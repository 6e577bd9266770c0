"""What exactly is wrong with a cell: the code that tells a person how to mend it.

The pass over a table (judge.py) only sees that a number cannot be read, or that a text may hold something it
must not. Here those few cells are looked at again, all columns in one statement, so that the long detectors are
planned once and run on hardly any cell. What does not belong here: the detectors (``quality/macros``), and what
a rule of the contract decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from quality.normalise import is_identifier, is_parsed
from schemas.compile.duckdb import literal, quote
from schemas.model import Field, Table

#: the pass says of a cell that it cannot be read, or that its text must be looked at; neither is told as it is
UNREADABLE, SUSPECT = "value-type", "text-suspect"
#: findings that never repeat what stands in the cell
PERSONAL = (
    "resident-id-in-text",
    "mobile-number-in-text",
    "bank-card-in-text",
    "travel-document-in-text",
    "personal-words-in-text",
)


@dataclass(frozen=True)
class Doubt:
    """A check of the pass that needs a second look: its number, its column, the relation its cells stand in."""

    number: int
    column: Field
    sheet: int
    relation: str


def suspicion(column: Field, value: str) -> str | None:
    """SQL that is TRUE where a text may hold what it must not: one cheap look; None for what is no text."""
    if is_parsed(column) or column.codelist:
        return None
    return f"is_suspect_{'public_' if column.access == 'public' else ''}text({value})"


def is_private(table: Table) -> str:
    """SQL over a finding's code, column and value that is TRUE where the value must not be repeated; never NULL.

    Findings about persons, text of private columns (telephones, numbers of certificates), and whatever looks like a
    person's number, for it may stand in any column."""
    codes = ", ".join(map(literal, PERSONAL))
    private = [f.name for f in table.data_fields if f.type == "string" and not f.codelist and f.access != "public"]
    columns = ", ".join(map(literal, private)) or "''"
    looks = "CASE WHEN may_be_personal(value) THEN len(personal_codes(value, 'text')) > 0 ELSE FALSE END"
    return f"coalesce(code IN ({codes}) OR \"column\" IN ({columns}) OR {looks}, FALSE)"


def kind_of(table: Table, column: Field) -> str:
    """What the column holds, as ``cell_problems`` asks for it."""
    if is_parsed(column):
        return column.type
    if column.name.endswith("credit_code"):
        return "credit_code"
    if is_identifier(table, column):
        return "identifier"
    return "reference" if column.name.endswith(("_id", "_no")) else "text"


def diagnose(
    con: duckdb.DuckDBPyConnection, table: Table, doubts: Sequence[Doubt], reasons: str
) -> list[tuple[int, str]]:
    """(number of the doubt, code) of everything found; the rows (_no, _id, number, code) are left in ``diagnosis``.

    ``reasons``: a relation of (_no, _id, number), the failed checks of each row. A doubt that turns out to be
    nothing has no row there."""
    con.execute("CREATE OR REPLACE TEMP TABLE diagnosis(_no INTEGER, _id BIGINT, number INTEGER, code VARCHAR)")
    numbers = ", ".join(str(d.number) for d in doubts)
    if not doubts or not con.execute(f"SELECT count(*) FROM {reasons} WHERE number IN ({numbers})").fetchone()[0]:
        return []
    sheets = sorted({d.sheet for d in doubts})
    cells = " UNION ALL ".join(_cells(table, doubts, reasons, sheet) for sheet in sheets)
    con.execute(
        "INSERT INTO diagnosis SELECT _no, _id, number, "
        f"unnest(list_distinct(cell_problems(raw, kind, public))) FROM ({cells})"
    )
    return con.execute("SELECT DISTINCT number, code FROM diagnosis ORDER BY number, code").fetchall()


def _cells(table: Table, doubts: Sequence[Doubt], reasons: str, sheet: int) -> str:
    """The doubted cells of one sheet, one under the other: _no, _id, number, raw, kind, public."""
    own = [d for d in doubts if d.sheet == sheet]
    raw = " ".join(f"WHEN {d.number} THEN t.{quote(d.column.name)}" for d in own)
    kind = " ".join(f"WHEN {d.number} THEN {literal(kind_of(table, d.column))}" for d in own)
    public = ", ".join(str(d.number) for d in own if d.column.access == "public") or "-1"
    return (
        f"SELECT r._no, r._id, r.number, CASE r.number {raw} END AS raw, CASE r.number {kind} END AS kind, "
        f"r.number IN ({public}) AS public FROM {reasons} r JOIN {own[0].relation} t USING (_id) "
        f"WHERE r._no = {sheet} AND r.number IN ({', '.join(str(d.number) for d in own)})"
    )
