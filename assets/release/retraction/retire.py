"""Versions that go: one commit says so and puts replacements in place, then the data is deleted.

What belongs here: tombstones, the release that withdraws, and the deletion after it, which any later publisher
completes. What does not: which versions go and why (withdraw.py, redact.py).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from assets.release import durable
from assets.release.commit import Commit, Progress, place_release
from assets.release.guard import (
    refuse_forged,
    refuse_other_profile,
    refuse_overwriting,
    refuse_rolled_back,
    refuse_unsigned,
)
from assets.release.manifest import (
    DatasetEntry,
    FileEntry,
    Manifest,
    Notice,
    Release,
    Withdrawal,
    canonical,
    history,
    release_of,
)
from assets.release.pages.entrance import put_pages
from assets.release.signatures.signing import Signer
from assets.release.staging import Staging, connect, sha256_of_bytes
from assets.release.standing import Made, kept_hashes, made_versions
from assets.release.stores import TOMBSTONE, Store, StoreDamaged, begun, blob_path
from assets.release.writers import code, writers
from quality.disclosure.texts import require_safe_texts
from schemas.registry import Registry


@dataclass(frozen=True)
class Gone:
    """A version that goes, and why; with the one that takes its place, which lies in ``folder``."""

    made: Made
    reason_zh: str
    reason_en: str
    replacement: DatasetEntry | None = None
    folder: Path | None = None


@contextmanager
def opened(
    registry: Registry,
    store: Store,
    on: date,
    work_dir: Path,
    *,
    sign: Signer | None = None,
    unsigned: bool = False,
    progress: Progress | None = None,
) -> Iterator[Commit]:
    """The right to publish, for one block, with all that a commit on the current release depends on.

    ``on``: the day it is done; the pointer is never put back to an earlier one."""
    work = Path(work_dir) / "release"
    with store.exclusive(), begun(store) as found:
        current = release_of(store, found)
        refuse_unsigned(found, sign, unsigned)
        refuse_forged(store, found, sign)
        refuse_rolled_back(store, current)
        refuse_other_profile(registry.profile, current)
        store.complete()
        durable.empty_directory(work)
        said = date.fromisoformat(json.loads(found)["as_of"]) if found else on
        stage = Staging(connect(work, None, None), registry, work, work, max(on, said))
        inputs, tell = current.manifest.inputs if current else None, progress or (lambda _: None)
        try:
            yield Commit(stage, store, found, current, inputs, sign, tell)
        finally:
            stage.con.close()
        shutil.rmtree(work)


def retire(commit: Commit, gone: list[Gone], withdrawn_on: str, notice: Notice | None = None) -> Release:
    """Commits the release that withdraws these versions, and deletes what only they were made of.

    The release speaks of the same day and the same inputs as the one before it: no new data is in it.
    DisclosureRefused, before anything is written, if a reason says what must not leave."""
    tombstones = [(one, tombstone(one, withdrawn_on)) for one in gone]
    release = Release.of(_manifest(commit, tombstones, withdrawn_on, notice))
    refuse_overwriting(commit.store, release, commit.current)
    said = {f"tombstone-{number}.json": document for number, (_, document) in enumerate(tombstones, 1)}
    require_safe_texts({"manifest.json": release.manifest.to_bytes(), **said})
    commit.tell(f"release {release.release_id}: write")
    for one, document in tombstones:
        _put_tombstone(commit, document)
        if one.replacement and one.folder:
            _put_version(commit.store, one.replacement, one.folder)
    place_release(commit, release)
    commit.tell("delete")
    complete_withdrawals(commit.store, release)
    put_pages(commit.store, release.release_id, commit.stage.registry.profile, commit.sign)
    return release


def tombstone(gone: Gone, withdrawn_on: str) -> bytes:
    """`tombstone.json`: what was here, by hash and size, and why it is no longer."""
    entry, release = gone.made.entry, gone.made.release
    return canonical(
        {
            "dataset": entry.name,
            "version": entry.version,
            "withdrawn_on": withdrawn_on,
            "reason_zh": gone.reason_zh,
            "reason_en": gone.reason_en,
            "replaced_by": gone.replacement.version if gone.replacement else None,
            "release": release.release_id,
            "as_of": release.manifest.as_of,
            "rows": entry.rows,
            "files": [{"name": f.name, "sha256": f.sha256, "bytes": f.bytes} for f in entry.files],
        }
    )


def complete_withdrawals(store: Store, current: Release | None) -> list[str]:
    """Deletes what a release says is withdrawn and is still there; returns the folders of those versions.

    Every publisher calls it first: whoever withdrew may have died between the commit and the deletion."""
    withdrawn = current.manifest.withdrawn if current else ()
    left = [w for w in withdrawn if not _is_there(store, w.tombstone)]
    if not left:
        return []
    releases = list(history(store))
    kept, made = kept_hashes(releases), made_versions(releases)
    for one in left:
        entry = next(m.entry for m in made[one.dataset] if m.entry.version == one.version)
        only = {file.sha256 for file in entry.files} - kept
        document = store.read(blob_path(one.tombstone.sha256))
        store.withdraw_version(one.dataset, one.version, document, only)
    return [f"datasets/{one.dataset}/{one.version}" for one in left]


def _is_there(store: Store, file: FileEntry) -> bool:
    try:
        return sha256_of_bytes(store.read(file.path)) == file.sha256
    except StoreDamaged:
        return False


def _put_tombstone(commit: Commit, document: bytes) -> None:
    """Under its hash before the commit, so that whoever completes the withdrawal finds it."""
    digest = sha256_of_bytes(document)
    staged = commit.stage.work_dir / digest
    staged.write_bytes(document)
    commit.store.put_blob(staged, digest)


def _put_version(store: Store, entry: DatasetEntry, folder: Path) -> None:
    for file in entry.files:
        store.put_blob(folder / file.name, file.sha256)
    store.put_version(entry.name, entry.version, {file.name: file.sha256 for file in entry.files})


def _manifest(
    commit: Commit, tombstones: list[tuple[Gone, bytes]], withdrawn_on: str, notice: Notice | None
) -> Manifest:
    before = commit.current.manifest
    by_version = {(one.made.entry.name, one.made.entry.version): one for one, _ in tombstones}
    datasets, newest = [], set()
    for entry in before.datasets:
        one = by_version.get((entry.name, entry.version))
        if one is None:
            datasets.append(replace(entry, changed=False))
        elif one.replacement:
            datasets.append(one.replacement)
            newest.add(entry.name)
    withdrawn = [_withdrawal(one, document, withdrawn_on) for one, document in tombstones]
    replaced = [one.replacement for one, _ in tombstones if one.replacement and one.replacement not in datasets]
    return Manifest(
        seq=before.seq + 1,
        as_of=before.as_of,
        profile=before.profile,
        publisher=before.publisher,
        synthetic=before.synthetic,
        schema_fingerprint=before.schema_fingerprint,
        writers=writers(),
        code=code(),
        inputs=before.inputs,
        datasets=tuple(datasets),
        withdrawn=(*before.withdrawn, *sorted(withdrawn, key=lambda w: (w.dataset, w.version))),
        replacements=tuple(sorted(replaced, key=lambda entry: (entry.name, entry.version))),
        redactions=(*before.redactions, *((notice,) if notice else ())),
        previous=commit.current.link,
        signed_by=commit.signed_by,
    )


def _withdrawal(gone: Gone, document: bytes, withdrawn_on: str) -> Withdrawal:
    entry = gone.made.entry
    path = f"{entry.folder}/{TOMBSTONE}"
    file = FileEntry(path, sha256_of_bytes(document), len(document))
    new = gone.replacement.version if gone.replacement else None
    return Withdrawal(entry.name, entry.version, withdrawn_on, gone.reason_zh, gone.reason_en, file, new)
