"""The number of a staged version, found once more from what a reader will have: two versions, and nothing else.

The publisher decides a number from what it knows. Here the decision is made again from the files alone: the
descriptors, the tables and `changes.csv`. A number that does not follow from them is refused: a wrong bump cannot
leave. What does not belong here: the recipe (version.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from assets.release.comparison.changes import Comparison, TableChanges, TableFile, reader
from assets.release.comparison.kinds import writable
from assets.release.comparison.sameness import same
from assets.release.comparison.version import Decision, Version, decide
from assets.release.history import DESCRIPTOR, PublishedVersion, described_tables, table_file
from assets.release.staging import CHANGES, CODELISTS, Refused, Staged, Staging
from assets.release.stores import Store

_CELLS = ("corrected", "updated", "reformatted", "redacted")


def require_right_number(
    staging: Staging, store: Store, staged: Staged, previous: PublishedVersion | None, highest: Version | None
) -> None:
    """Refused unless the staged version has the number that comparing it with the one before gives."""
    folder, name = staging.folder(staged.dataset.name), staged.dataset.name
    package = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    decision = found_again(staging.con, store, previous, folder, highest)
    if package["version"] != str(decision.version) or not decision.is_new:
        why = "; ".join(decision.reasons) or "nothing differs"
        raise Refused(f"{name}: version {package['version']} was given, comparing gives {decision.version}: {why}")


def found_again(
    con: DuckDBPyConnection, store: Store, previous: PublishedVersion | None, folder: Path, highest: Version | None
) -> Decision:
    """The version of the package in ``folder`` after ``previous``, from their files.

    Refused if `changes.csv` does not say exactly what differs between them."""
    package = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    told = Comparison(con, "numbering_told")
    con.execute(f"INSERT INTO {told.table} SELECT *, {_FIELD_NO} FROM {reader(folder / CHANGES)}")
    actual = Comparison(con, "numbering_actual")
    if previous is None:
        _require_told(con, package["name"], told, actual)
        return decide(None, package, highest=highest)
    changes = _compared(store, previous, folder, package, told, actual)
    _require_told(con, package["name"], told, actual)
    texts = _hash(previous.package, CODELISTS) != _hash(package, CODELISTS)
    return decide(previous.package, package, changes=changes, texts_differ=texts, highest=highest)


#: `changes.csv` has no number of a field; that a line is about one is all that is asked
_FIELD_NO = "CASE WHEN field_name IS NULL THEN 0 ELSE 1 END"


def _compared(
    store: Store, previous: PublishedVersion, folder: Path, package: dict, told: Comparison, actual: Comparison
) -> list[TableChanges]:
    """What `changes.csv` says of each table, with what is really so in ``actual``."""
    new = described_tables(package)
    names = list(dict.fromkeys((*new, *previous.tables)))
    for name in names:
        sides = previous.table_file(store, name), _staged(folder, new.get(name))
        if not _same_table(*sides, _hash(previous.package, f"{name}.parquet"), _hash(package, f"{name}.parquet")):
            actual.add(name, *sides)
            _require_honest(package["name"], told, name, *sides)
    return [told.summary(name) for name in names]


def _same_table(old: TableFile | None, new: TableFile | None, one: str | None, other: str | None) -> bool:
    """Equal bytes under equal contracts hold equal rows."""
    return bool(old and new and (old.key, old.columns) == (new.key, new.columns) and one and one == other)


def _staged(folder: Path, resource: dict[str, Any] | None) -> TableFile | None:
    """The CSV that was written, not the table it was written from."""
    return table_file(folder / resource["path"], resource) if resource else None


def _hash(package: dict[str, Any], path: str) -> str | None:
    return next((r.get("hash") for r in package["resources"] if r["path"] == path), None)


def _require_told(con: DuckDBPyConnection, dataset: str, told: Comparison, actual: Comparison) -> None:
    """Line by line. What was redacted is told without values, a row that was redacted is in truth removed."""
    same_line = " AND ".join(f"t.{c} IS NOT DISTINCT FROM a.{c}" for c in ("table_name", "key", "field_name"))
    values = "t.old_value IS NOT DISTINCT FROM a.old_value AND t.new_value IS NOT DISTINCT FROM a.new_value"
    hidden = "t.old_value IS NULL AND t.new_value IS NULL AND a.new_value IS NULL"
    cells = ", ".join(f"'{change}'" for change in _CELLS)
    right = (
        f"CASE WHEN t.field_no = 0 THEN t.change = a.change OR (t.change = 'redacted' AND a.change = 'removed') "
        f"WHEN t.change = 'redacted' THEN {hidden} ELSE t.change IN ({cells}) AND {values} END"
    )
    wrong = con.execute(
        f"SELECT count(*) FROM {told.table} t FULL JOIN {actual.table} a ON {same_line} "
        f"WHERE t.table_name IS NULL OR a.table_name IS NULL OR t.reason IS NULL OR NOT ({right})"
    ).fetchone()
    lines = con.execute(
        f"SELECT (SELECT count(*) FROM {told.table}), (SELECT count(*) FROM {actual.table})"
    ).fetchone() or (0, 0)
    if wrong != (0,) or lines[0] != lines[1]:
        count = wrong and wrong[0]
        raise Refused(f"{dataset}: {CHANGES} does not say what differs from the version before ({count} lines)")


def _require_honest(
    dataset: str, told: Comparison, name: str, old: TableFile | None, new: TableFile | None
) -> None:
    """Only what has the same content is called a rewriting, and whatever has is."""
    if old is None or new is None:
        return
    pairs = told.con.execute(
        f"SELECT DISTINCT field_name, old_value, new_value, change = 'reformatted' FROM {told.table} "
        "WHERE table_name = ? AND old_value IS NOT NULL AND new_value IS NOT NULL",
        [name],
    ).fetchall()
    for column, one, other, called in pairs:
        field = new.field(column) or {}
        if called != (writable(old.field(column), field) and same(one, other, field)):
            raise Refused(f"{dataset}: {CHANGES} misjudges whether {name}.{column} was only written otherwise")
