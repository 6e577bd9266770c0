"""What differs between any two published versions of a dataset, in either direction.

The values are compared anew; kinds, reasons and received files come from the `changes.csv` of the versions between
the two. A value that changed several times has the last kind that was more than a rewriting, and how often it changed.
What does not belong here: the versions there are (history.py), showing a difference (pipelines).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from assets.release.comparison.changes import COLUMNS, Comparison, TableChanges, TableFile, reader
from assets.release.comparison.kinds import call_rewritings
from assets.release.comparison.labels import Labels
from assets.release.comparison.version import Bump, decide
from assets.release.history import PublishedVersion, find_version, versions
from assets.release.staging import CHANGES
from assets.release.stores import Store
from assets.release.stores.opening import as_store


@dataclass(frozen=True)
class Difference:
    """What differs between two versions. ``rows`` have the columns of `changes.csv`, then how often it changed and
    what people call the row. ``old`` and ``new`` are the descriptors."""

    dataset: str
    old: dict[str, Any]
    new: dict[str, Any]
    bump: Bump
    reasons: tuple[str, ...]
    changes: dict[str, TableChanges]
    rows: list[tuple[Any, ...]]

    def changed_rows(self) -> list[dict[str, Any]]:
        """The rows with the names of their columns."""
        return [dict(zip((*COLUMNS, "times", "label"), row, strict=True)) for row in self.rows]


def diff(published: Path | Store, dataset: str, old: str, new: str, *, limit: int | None = None) -> Difference:
    """What differs between two published versions.

    ``limit`` bounds the rows handed back, not the counts. NoSuchVersion if one was never published or is withdrawn."""
    store = as_store(published)
    one, other = find_version(store, dataset, old), find_version(store, dataset, new)
    con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    con.execute("SET enable_progress_bar = false")
    try:
        comparison, changes = Comparison(con), {}
        sides = {name: (one.table_file(store, name), other.table_file(store, name)) for name in _tables(one, other)}
        for name, (theirs, ours) in sides.items():
            comparison.add(name, theirs, ours)
            call_rewritings(comparison, name, theirs, ours)
        _remember(store, con, _between(store, dataset, old, new))
        _tell(comparison)
        changes = {name: comparison.summary(name) for name in sides}
        decision = decide(one.package, other.package, changes=changes.values(), texts_differ=_texts_differ(one, other))
        rows = _rows(comparison, sides, limit)
    finally:
        con.close()
    return Difference(dataset, one.package, other.package, decision.bump, decision.reasons, changes, rows)


def _tables(one: PublishedVersion, other: PublishedVersion) -> list[str]:
    return list(dict.fromkeys((*other.tables, *one.tables)))


def _texts_differ(one: PublishedVersion, other: PublishedVersion) -> bool:
    files = [version.entry.file("codelists.csv") for version in (one, other)]
    return len({file.sha256 if file else None for file in files}) > 1


def _between(store: Store, dataset: str, old: str, new: str) -> list[PublishedVersion]:
    """The versions that lead from one to the other, in the order of their making; not those whose data is gone."""
    made = versions(store, dataset)
    numbers = [version.version for version in made]
    if old not in numbers or new not in numbers:
        return []
    first, last = sorted((numbers.index(old), numbers.index(new)))
    return [find_version(store, dataset, v.version) for v in made[first + 1 : last + 1] if not v.withdrawn]


def _remember(store: Store, con: DuckDBPyConnection, between: list[PublishedVersion]) -> None:
    """What the versions between said of each line: table `told`, one row a line, with how often it was spoken of."""
    names = ("table_name", "change", "key", "field_name", "reason", "source_sha256", "received_on")
    said = [f"SELECT {', '.join(f'NULL::VARCHAR AS {name}' for name in names)}, 0 AS nth WHERE FALSE"]
    for nth, version in enumerate(between):
        file = version.entry.file(CHANGES)
        if file:
            said.append(f"SELECT {', '.join(names)}, {nth} FROM {reader(store.local(file.path, file.sha256))}")
    line = "PARTITION BY table_name, key, field_name"
    strongest = "change <> 'redacted', change = 'reformatted', nth DESC"
    lines = " UNION ALL ".join(said)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE told AS SELECT *, count(*) OVER ({line}) AS times FROM ({lines}) "
        f"QUALIFY row_number() OVER ({line} ORDER BY {strongest}) = 1"
    )


_SAME_LINE = "c.table_name = t.table_name AND c.key = t.key AND c.field_name IS NOT DISTINCT FROM t.field_name"


def _tell(comparison: Comparison) -> None:
    """Kinds and reasons from what was said then; what was redacted shows no value, in neither direction."""
    con, table = comparison.con, comparison.table
    keep = "c.field_no = 0 OR c.change = 'reformatted'"
    con.execute(
        f"UPDATE {table} AS c SET change = CASE WHEN {keep} THEN c.change ELSE t.change END, reason = t.reason, "
        f"source_sha256 = t.source_sha256, received_on = t.received_on FROM told t WHERE {_SAME_LINE}"
    )
    con.execute(
        f"UPDATE {table} AS c SET change = 'redacted', old_value = NULL, new_value = NULL "
        f"FROM told t WHERE {_SAME_LINE} AND t.change = 'redacted'"
    )


def _rows(
    comparison: Comparison, sides: dict[str, tuple[TableFile | None, TableFile | None]], limit: int | None
) -> list[tuple[Any, ...]]:
    columns = ", ".join(f"c.{name}" for name in COLUMNS)
    rows = comparison.con.execute(
        f"SELECT {columns}, coalesce(t.times, 1) FROM {comparison.table} c LEFT JOIN told t ON {_SAME_LINE} "
        "ORDER BY c.table_name, c.key, c.change, c.field_no" + (f" LIMIT {limit}" if limit is not None else "")
    ).fetchall()
    files = [{name: pair[at] for name, pair in sides.items() if pair[at]} for at in (1, 0)]
    labels = Labels(comparison.con, files[0], files[1])
    called: dict[tuple[str, str], str] = {}
    for name in dict.fromkeys(row[0] for row in rows):
        keys = list(dict.fromkeys(row[2] for row in rows if row[0] == name))
        called |= {(name, key): label for key, label in zip(keys, labels.of(name, keys), strict=True)}
    return [(*row, called[row[0], row[2]]) for row in rows]
