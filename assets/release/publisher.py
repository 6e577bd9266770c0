"""The publisher: open tables in, the next release out. One function, and an entry of its own.

Plain Python without Dagster, so that it can be killed at any moment and run again. What belongs here:
the order of the steps. Each step is next door: staging.py, version.py, verify.py, store.py.

Exit codes of `python -m assets.release.publisher`: 0 published or nothing new; 2 usage; 65 refused, with
the reasons, nothing published; 74 the disk failed; 75 another publisher is at work; 78 no such profile, the
folder holds the releases of another one, or the key cannot sign.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from assets.release import durable, staging, verify
from assets.release.commit import Commit, Progress, place_release, renew
from assets.release.comparison.changes import TableChanges
from assets.release.comparison.comparing import compare
from assets.release.comparison.confirmation import Confirmation, Weighed, beyond, checked_reason, require_confirmed
from assets.release.comparison.knowledge import Knowledge, TablesThen
from assets.release.comparison.notes import release_notes
from assets.release.comparison.numbering import require_right_number
from assets.release.comparison.version import Decision, Version, decide
from assets.release.guard import (
    WrongProfile,
    refuse_overwriting,
    refuse_to_follow,
)
from assets.release.history import PublishedVersion
from assets.release.manifest import DatasetEntry, Inputs, Manifest, Release, history, release_of
from assets.release.pages.entrance import put_pages
from assets.release.quality.asked import Quality
from assets.release.quality.staged import reports
from assets.release.refusal import Refused
from assets.release.retraction.redactions import Redaction, in_force, relaxed
from assets.release.retraction.retire import complete_withdrawals
from assets.release.signatures.signing import KeyRefused, Signer, signer_of_profile
from assets.release.staging import Staged, Staging, connect
from assets.release.standing import made_versions, newest_entries, version_counts
from assets.release.stores import Store, StoreConflict, StoreDamaged, begun
from assets.release.stores.local import LocalStore
from assets.release.stores.opening import as_store
from assets.release.withheld import require_unrecoverable
from assets.release.writers import code, writers
from quality.disclosure.columns import DisclosureRefused
from quality.disclosure.texts import column_kinds, require_safe_texts
from schemas.model import ContractError, Dataset
from schemas.registry import Registry, load

#: of tables that go on from no release, or from whatever is the current one
ANYTHING = b"*"


@dataclass(frozen=True)
class DatasetResult:
    """What became of one dataset. ``changes`` counts per table, against the version before."""

    name: str
    version: str
    previous_version: str | None
    changed: bool
    bump: str
    reasons: tuple[str, ...]
    rows: dict[str, int]
    changes: dict[str, TableChanges]
    confirmed: str | None = None


@dataclass(frozen=True)
class ReleaseResult:
    """The release that is current now. ``changed`` is False when there was nothing new to publish.

    ``signed_by``: the fingerprint of the key of `current.json`; None: unsigned."""

    release_id: str | None
    seq: int
    changed: bool
    datasets: tuple[DatasetResult, ...]
    signed_by: str | None = None


def publish(
    registry: Registry,
    open_dir: Path,
    published: Path | Store,
    as_of: date,
    *,
    work_dir: Path,
    inputs: Inputs | None = None,
    knowledge: Knowledge | None = None,
    quality: Quality | None = None,
    sign: Signer | None = None,
    unsigned: bool = False,
    redactions: Sequence[Redaction] = (),
    upon: bytes | None = ANYTHING,
    confirm: Confirmation | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    memory: str | None = None,
) -> ReleaseResult:
    """Publishes what differs from the current release; running again changes nothing.

    ``open_dir`` holds one Parquet file per open table, typed by contract. ``work_dir`` is scratch:
    only its folder `release` is used, and emptied. ``inputs`` says what the tables were made of, so that a version
    can be rebuilt; ``knowledge`` how they came about: without it corrections cannot be told from updates; ``quality``
    what is known of the tables behind them: without it the quality report says what it could not evaluate. ``sign``
    signs the manifest and `current.json`; without it nothing is signed, which on top of a signed release has to be
    asked for (``unsigned``). ``redactions``: every entry there is; those that the releases tell of hold here too.
    ``confirm``: a person's word for what changes much; without it such a release is Refused.
    ``upon``: `current.json` as it was when the tables were made, some of which go on from the release it leads to.
    A release with nothing new is not made; but `current.json` is renewed when ``as_of`` is later than it says.
    Refused and DisclosureRefused: the data may not leave; WrongProfile: not into this folder.
    StoreConflict: somebody else publishes. StoreDamaged: published bytes are not what they should be, or
    `current.json` does not lead to the last whole release. In each case nothing was published."""
    store = as_store(published)
    tell, work = progress or (lambda _: None), Path(work_dir) / "release"
    with store.exclusive(), begun(store) as found:
        if upon is not ANYTHING and found != upon:
            raise StoreConflict("another publisher has published since these tables were made")
        current = release_of(store, found)
        refuse_to_follow(store, found, current, registry.profile, sign, unsigned)
        _complete(store, current)
        durable.empty_directory(work)
        con = connect(work, threads, memory)
        before, made_by = current.manifest if current else None, (registry.fingerprint, code())
        held = in_force(redactions, before)
        contracts, confirm = relaxed(registry, held), confirm or Confirmation()
        stage = Staging(con, contracts, Path(open_dir), work, as_of, before, knowledge, made_by, held, confirm)
        stage.quality = quality
        try:
            outcomes = _datasets(stage, store, current, tell)
        finally:
            con.close()
        result = _commit(Commit(stage, store, found, current, inputs, sign, tell), outcomes)
        if result.release_id:
            put_pages(store, result.release_id, registry.profile, sign)
        shutil.rmtree(work)
        return result


def _complete(store: Store, current: Release | None) -> None:
    """What a publisher left that died after its commit."""
    store.complete()
    complete_withdrawals(store, current)


def _datasets(
    stage: Staging, store: Store, current: Release | None, tell: Progress
) -> list[tuple[DatasetEntry, DatasetResult]]:
    """Stages every dataset, each to come after its newest version that stands, and asks of all of them together
    whether somebody could be found out and whether a person has to confirm how much changes."""
    bases, made = newest_entries(store, current), made_versions(history(store))
    highest = {name: versions[-1].number for name, versions in made.items()}
    stage.versions = version_counts(made, stage.before)
    staged = [_dataset(stage, store, d, bases.get(d.name), highest, tell) for d in _made(stage, bases)]
    outcomes = [outcome for outcome in staged if outcome]
    if any(entry.changed for entry, *_ in outcomes):
        require_unrecoverable(stage, store, current, tell)
    require_confirmed(weighed for *_, unconfirmed in outcomes for weighed in unconfirmed)
    return [(entry, result) for entry, result, _ in outcomes]


def _made(stage: Staging, bases: dict[str, DatasetEntry]) -> list[Dataset]:
    """The datasets whose tables were made. A dataset that was published before may not go missing."""
    made = []
    for dataset in stage.registry.datasets.values():
        missing = [t for t in dataset.tables if not (stage.open_dir / f"{t}.parquet").exists()]
        if missing and (dataset.name in bases or len(missing) < len(dataset.tables)):
            raise Refused(f"{dataset.name}: open tables are missing: {', '.join(missing)}")
        if not missing:
            made.append(dataset)
    return made


def _dataset(
    stage: Staging,
    store: Store,
    dataset: Dataset,
    entry: DatasetEntry | None,
    highest: dict[str, Version],
    tell: Progress,
) -> tuple[DatasetEntry, DatasetResult, list[Weighed]] | None:
    """Stages one dataset and proves it, to come after ``entry``; None for one that never had a row.

    Last, the tables of which so much changes that nobody has confirmed."""
    tell(f"{dataset.name}: compare")
    rows = {name: staging.order_table(stage, stage.registry.tables[name]) for name in dataset.tables}
    if entry is None and not any(rows.values()):
        return None
    previous = PublishedVersion.read(store, entry) if entry else None
    staged = Staged(dataset, rows, staging.describe(stage, dataset, "0.0.0"))
    comparison = compare(stage, store, staged, previous)
    decision = _decide(stage, staged, previous, highest.get(dataset.name))
    if not decision.is_new and entry:
        return replace(entry, changed=False), _result(staged, decision, entry), []
    tell(f"{dataset.name}: stage {decision.version}")
    staged.package["version"] = str(decision.version)
    notes = release_notes(stage, store, staged, previous, comparison, decision)
    staging.export(stage, staged, comparison, notes, reports(stage, store, staged, previous))
    require_safe_texts(_staged_files(stage, dataset), column_kinds(stage.registry), _proved(dataset))
    verify.verify_staged(stage, staged)
    require_right_number(stage, store, staged, previous, highest.get(dataset.name))
    files = staging.file_entries(stage, dataset.name, str(decision.version))
    made = DatasetEntry(dataset.name, str(decision.version), True, rows, files, staged.confirmed)
    unconfirmed = beyond(staged.weighed) if stage.confirm.asked and not staged.confirmed else []
    return made, _result(staged, decision, entry), unconfirmed


def _staged_files(stage: Staging, dataset: Dataset) -> dict[str, bytes | Path]:
    return {path.name: path for path in sorted(stage.folder(dataset.name).iterdir())}


def _proved(dataset: Dataset) -> list[str]:
    """The files that `verify_staged` compares, cell by cell, with a table in which nothing personal was found."""
    return [f"{table}.csv" for table in dataset.tables]


def _decide(
    stage: Staging, staged: Staged, previous: PublishedVersion | None, highest: Version | None
) -> Decision:
    if previous is None:
        return decide(None, staged.package, highest=highest)
    codelists = previous.entry.file(staging.CODELISTS)
    texts = staging.sha256_of_bytes(staging.codelists_bytes(stage.registry, staged.dataset))
    texts_differ = codelists is None or codelists.sha256 != texts
    changes = staged.changes.values()
    return decide(previous.package, staged.package, changes=changes, texts_differ=texts_differ, highest=highest)


def _result(staged: Staged, decision: Decision, entry: DatasetEntry | None) -> DatasetResult:
    return DatasetResult(
        name=staged.dataset.name,
        version=str(decision.version),
        previous_version=entry.version if entry else None,
        changed=decision.is_new,
        bump=decision.bump,
        reasons=decision.reasons,
        rows=staged.rows,
        changes=staged.changes,
        confirmed=staged.confirmed,
    )


def _commit(commit: Commit, made: list[tuple[DatasetEntry, DatasetResult]]) -> ReleaseResult:
    """Puts everything in place, reads it back, and only then moves the pointer."""
    current, store = commit.current, commit.store
    results = tuple(result for _, result in made)
    manifest = _manifest(commit, [entry for entry, _ in made])
    if current and _same_content(manifest, current.manifest):
        renew(commit, current)
        return ReleaseResult(current.release_id, current.manifest.seq, False, results, commit.signed_by)
    if not current and not made:
        return ReleaseResult(None, 0, False, results)
    release = Release.of(manifest)
    refuse_overwriting(store, release, current)
    commit.tell(f"release {release.release_id}: write")
    for entry in manifest.datasets:
        if entry.changed:
            _place(commit.stage, store, entry)
    place_release(commit, release)
    return ReleaseResult(release.release_id, manifest.seq, True, results, commit.signed_by)


def _place(stage: Staging, store: Store, entry: DatasetEntry) -> None:
    for file in entry.files:
        store.put_blob(stage.folder(entry.name) / file.name, file.sha256)
    store.put_version(entry.name, entry.version, {file.name: file.sha256 for file in entry.files})


def _same_content(new: Manifest, old: Manifest) -> bool:
    """Whether no dataset has a new version, and none came or went."""
    versions = [{d.name: d.version for d in manifest.datasets} for manifest in (new, old)]
    return versions[0] == versions[1] and not any(d.changed for d in new.datasets)


def _manifest(commit: Commit, entries: list[DatasetEntry]) -> Manifest:
    profile, current = commit.stage.registry.profile, commit.current
    return Manifest(
        seq=current.manifest.seq + 1 if current else 1,
        as_of=commit.stage.as_of.isoformat(),
        profile=profile.slug,
        publisher=profile.publisher.name_zh if profile.publisher else "",
        synthetic=profile.synthetic,
        schema_fingerprint=commit.stage.registry.fingerprint,
        writers=writers(),
        code=code(),
        inputs=commit.inputs,
        datasets=tuple(sorted(entries, key=lambda entry: entry.name)),
        withdrawn=current.manifest.withdrawn if current else (),
        redactions=current.manifest.redactions if current else (),
        previous=current.link if current else None,
        signed_by=commit.signed_by,
    )


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assets.release.publisher", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--profile", default="binjiang", help="slug, or folder with a profile.yml")
    parser.add_argument("--open", type=Path, required=True, metavar="DIR", help="open tables as Parquet")
    parser.add_argument("--published", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="scratch folder")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--then", type=Path, metavar="DIR", help="open tables as of the date of the release before")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--memory", help="memory limit of DuckDB, such as 2GB")
    parser.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="for another publisher; then 75")
    parser.add_argument("--sign-key", type=Path, metavar="FILE", help="release key or its certificate; else unsigned")
    parser.add_argument("--allowed-signers", type=Path, metavar="FILE", help="the allowed_signers that readers have")
    parser.add_argument("--unsigned", action="store_true", help="without a signature, also on top of a signed release")
    parser.add_argument("--confirm", metavar="REASON", help="why a large change is right; it will be published")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """The entry: publishes, prints the release, returns the exit code."""
    given = _arguments(argv)
    try:
        registry = load(given.profile)
        key = None if given.unsigned else given.sign_key
        sign = signer_of_profile(registry, key, given.as_of, allowed=given.allowed_signers)
        result = publish(
            registry,
            given.open,
            LocalStore(given.published, wait_seconds=given.wait),
            given.as_of,
            work_dir=given.work,
            knowledge=TablesThen(given.then) if given.then else None,
            threads=given.threads,
            memory=given.memory,
            sign=sign,
            unsigned=given.unsigned,
            confirm=Confirmation(checked_reason(given.confirm)) if given.confirm else None,
            progress=None if given.json else lambda text: print(text, file=sys.stderr),
        )
    except (ContractError, WrongProfile, KeyRefused) as error:
        return _failed(78, "configuration", error)
    except (Refused, DisclosureRefused, StoreDamaged) as error:
        return _failed(65, "refused", error)
    except StoreConflict as error:
        return _failed(75, "conflict", error)
    except (OSError, duckdb.IOException) as error:
        return _failed(74, "disk", error)
    print(json.dumps(asdict(result), ensure_ascii=False) if given.json else result.release_id)
    return 0


def _failed(code: int, kind: str, error: Exception) -> int:
    print(f"{kind}: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
