"""Taking a field or a provider out of every published version, at once and for good.

What belongs here: which versions hold it, and what is left of them. What does not: the entries and the SQL of what is
left (redactions.py), writing a version again (remade.py), the commit and the deletion (retire.py). Each version that
holds it is withdrawn and replaced; the entry holds for every later release too.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from assets.release.commit import Commit, Progress
from assets.release.comparison.changes import reader
from assets.release.history import PublishedVersion
from assets.release.manifest import history
from assets.release.quality.staged import report_of
from assets.release.refusal import Refused
from assets.release.retraction.redactions import (
    Redaction,
    emptied,
    in_force,
    left_of,
    left_of_changes,
    may_name,
    read_redactions,
    write_redactions,
)
from assets.release.retraction.remade import Change, Cut, remake, source_of
from assets.release.retraction.retire import Gone, complete_withdrawals, opened, retire
from assets.release.signatures.signing import Signer
from assets.release.staging import CHANGES
from assets.release.standing import Made, standing
from assets.release.stores import Store
from quality.report.retold import names_hidden
from schemas.compile.duckdb import literal, quote
from schemas.registry import Registry


@dataclass(frozen=True)
class Target:
    """What is to be taken away; see redactions.Redaction."""

    table: str | None = None
    field: str | None = None
    provider: str | None = None


@dataclass(frozen=True)
class Redacted:
    """What came of it. ``replaced``: "dataset version" -> the version in its place. ``values``: how many cells and
    rows were taken away. ``changed``: False if it was done before."""

    release_id: str
    number: int
    scope: str
    replaced: dict[str, str]
    values: int
    changed: bool


class NothingMeant(LookupError):
    """No published version has such a field or provider."""


def redact(
    registry: Registry,
    store: Store,
    target: Target,
    reasons: tuple[str, str],
    on: date,
    *,
    entries: Path,
    work_dir: Path,
    sign: Signer | None = None,
    unsigned: bool = False,
    progress: Progress | None = None,
) -> Redacted:
    """Redacts in all versions that stand, and keeps the entry in the file ``entries``. Reasons: Chinese, English.

    Doing it again does nothing, or finishes what was cut off. NothingMeant if nothing published is meant; Refused for
    a field of a key. Raises what `publish` raises; then nothing published was changed."""
    with opened(registry, store, on, work_dir, sign=sign, unsigned=unsigned, progress=progress) as commit:
        complete_withdrawals(store, commit.current)
        if commit.current is None:
            raise NothingMeant("还没有发布 nothing is published")
        kept, told = read_redactions(entries), len(commit.current.manifest.redactions)
        in_force(kept, commit.current.manifest)
        wanted = (target.table, target.field, target.provider)
        if any(entry.target == wanted for entry in kept[:told]):
            number = next(entry for entry in kept if entry.target == wanted)
            return Redacted(commit.current.release_id, number.number, number.scope, {}, 0, False)
        entry = Redaction(
            number=told + 1, table=target.table, field=target.field, provider=target.provider,
            reason_zh=reasons[0], reason_en=reasons[1], redacted_on=on,
        )  # fmt: skip
        gone, values = _gone(commit, entry)
        if not gone:
            raise NothingMeant("没有任何已发布的版本含有它 no published version holds it")
        write_redactions(entries, [*kept[:told], entry])
        release = retire(commit, gone, on.isoformat(), entry.notice(len(gone)))
        replaced = {
            f"{one.made.entry.name} {one.made.entry.version}": one.replacement.version
            for one in gone
            if one.replacement
        }
        return Redacted(release.release_id, entry.number, entry.scope, replaced, values, True)


def _gone(commit: Commit, entry: Redaction) -> tuple[list[Gone], int]:
    """Every version that holds what is meant, each with what takes its place; and how many values that were."""
    gone, values = [], 0
    for versions in standing(list(history(commit.store))).values():
        quoted = False
        for made in versions:
            version = PublishedVersion.read(commit.store, made.entry)
            cuts, count = _cuts(commit, version, entry)
            changes, lines = _changes(commit, version, entry)
            named = _named(commit, version, entry)
            if count or lines or quoted or named:
                commit.tell(f"{made.entry.name} {made.entry.version}: redact")
                gone.append(_replaced(commit, made, version, entry, cuts, changes))
                values += count + named
            quoted = bool(count)
    return gone, values


def _replaced(
    commit: Commit, made: Made, version: PublishedVersion, entry: Redaction, cuts: dict[str, Cut], changes: str
) -> Gone:
    folder = commit.stage.folder(made.entry.name) / made.entry.version
    zh, en = f"隐去：{entry.reason_zh}", f"Redacted: {entry.reason_en}"
    change = Change(zh, en, changes, cuts, functools.partial(may_name, entry))
    new = remake(commit.stage.con, commit.store, version, change, folder)
    if entry.provider and not entry.field:
        for table in version.tables:
            _require_gone(commit.stage.con, folder / f"{table}.parquet", table, entry.provider)
    return Gone(made, zh, en, new, folder)


def _cuts(commit: Commit, version: PublishedVersion, entry: Redaction) -> tuple[dict[str, Cut], int]:
    """What is left of each table that holds something, and how many cells and rows go."""
    con, cuts, total = commit.stage.con, {}, 0
    for name in version.tables:
        resource = next(r for r in version.package["resources"] if r["name"] == name)
        relation = source_of(commit.store, version, name)
        columns = {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
        key = resource["schema"]["primaryKey"]
        left = left_of(columns, key, name, [entry])
        if left is None:
            continue
        select, empty = left.replace("{relation}", relation), emptied(columns, key, name, [entry])
        count = _size(con, f"SELECT * FROM {relation}", empty) - _size(con, select, empty)
        if count:
            cuts[name], total = Cut(select, empty), total + count
    return cuts, total


def _named(commit: Commit, version: PublishedVersion, entry: Redaction) -> int:
    """How often the quality report names who is to be forgotten."""
    report = report_of(commit.store, version)
    return names_hidden(report, functools.partial(may_name, entry)) if report else 0


def _size(con: DuckDBPyConnection, select: str, columns: set[str]) -> int:
    """Rows, and filled cells of some columns."""
    counts = " + ".join(["count(*)", *(f"count({quote(column)})" for column in sorted(columns))])
    return (con.execute(f"SELECT {counts} FROM ({select})").fetchone() or (0,))[0]


def _changes(commit: Commit, version: PublishedVersion, entry: Redaction) -> tuple[str, int]:
    """The SELECT of the list of changes that is left, and how many lines go."""
    told = version.entry.file(CHANGES)
    relation = reader(commit.store.local(told.path, told.sha256))
    select, gone = left_of_changes(relation, entry)
    count = commit.stage.con.execute(f"SELECT count(*) FROM {relation} WHERE {gone}").fetchone()
    return select, (count or (0,))[0]


def _require_gone(con: DuckDBPyConnection, path: Path, table: str, provider: str) -> None:
    """Refused if a table still names the provider in a column that is not one of provider ids."""
    relation = f"read_parquet({literal(str(path))})"
    for column, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall():
        if kind != "VARCHAR":
            continue
        named = f"SELECT count(*) FROM {relation} WHERE contains({quote(column)}, ?)"
        if con.execute(named, [provider]).fetchone() != (0,):
            raise Refused(f"{table}.{column}: 仍写有这家机构的编号 still names the provider; redact that field too")
