"""Taking back a published version: its data goes, a tombstone with the reason stays.

What belongs here: which versions a withdrawal touches. What does not: the commit and the deletion (retire.py). The
version after the withdrawn one quotes it: its `changes.csv` holds values of which nothing may remain. It is therefore
replaced by one that holds the same data and tells its changes against the last version that stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assets.release.commit import Commit, Progress
from assets.release.comparison.changes import Comparison, reader
from assets.release.comparison.kinds import call_rewritings
from assets.release.history import NoSuchVersion, PublishedVersion
from assets.release.manifest import history
from assets.release.retraction.remade import Change, remake
from assets.release.retraction.retire import Gone, complete_withdrawals, opened, retire
from assets.release.signatures.signing import Signer
from assets.release.staging import CHANGES
from assets.release.standing import Made, standing
from assets.release.stores import Store
from schemas.registry import Registry


@dataclass(frozen=True)
class Reason:
    """Why, for the public, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Withdrawn:
    """What came of it. ``replaced``: old version -> the one in its place. ``changed``: False if it was gone already."""

    release_id: str
    dataset: str
    version: str
    replaced: dict[str, str]
    completed: list[str]
    was_current: bool
    changed: bool


def withdraw(
    registry: Registry,
    store: Store,
    dataset: str,
    version: str,
    reason: Reason,
    on: date,
    *,
    work_dir: Path,
    sign: Signer | None = None,
    unsigned: bool = False,
    progress: Progress | None = None,
) -> Withdrawn:
    """Withdraws a version; on a version that is withdrawn already it only completes the deletion.

    NoSuchVersion if it was never published. Raises what `publish` raises, and then nothing was withdrawn."""
    with opened(registry, store, on, work_dir, sign=sign, unsigned=unsigned, progress=progress) as commit:
        completed, current = complete_withdrawals(store, commit.current), commit.current
        if current and current.manifest.is_withdrawn(dataset, version):
            return Withdrawn(current.release_id, dataset, version, {}, completed, False, False)
        before, made, after = _neighbours(commit, dataset, version)
        gone = [Gone(made, reason.zh, reason.en)]
        if after:
            gone.append(_told_again(commit, after, before, made))
        release = retire(commit, gone, on.isoformat())
        replaced = {one.made.entry.version: one.replacement.version for one in gone if one.replacement}
        return Withdrawn(release.release_id, dataset, version, replaced, completed, after is None, True)


def _neighbours(commit: Commit, dataset: str, version: str) -> tuple[Made | None, Made, Made | None]:
    """The version, between the one that stands before it and the one after."""
    stands = standing(list(history(commit.store))).get(dataset, [])
    place = next((i for i, made in enumerate(stands) if made.entry.version == version), None)
    if place is None:
        there_is = ", ".join(made.entry.version for made in stands) or "none"
        raise NoSuchVersion(f"{dataset} {version} was never published; published versions: {there_is}")
    before = stands[place - 1] if place else None
    return before, stands[place], stands[place + 1] if place + 1 < len(stands) else None


def _told_again(commit: Commit, made: Made, before: Made | None, quoted: Made) -> Gone:
    """The version after: the same data, with changes that no longer quote the withdrawn one."""
    stage, gone = commit.stage, quoted.entry.version
    told_zh, told_en = "现在没有可以比较的版本", "There is no version left to tell them against"
    if before:
        told_zh = f"现改为与版本 {before.entry.version} 比较"
        told_en = f"They are now told against version {before.entry.version}"
    zh = f"本版本的变更清单引用了已撤回的版本 {gone}；{told_zh}；数据没有变化。"
    en = f"The list of changes quoted version {gone}, which was withdrawn. {told_en}; the data are the same."
    version = PublishedVersion.read(commit.store, made.entry)
    changes = _changes(commit, version, before)
    folder = stage.folder(made.entry.name)
    entry = remake(stage.con, commit.store, version, Change(zh, en, changes), folder)
    return Gone(made, zh, en, entry, folder)


def _changes(commit: Commit, version: PublishedVersion, before: Made | None) -> str:
    """The SELECT of `changes.csv`; the first version that stands has nothing to be compared with."""
    comparison, store = Comparison(commit.stage.con), commit.store
    if before:
        old = PublishedVersion.read(store, before.entry)
        for name in dict.fromkeys((*version.tables, *old.tables)):
            sides = old.table_file(store, name), version.table_file(store, name)
            comparison.add(name, *sides)
            call_rewritings(comparison, name, *sides)
        told = version.entry.file(CHANGES)
        _judge(comparison, reader(store.local(told.path, told.sha256)))
    return comparison.select()


def _judge(comparison: Comparison, told: str) -> None:
    """A line that was told already keeps its kind and reason, what was hidden stays so; of others nothing is known."""
    line = "c.table_name = t.table_name AND c.key = t.key AND c.field_name IS NOT DISTINCT FROM t.field_name"
    values = "c.old_value IS NOT DISTINCT FROM t.old_value AND c.new_value IS NOT DISTINCT FROM t.new_value"
    said = "change = t.change, reason = t.reason, source_sha256 = t.source_sha256, received_on = t.received_on"
    update = f"UPDATE {comparison.table} AS c SET"
    comparison.con.execute(f"{update} {said} FROM {told} t WHERE {line} AND {values}")
    comparison.con.execute(
        f"{update} {said}, old_value = NULL, new_value = NULL FROM {told} t WHERE {line} AND t.change = 'redacted'"
    )
    comparison.con.execute(f"{update} reason = 'not-evaluated' WHERE reason IS NULL")
