"""What kind of change a difference is, and why it came about: decided by comparison, never by hand.

A cell that differs is `redacted` when it was taken away for privacy, `reformatted` when both texts say the same,
else `corrected` or `updated`. Those two are told apart by a third state, "then": the table with all that is known
today, as of the date of the release before. new == then != old: it had been so already, what was published was wrong
or missing (corrected). then == old: it was right, and things changed since (updated).
Codes and their meaning: schemas/codelists/change.csv, change_reason.csv.
What does not belong here: finding the differences (changes.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from assets.release.comparison.changes import Comparison, TableChanges, TableFile, as_text, key_json, reader
from assets.release.comparison.sameness import same
from assets.release.comparison.version import another_meaning
from schemas.compile.duckdb import literal, quote

#: a new statement that gives no date of its own holds from when it was received: it corrects nothing
_UNDATED = "SELECT key FROM kinds_evidence WHERE is_new AND NOT is_dated"
#: what a file of evidence has beside the columns of the key
_OF_EVIDENCE = ("source_sha256", "received_on", "is_new", "is_dated", "is_merged")
#: what can be written in several ways and mean the same, by the type of the field
_WRITABLE = ("string", "number", "integer")


@dataclass(frozen=True)
class Grounds:
    """What the changes of one table are judged by.

    ``same_day``: both versions speak of the same date. ``then`` and ``evidence``: see knowledge.py; None: not known.
    ``private``: columns that no table may publish any more. ``withheld``: column -> condition (SQL on the new row)
    under which it is not published. ``same_contracts``: contracts and code are those of the version before."""

    same_day: bool = False
    then: Path | None = None
    evidence: Path | None = None
    private: frozenset[str] = frozenset()
    withheld: dict[str, str] = field(default_factory=dict)
    same_contracts: bool = True

    @property
    def evaluated(self) -> bool:
        """Whether corrections can be told from updates."""
        return self.same_day or self.then is not None


def judge(
    comparison: Comparison, name: str, old: TableFile | None, new: TableFile | None, grounds: Grounds
) -> TableChanges:
    """Gives every difference of a table its kind, its reason and the received file it came from."""
    judging = _Judging(comparison.con, comparison.table, name, grounds)
    if old is None or new is None or old.key != new.key:
        judging.set("reason = 'contract-changed'", "TRUE")
    else:
        judging.evidence()
        judging.redacted(old, new)
        judging.reformatted(old, new)
        judging.contract(old, new)
        judging.corrected(new)
        judging.reasons()
    return comparison.summary(name)


def call_rewritings(comparison: Comparison, name: str, old: TableFile | None, new: TableFile | None) -> None:
    """Of differences nobody judged: those that are only written otherwise, which the texts alone show."""
    if old and new and old.key == new.key:
        _Judging(comparison.con, comparison.table, name, Grounds()).reformatted(old, new)


class _Judging:
    """The steps over the differences of one table; each takes what those before it left undecided."""

    def __init__(self, con: DuckDBPyConnection, table: str, name: str, grounds: Grounds) -> None:
        self._con, self._table, self._name, self._grounds = con, table, name, grounds
        con.execute(f"CREATE OR REPLACE TEMP TABLE kinds_key AS SELECT DISTINCT key FROM {table} WHERE {self._mine}")

    @property
    def _mine(self) -> str:
        return f"table_name = {literal(self._name)}"

    def set(self, what: str, where: str, source: str = "") -> None:
        self._con.execute(f"UPDATE {self._table} AS c SET {what} {source} WHERE c.{self._mine} AND {where}")

    def evidence(self) -> None:
        """Fills `kinds_evidence`: a row for each key. ``is_new`` NULL: not known whether anything was received."""
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE kinds_evidence AS {self._evidence()}")

    def redacted(self, old: TableFile, new: TableFile) -> None:
        """The old value goes at once: it is never written anywhere."""
        hide = "change = 'redacted', reason = 'redaction', old_value = NULL, new_value = NULL"
        for column in old.columns:
            if column not in new.columns and column in self._grounds.private:
                self.set(hide, f"c.field_name = {literal(column)}")
        for column, condition in self._grounds.withheld.items():
            rows = f"SELECT {key_json('h', new.key)} FROM {reader(new.path)} h WHERE {condition}"
            self.set(hide, f"c.field_name = {literal(column)} AND c.new_value IS NULL AND c.key IN ({rows})")

    def reformatted(self, old: TableFile, new: TableFile) -> None:
        """Texts are folded in Python, each different pair once."""
        names = [f["name"] for f in new.fields if writable(old.field(f["name"]), f)]
        pairs = self._con.execute(
            f"SELECT DISTINCT field_name, old_value, new_value FROM {self._table} WHERE {self._mine} "
            "AND change = 'updated' AND list_contains(?, field_name) "
            "AND old_value IS NOT NULL AND new_value IS NOT NULL",
            [names],
        ).fetchall()
        alike = [pair for pair in pairs if same(pair[1], pair[2], new.field(pair[0]) or {})]
        columns = [list(column) for column in zip(*alike, strict=True)] or [[], [], []]
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE kinds_alike AS SELECT unnest(CAST(? AS VARCHAR[])) AS field_name, "
            "unnest(CAST(? AS VARCHAR[])) AS old_value, unnest(CAST(? AS VARCHAR[])) AS new_value",
            columns,
        )
        joined = " AND ".join(f"c.{c} = a.{c}" for c in ("field_name", "old_value", "new_value"))
        self.set("change = 'reformatted', reason = 'format-only'", joined, "FROM kinds_alike a")

    def contract(self, old: TableFile, new: TableFile) -> None:
        """A column that came, went or means something else says nothing about the facts."""
        columns = dict.fromkeys((*new.columns, *old.columns))
        changed = [c for c in columns if another_meaning(old.field(c), new.field(c))]
        listed = ", ".join(literal(c) for c in changed)
        if listed:
            undecided = "c.change IN ('updated', 'reformatted')"
            self.set("reason = 'contract-changed'", f"c.field_name IN ({listed}) AND {undecided}")

    def corrected(self, new: TableFile) -> None:
        """Fills `kinds_then` with the keys that are there then, and calls a cell corrected that was so already."""
        undecided = "c.field_no > 0 AND c.reason IS NULL"
        if self._grounds.same_day:
            return self.set("change = 'corrected'", undecided)
        if self._grounds.then is None:
            return
        undecided += f" AND c.key NOT IN ({_UNDATED})"
        then = as_text(TableFile(self._grounds.then, new.fields, new.key), list(new.columns))
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE kinds_then AS SELECT {key_json('t', new.key)} AS row_key, t.* "
            f"FROM ({then}) t WHERE row_key IN (FROM kinds_key)"
        )
        self.set("change = 'corrected'", f"{undecided} AND c.key NOT IN (SELECT row_key FROM kinds_then)")
        fields = self._con.execute(
            f"SELECT DISTINCT field_name FROM {self._table} c WHERE c.{self._mine} AND {undecided}"
        ).fetchall()
        for (name,) in fields:
            so_then = f"c.field_name = {literal(name)} AND t.{quote(name)} IS NOT DISTINCT FROM c.new_value"
            self.set("change = 'corrected'", f"{undecided} AND c.key = t.row_key AND {so_then}", "FROM kinds_then t")

    def reasons(self) -> None:
        """Why, and by which received file."""
        self.set(
            "reason = coalesce(c.reason, CASE WHEN e.is_merged AND c.change = 'removed' THEN 'identity-decided' "
            f"ELSE {self._reason()} END), source_sha256 = e.source_sha256, "
            "received_on = e.received_on",
            "c.key = e.key",
            "FROM kinds_evidence e",
        )

    def _evidence(self) -> str:
        if self._grounds.evidence is None:
            unknown = "NULL::VARCHAR AS source_sha256, NULL::VARCHAR AS received_on, NULL::BOOLEAN AS is_new"
            return f"SELECT key, {unknown}, TRUE AS is_dated, FALSE AS is_merged FROM kinds_key"
        file = reader(self._grounds.evidence)
        found = [row[0] for row in self._con.execute(f"DESCRIBE FROM {file}").fetchall()]
        columns = [c for c in found if c not in _OF_EVIDENCE]
        keys = [f"json_extract_string(k.key, {literal('$.' + c)}) = CAST(e.{quote(c)} AS VARCHAR)" for c in columns]
        joined = " AND ".join(keys) or "TRUE"
        return (
            f"SELECT k.key, {', '.join(f'e.{c}' for c in _OF_EVIDENCE)} FROM kinds_key k LEFT JOIN {file} e ON {joined}"
        )

    def _reason(self) -> str:
        """`since`: things changed after the version before. `known`: they were so already, only known later."""
        nothing_new = "'source-corrected'" if self._grounds.same_contracts else "'contract-changed'"
        since = (
            "CASE WHEN e.is_new IS NULL THEN 'not-evaluated' WHEN NOT e.is_new THEN 'passing-of-time' "
            "WHEN e.source_sha256 IS NULL THEN 'recalculated' ELSE 'new-fact' END"
        )
        known = (
            f"CASE WHEN e.is_new = FALSE THEN {nothing_new} "
            "WHEN c.old_value IS NULL AND c.change <> 'removed' THEN 'late-fact' ELSE 'source-corrected' END"
        )
        if self._grounds.same_day:
            return known
        if self._grounds.then is None:
            return "'not-evaluated'"
        there, dated = "c.key IN (SELECT row_key FROM kinds_then)", f"c.key NOT IN ({_UNDATED})"
        return (
            f"CASE c.change WHEN 'corrected' THEN {known} WHEN 'updated' THEN {since} "
            f"WHEN 'added' THEN CASE WHEN {there} AND {dated} THEN {known} ELSE {since} END "
            f"ELSE CASE WHEN {there} OR NOT {dated} THEN {since} ELSE {known} END END"
        )


def writable(old: dict[str, Any] | None, new: dict[str, Any]) -> bool:
    """Whether two texts of a field can differ and mean the same. Numbers only when they are written otherwise now."""
    if old is None or old["type"] not in _WRITABLE or new["type"] not in _WRITABLE:
        return False
    return "itemCategories" in new or (new["type"] == "string" and not new.get("codelist")) or old != new
