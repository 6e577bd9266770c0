"""The tables of a staged dataset beside those of the version before: every difference, judged.

What belongs here: which files are compared, and by what their differences are judged. What does not: finding the
differences (changes.py), judging them (kinds.py), the version's number (version.py).
"""

from __future__ import annotations

from pathlib import Path

from assets.release import durable
from assets.release.comparison.changes import Comparison, TableChanges, TableFile
from assets.release.comparison.confirmation import beyond, weigh
from assets.release.comparison.kinds import Grounds, judge
from assets.release.history import PublishedVersion
from assets.release.staging import Staged, Staging
from assets.release.stores import Store
from schemas.compile.table_schema import table_schema
from schemas.model import Dataset
from schemas.registry import Registry

#: each table as it was and as it will be
Sides = dict[str, tuple[TableFile | None, TableFile | None]]


def compare(staging: Staging, store: Store, staged: Staged, previous: PublishedVersion | None) -> Comparison:
    """Every difference from the version before; an equal file is not opened."""
    comparison = Comparison(staging.con)
    if previous is None:
        return comparison
    sides: Sides = {}
    whole: Sides = {}
    for name in dict.fromkeys((*staged.dataset.tables, *previous.tables)):
        old, new = whole[name] = previous.table_file(store, name), _new_file(staging, staged.dataset, name)
        staged.changes[name] = TableChanges()
        if not (old and new and old.key == new.key and _same_bytes(previous, name, new)):
            staged.changes[name] = comparison.add(name, old, new)
        if staged.changes[name].any:
            sides[name] = old, new
    for name, grounds in _grounds(staging, list(sides)).items():
        staged.changes[name] = judge(comparison, name, *sides[name], grounds)
        staged.evaluated[name] = grounds.evaluated
    _weigh(staging, staged, comparison, whole, previous.entry.rows)
    return comparison


def _weigh(staging: Staging, staged: Staged, comparison: Comparison, sides: Sides, rows: dict[str, int]) -> None:
    """How much of each table differs, and the word of the person who was asked about it."""
    name, figures = staged.dataset.name, staging.registry.parameters(staging.as_of)
    fields = [f.name for t in staged.dataset.tables for f in staging.registry.tables[t].fields if f.confirms_only]
    staged.weighed = weigh(comparison, name, sides, rows, figures, fields)
    if beyond(staged.weighed) or not staging.confirm.asked:
        staged.confirmed = staging.confirm.of(name)


def _same_bytes(previous: PublishedVersion, name: str, new: TableFile) -> bool:
    entry = previous.entry.file(f"{name}.parquet")
    return bool(entry and durable.sha256_of(new.path) == entry.sha256)


def _new_file(staging: Staging, dataset: Dataset, name: str) -> TableFile | None:
    if name not in dataset.tables:
        return None
    table = staging.registry.tables[name]
    fields = table_schema(staging.registry, table)["fields"]
    return TableFile(staging.ordered(name), tuple(fields), table.key)


def _grounds(staging: Staging, names: list[str]) -> dict[str, Grounds]:
    """By what the differences of each of these tables are judged."""
    before, knowledge = staging.before, staging.knowledge
    same_day = before is not None and before.as_of == staging.as_of.isoformat()
    then = evidence = None
    if before and knowledge and names:
        then = None if same_day else knowledge.then(before, names)
        evidence = knowledge.evidence(before, names)
    tables, private = staging.registry.tables, _private(staging.registry)
    return {
        name: Grounds(
            same_day=same_day,
            then=_in(then, name),
            evidence=_in(evidence, name),
            private=private,
            withheld=tables[name].withheld if name in tables else {},
            same_contracts=before is not None and staging.made_by == (before.schema_fingerprint, before.code),
        )
        for name in names
    }


def _in(folder: Path | None, name: str) -> Path | None:
    path = folder / f"{name}.parquet" if folder else None
    return path if path and path.exists() else None


def _private(registry: Registry) -> frozenset[str]:
    """Columns that some contract has and no contract calls public."""
    fields = [field for table in registry.tables.values() for field in table.fields]
    public = {field.name for field in fields if field.access == "public"}
    return frozenset(field.name for field in fields) - public
