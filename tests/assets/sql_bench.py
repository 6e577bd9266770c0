"""A bench for the SELECTs: hand-made intake rows in, the rows of a core or open table out.

Tables come from the contracts, so that a SELECT meets the columns and types it meets in a run. What does not
belong here: the gate (rows are put in as already accepted) and the checks before a table is written.
"""

from __future__ import annotations

import functools
from datetime import date
from math import inf
from typing import Any

import duckdb

from assets.compiled import made_select, tables_behind
from assets.known import FILINGS
from assets.lineage import sql_files, table_sql, tables_read
from assets.raw.identify import lay_out, stated
from assets.sql import CHOSEN, PROFILE_DDL, RELEASED, SUPPLIED_FROM, TOLD, indicator_row
from quality.disclosure.cells import Rules
from quality.disclosure.choice import chosen_complements
from quality.disclosure.told import told_view
from quality.workdays import working_day_table
from schemas.compile.duckdb import column_definitions, order_by, quote
from schemas.compile.freshness import fresh_select
from schemas.model import Parameter
from schemas.registry import load

AREA = "330108"
STREET, OTHER_STREET = "330108001", "330108002"
DOCUMENTS = "fire;health_eval"

_CODES = (
    ("area", AREA, "滨江区", None, None),
    ("subdistrict", "_T", "全区", None, None),
    ("subdistrict", STREET, "西兴街道", AREA, "2019-01-01"),
    ("subdistrict", OTHER_STREET, "长河街道", None, None),
    ("document_type", "fire", "消防", None, None),
    ("document_type", "health_eval", "卫生评价", None, None),
    ("document_type", "food", "食品", None, None),
    ("protected_measure", "child_visits", "到访", None, None),
    ("protected_measure", "guided_households", "指导", None, None),
    ("protected_measure", "enrolled_children", "在托", None, None),
    ("service_form", "unclassified", "未分类", None, None),
    ("service_form", "home_visit", "入户指导", None, None),
)
_PROVENANCE = {
    "source_code": "district",
    "source_sha256": "0" * 64,
    "source_sheet": "表",
    "source_row": 2,
    "received_on": date(2026, 3, 31),
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "filing": {
        "filing_event_code": "new",
        "filing_status_code": "filed",
        "provider_name": "甲",
        "place_count": 30,
        "site_type_code": "independent",
        "service_form_code": "unclassified",
        "service_modes": "full_day",
        "subdistrict_code": STREET,
    },
    "filing_class": {"class_count": 1, "place_count": 10},
    "filing_document": {"conclusion_code": "pass"},
    "fee_quote": {
        "fee_item_code": "care",
        "class_type_code": "small",
        "service_mode_code": "full_day",
        "fee_line_no": 1,
        "collection_basis_code": "posted_price",
        "fee_unit_code": "per_month",
        "currency_code": "CNY",
    },
    "inspection": {"authority_code": "health", "inspection_result_code": "nonconform"},
    "station": {"station_name": "驿站", "station_type_code": "basic", "subdistrict_code": STREET},
    "station_report": {"open_day_count": 20, "child_visit_count": 100, "activity_count": 4},
    "population": {"subdistrict_code": "_T", "population_type_code": "resident"},
    "plan_target": {"subdistrict_code": "_T", "indicator_code": "IND-20", "unit_code": "station"},
}


@functools.cache
def contracts() -> dict:
    """The tables as the demo's district has them."""
    return load("binjiang").tables


class Bench:
    """Empty intake tables and the registry tables, in one DuckDB in memory."""

    def __init__(self, as_of: date = date(2026, 3, 31)):
        self.con = duckdb.connect(config={"threads": 1})
        self._ids = 0
        self._as_of = as_of
        self._parameters: dict[str, Parameter] = {}
        self._built: set[str] = set()
        for statement in PROFILE_DDL.values():
            self.con.execute(statement)
        self.con.execute("INSERT INTO profile_run VALUES (?, ?, 'CNY', 'Asia/Shanghai')", [as_of, AREA])
        for name, code, title, parent, since in _CODES:
            values = [name, code, title, code, parent, since, "test"]
            self.con.execute("INSERT INTO profile_codelist VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        for name in ("whitelist_reason", "consultation_question"):
            for code in load("binjiang").codelists[name].entries:
                values = [name, code.code, code.title_zh, code.title_en, None, None, code.source]
                self.con.execute("INSERT INTO profile_codelist VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        rows = [indicator_row(indicator) for indicator in load("binjiang").indicators.values()]
        self.con.executemany(f"INSERT INTO profile_indicator VALUES ({', '.join('?' for _ in rows[0])})", rows)
        working_day_table(self.con)
        for name, table in RELEASED.items():
            self.con.execute(f"CREATE TABLE {name} ({column_definitions(contracts()[table].fields)})")
        told_view(self.con, TOLD, [])
        for table in contracts().values():
            if table.layer in ("intake", "held"):
                self.con.execute(f"CREATE TABLE {table.name} ({column_definitions(table.fields)})")

    def put(self, table: str, **values: Any) -> None:
        """One accepted row. Days may be given as 'YYYY-MM-DD'."""
        known = contracts()[table].field_names
        origin = {k: v for k, v in _PROVENANCE.items() if k in known}
        row = origin | {"area_code": AREA} | _DEFAULTS.get(table, {}) | values
        names, marks = ", ".join(map(quote, row)), ", ".join("?" for _ in row)
        self.con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    def filing(self, provider_id: str, event_on: str, **values: Any) -> None:
        """One filing event: by default a new filing of 30 places, at an address of its own."""
        values = {"address": f"滨江区某路{provider_id}号"} | values
        self.put("filing", provider_id=provider_id, event_on=event_on, **values)

    def documents(self, provider_id: str, issued_on: str, **values: Any) -> None:
        """Every document the parameter requires, issued on one day."""
        for kind in DOCUMENTS.split(";"):
            self.put(
                "filing_document",
                provider_id=provider_id,
                document_type_code=kind,
                issued_on=issued_on,
                **values,
            )

    def survey(self, amounts: list[float], street: str = STREET) -> None:
        """A provider of that street for each amount, which it posts for full-day care in March 2026."""
        for number, amount in enumerate(amounts):
            self.filing(f"{street}-{number}", "2024-01-10", subdistrict_code=street)
            self.put("fee_quote", provider_id=f"{street}-{number}", observed_on="2026-03-12", fee_amount=amount)

    def parameter(self, code: str, value: Any, since: str = "2019-01-01", until: str | None = None) -> None:
        """A figure or text of the profile, with the days it holds."""
        number = value if isinstance(value, int | float) else None
        row = [code, str(value), number, since, until]
        self.con.execute("INSERT INTO profile_parameter VALUES (?, ?, ?, '', ?, ?, 'test')", row)
        given = Parameter(code=code, value=str(value), valid_from=since, valid_to=until, source="test")
        self._parameters |= {code: given} if given.in_force(self._as_of) else {}

    def rows(self, name: str, *columns: str, where: str = "TRUE") -> list[tuple]:
        """The columns of a table's rows in the order of its key; days as ISO text, decimals as float."""
        self._build(name)
        key = order_by(contracts()[name])
        found = self.con.execute(
            f"SELECT {', '.join(columns)} FROM {quote(name)} WHERE {where} ORDER BY {key}"
        ).fetchall()
        return [tuple(map(_plain, row)) for row in found]

    def _identify(self) -> None:
        """What intake says about who is who, of the filings that were put in, as of one reception."""
        if FILINGS in self._built:
            return
        for statement in (
            "CREATE TABLE accepted_filing AS FROM filing",
            "CREATE TABLE file_name AS SELECT DISTINCT source_sha256, 1 AS batch FROM filing",
            "CREATE TABLE ranked(statement BIGINT, other VARCHAR)",
        ):
            self.con.execute(statement)
        lay_out(self.con, contracts()[FILINGS], (), stated(self.con), {})
        self._built.add(FILINGS)

    def _relation(self, name: str, select: str) -> None:
        """One that is made from contracts, such as `known_filing`."""
        for table in tables_behind(name):
            self._build(table)
        self.con.execute(f"CREATE VIEW {name} AS {select}")
        self._built.add(name)

    def _choose(self) -> None:
        """The complements, by the parameters that were given."""
        for table in SUPPLIED_FROM[CHOSEN]:
            self._build(table)
        found = dict(self.con.execute("SELECT code, value_number::DOUBLE FROM profile_parameter_in_force").fetchall())
        (as_of,) = self.con.execute("SELECT as_of_on FROM profile_run").fetchone()
        k, share = found.get("small_cell_minimum"), found.get("fee_interval_share_min", 0.2)
        rules = Rules(k, share, found.get("fee_mean_min_providers", inf), as_of) if k else None
        chosen_complements(self.con, CHOSEN, rules)

    def _build(self, name: str) -> None:
        if name in self._built:
            return
        if name == CHOSEN:
            self._choose()
        if name == FILINGS:
            self._identify()
        if select := made_select(load("binjiang"), name):
            self._relation(name, select)
        if name not in sql_files():
            return
        sql = table_sql(name)
        for read in tables_read(sql):
            self._build(read)
        made = fresh_select(contracts()[name], f"({sql})", self._parameters, self._as_of)
        self.con.execute(f"CREATE TABLE {quote(name)} AS {made}")
        self._built.add(name)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else float(value)
