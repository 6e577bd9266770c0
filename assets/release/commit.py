"""The commit: a release whose versions are in place becomes the current one, or is found to hold still.

What belongs here: what happens between the last placed version and the moved pointer, signatures included. What
does not: making versions (publisher.py, staging.py), forcing bytes to disk (stores/).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from assets.release import verify
from assets.release.manifest import Inputs, Release
from assets.release.staging import Staging, sha256_of_bytes
from assets.release.stores import Store, StoreConflict, StoreDamaged

Progress = Callable[[str], None]
#: the OpenSSH signature of some bytes
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Commit:
    """All that a commit depends on: what is staged and where it goes, upon which release, made of what, signed how."""

    stage: Staging
    store: Store
    found: bytes | None  # `current.json` as it was when this publisher began
    current: Release | None
    inputs: Inputs | None
    sign: Sign | None
    tell: Progress


@contextmanager
def begun(store: Store) -> Iterator[bytes | None]:
    """`current.json` as a publisher finds it when it begins.

    What looks damaged to it later may be what another publisher has changed since: then it is a StoreConflict."""
    found = store.pointer()
    try:
        yield found
    except StoreDamaged:
        if store.pointer() == found:
            raise
        raise StoreConflict("current.json was changed by another publisher while this one was at work") from None


def place_release(commit: Commit, release: Release) -> None:
    """Writes a release whose versions are in place, reads all of it back, and moves the pointer to it."""
    document = release.manifest.to_bytes()
    documents = {"manifest.json": document}
    if commit.sign:
        documents["manifest.json.sig"] = commit.sign(document)
    commit.store.put_release(release.release_id, documents)
    commit.tell(f"release {release.release_id}: read back")
    verify.verify_release(commit.store, release.manifest)
    _point(commit, release)


def renew(commit: Commit, current: Release) -> None:
    """Nothing is new: `current.json` says so, so that it does not expire while what it leads to still holds."""
    said = json.loads(commit.found or b"{}")
    if commit.stage.as_of.isoformat() > said["as_of"]:
        _point(commit, current)


def _point(commit: Commit, release: Release) -> None:
    """The commit: the signature first, for it is found by the hash of the pointer it signs."""
    days = commit.stage.registry.parameters(commit.stage.as_of).get("release_valid_days")
    pointer = release.pointer(commit.stage.as_of, int(days.value) if days else None)
    if commit.sign:
        commit.store.put_signature(sha256_of_bytes(pointer), commit.sign(pointer))
    commit.store.commit(pointer, commit.found)
    commit.store.complete()
