"""Makes ``filing_identity``: every filing ever accepted, with the provider its stated id means.

What belongs here: getting the statements out of the engine and the answer back into it. What does not: the rules
(identity.py), and what people decided (quality/identities.py).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import duckdb

from assets.raw.identity import Identities, Said, Use
from assets.workspace import Context, Workspace, read_json, write_json
from quality.identities import Decision, load_identities
from quality.normalise import install_macros, stated_value
from schemas.compile.duckdb import column_definitions, quote
from schemas.model import Table

TABLE = "filing_identity"
DECIDED = "identities"  # the state in which it stands which decisions of people still say something
#: (source, day, area, id) of the lines of registers that wait in quarantine, by reception
Waiting = dict[int, list[tuple[str, date, str, str]]]
_USE = (
    "area_code VARCHAR, use_name VARCHAR, source_provider_id VARCHAR, use_no BIGINT, provider_id VARCHAR, "
    "identity_relation_code VARCHAR, related_provider_id VARCHAR, started_on DATE, ended_on DATE, "
    "credit_code VARCHAR, name_key VARCHAR, address_key VARCHAR, source_sha256 VARCHAR, "
    "source_sheet VARCHAR, source_row BIGINT"
)
_NAMED = (
    "area_code VARCHAR, source_provider_id VARCHAR, use_no BIGINT, event_on DATE, filing_event_code VARCHAR, "
    "credit_code VARCHAR, name_key VARCHAR, address_key VARCHAR, source_sha256 VARCHAR, source_sheet VARCHAR, "
    "source_row BIGINT"
)
_DECISION = "area_code VARCHAR, one VARCHAR, other VARCHAR, place VARCHAR, is_needed BOOLEAN"
#: one line a filing and reception, without those a file of the same reception contradicts (crossing.py)
_STATED = """
SELECT f.batch, a.area_code, a.provider_id, a.event_on, a.filing_event_code, a.filing_status_code, a.credit_code,
    a.parent_credit_code, a.provider_name, a.address, a.source_code, coalesce(a.reported_on, a.received_on) AS tier,
    a.source_sha256, a.source_sheet, a.source_row, a.received_on
FROM accepted_filing AS a JOIN file_name AS f USING (source_sha256)
WHERE a.rowid NOT IN (SELECT statement FROM ranked WHERE other IS NOT NULL)
QUALIFY row_number() OVER (
    PARTITION BY a.area_code, a.provider_id, a.filing_event_code, a.event_on, f.batch
    ORDER BY tier DESC, a.reported_on NULLS LAST, a.source_sha256 DESC, a.source_sheet DESC, a.source_row DESC
) = 1
"""
def stated(con: duckdb.DuckDBPyConnection) -> list[Said]:
    """The accepted filings of a connection that has ``accepted_filing``, ``ranked`` and ``file_name``."""
    return [
        Said(*row[:8], compared(row[8]), compared(row[9]), row[10], row[11], row[12:])
        for row in con.execute(_STATED).fetchall()
    ]


def identify(con: duckdb.DuckDBPyConnection, ctx: Context, quarantined: str) -> None:
    """Makes the table in ``con``, and what rules ask about beside it.

    ``quarantined``: DuckDB's list of the files in which filings wait."""
    decisions, statements = load_identities(ctx.corrections_dir), stated(con)
    registers = any(said.event == "snapshot" for said in statements)
    waiting = _waiting(con, ctx, quarantined) if quarantined and registers else {}
    lay_out(con, ctx.registry.tables[TABLE], decisions, statements, waiting)


def note_decisions(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Writes down which decisions of people say something that the rules do not."""
    said = con.execute("SELECT DISTINCT place, is_needed FROM identity_decision ORDER BY place").fetchall()
    write_json(workspace.state(DECIDED), dict(said))


def decided(workspace: Workspace) -> dict[str, bool]:
    """Of each decision, by its place, whether it said something that the rules did not, in the last run."""
    return read_json(workspace.state(DECIDED)) or {}


def _waiting(con: duckdb.DuckDBPyConnection, ctx: Context, files: str) -> Waiting:
    """The lines of registers that wait: who is stated has not left, even if it is misspelt."""
    table = ctx.registry.tables["filing"]
    install_macros(con)
    names = ", ".join(f"{quote(f.name)} VARCHAR" for f in table.fields)
    con.execute(f"CREATE OR REPLACE TEMP TABLE waiting({names})")
    rows = f"SELECT * EXCLUDE (reasons) FROM read_parquet({files}, union_by_name=true)"
    con.execute(f"INSERT INTO waiting BY NAME {rows}")
    columns = ("event_on", "area_code", "provider_id")
    day, area, provider = (stated_value(ctx.registry, table, table.field(name)) for name in columns)
    found: Waiting = defaultdict(list)
    rows = con.execute(
        f"SELECT DISTINCT f.batch, source_code, {day} AS d, {area} AS a, {provider} AS p FROM waiting "
        "JOIN file_name f USING (source_sha256) WHERE d IS NOT NULL AND a IS NOT NULL AND p IS NOT NULL"
    ).fetchall()
    for batch, *line in rows:
        found[batch].append(tuple(line))
    return found


def lay_out(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    decisions: tuple[Decision, ...],
    statements: list[Said],
    waiting: Waiting,
) -> Identities:
    """Reads the statements and writes what each means as the table of that contract."""
    known = Identities(decisions)
    known.read(statements, waiting)
    con.execute(f"CREATE TABLE {TABLE} ({column_definitions(table.fields)})")
    _insert(con, TABLE, [_row(known, key) for key in known.assigned])
    _for_rules(con, known, decisions)
    return known


def _for_rules(con: duckdb.DuckDBPyConnection, known: Identities, decisions: tuple[Decision, ...]) -> None:
    """What rules ask about: each use of a stated id and when, its renamings, and what people decided."""
    uses = [use for several in known.uses.values() for use in several]
    con.execute(f"CREATE TABLE provider_use({_USE})")
    _insert(con, "provider_use", [_use_row(known, use) for use in uses])
    con.execute(f"CREATE TABLE use_renamed({_NAMED})")
    _insert(con, "use_renamed", [row for use in uses if len(use.names) > 1 for row in _renamed_rows(use)])
    con.execute(f"CREATE TABLE identity_decision({_DECISION})")
    both = [(d, pair) for d in decisions for pair in (sorted(d.ids), sorted(d.ids, reverse=True))]
    _insert(con, "identity_decision", [(d.area_code, *pair, d.place, known.matches(d)) for d, pair in both])


def _use_row(known: Identities, use: Use) -> tuple:
    """As the rules see it; its coordinates are those of the filing it began with, as it now stands."""
    began = use.facts[use.opened.key]
    return (
        use.area, use.name, use.source_id, use.number, known.stable(use.area, use.provider), use.relation,
        use.related and known.stable(use.area, use.related), use.start, use.end(known.registers), use.code,
        use.last.name, use.last.address, *began.place[:3],
    )  # fmt: skip


def _renamed_rows(use: Use) -> Iterator[tuple]:
    """The filings under an id whose provider has had more than one name."""
    for said in use.facts.values():
        yield (
            use.area, use.source_id, use.number, said.event_on, said.event, said.code, said.name, said.address,
            *said.place[:3],
        )  # fmt: skip


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple]) -> None:
    """All rows in one statement."""
    if rows:
        types = [column[1] for column in con.execute(f"DESCRIBE {table}").fetchall()]
        marks = ", ".join(f"unnest(CAST(? AS {column}[]))" for column in types)
        con.execute(f"INSERT INTO {table} SELECT {marks}", [list(column) for column in zip(*rows, strict=True)])


def _row(known: Identities, key: tuple[str, str, str, date]) -> tuple:
    """The columns of the contract, in its order."""
    area, source_id, event, event_on = key
    use = known.assigned[key]
    stable = known.stable(area, use.provider)
    merger = known.mergers.get((area, use.provider))
    decided = stable != use.provider
    relation, basis = ("renumbered", "decided-by-person") if decided else (use.relation, use.basis)
    merged = [known.stable(area, merger.into), *merger[1:]] if merger else [None] * 4
    sha256, sheet, row, received_on = use.opened.place
    return (
        area, source_id, event, event_on, stable, use.provider, use.number, relation, basis,
        use.related and known.stable(area, use.related), *merged,
        use.opened.source, sha256, sheet, row, received_on,
    )  # fmt: skip


@functools.lru_cache(maxsize=200_000)
def compared(text: str | None) -> str | None:
    """A name or address as it is compared: widths, case, blanks and punctuation make no difference."""
    if text is None:
        return None
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "", folded) or text
