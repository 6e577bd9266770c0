"""What senders stated, seen by stable ids: the one place where a stated provider id becomes a stable one.

A core SELECT reads ``known_filing`` instead of ``filing``: the same columns, with `provider_id` from
`filing_identity` (a filing is decided one by one) or `core_provider_id` (everything else, by the day it is of).
Two ids of one provider may state one fact twice; then, as everywhere, the one reported last counts.

What belongs here: these views, in SQL that DuckDB and Spark both take. What does not: who is who (raw/identity.py).
"""

from __future__ import annotations

from schemas.compile.duckdb import quote
from schemas.model import Table

PREFIX = "known_"
FILINGS, PERIODS = "filing_identity", "core_provider_id"
#: the day of a fact, by which its stated id is understood. A certificate may be older than the filing it came with.
DAYS = {
    "filing_class": "stated.event_on",
    "filing_document": "COALESCE(stated.verified_on, stated.reported_on, stated.issued_on)",
    "filing_held": "stated.event_on",
    "fee_quote": "stated.observed_on",
    "inspection": "stated.inspected_on",
}


def tables_behind(name: str) -> list[str]:
    """The tables that a name in a SELECT stands for."""
    if not name.startswith(PREFIX):
        return [name]
    table = name.removeprefix(PREFIX)
    return [table, FILINGS if table == "filing" else PERIODS]


def known_select(table: Table) -> str:
    """The SELECT of a table of what was stated, with stable ids; an id that no filing ever stated is its own."""
    stable = "COALESCE(identity.provider_id, stated.provider_id)"
    said = {n: stable if n == "provider_id" else f"stated.{quote(n)}" for n in table.field_names}
    columns = ", ".join(f"{value} AS {quote(name)}" for name, value in said.items())
    key = ", ".join(said[name] for name in table.key)
    if "reported_on" not in table.field_names:
        return f"SELECT DISTINCT {columns} FROM {_joined(table)}"
    nth = (
        f"ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY COALESCE(stated.reported_on, stated.received_on) DESC, "
        "identity.received_on DESC, stated.provider_id DESC, stated.source_sha256, stated.source_row) AS nth"
    )
    names = ", ".join(map(quote, table.field_names))
    return f"SELECT {names} FROM (SELECT {columns}, {nth} FROM {_joined(table)}) AS known WHERE nth = 1"


def _joined(table: Table) -> str:
    same = "identity.area_code = stated.area_code AND identity.source_provider_id = stated.provider_id"
    if table.name == "filing":
        exact = "identity.filing_event_code = stated.filing_event_code AND identity.event_on = stated.event_on"
        return f"{table.name} AS stated LEFT JOIN {FILINGS} AS identity ON {same} AND {exact}"
    day = DAYS[table.name]
    holds = (
        f"(identity.period_no = 1 OR identity.valid_from_on <= {day}) "
        f"AND (identity.valid_to_on IS NULL OR identity.valid_to_on > {day})"
    )
    return f"{table.name} AS stated LEFT JOIN {PERIODS} AS identity ON {same} AND {holds}"
