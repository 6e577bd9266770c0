"""The commit: a release whose versions are in place becomes the current one, or is found to hold still.

What belongs here: what happens between the last placed version and the moved pointer, signatures included. What
does not: making versions (publisher.py, staging.py), forcing bytes to disk (stores/).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from assets.release.manifest import Inputs, Release
from assets.release.readback import verify_release
from assets.release.signatures.signing import Signer
from assets.release.staging import Staging, sha256_of_bytes
from assets.release.stores import POINTER, Store
from quality.disclosure.texts import require_safe_texts

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Commit:
    """All that a commit depends on: what is staged and where it goes, upon which release, made of what, signed how."""

    stage: Staging
    store: Store
    found: bytes | None  # `current.json` as it was when this publisher began
    current: Release | None
    inputs: Inputs | None
    sign: Signer | None
    tell: Progress

    @property
    def signed_by(self) -> str | None:
        """The fingerprint that manifest and pointer state."""
        return self.sign.fingerprint if self.sign else None


def place_release(commit: Commit, release: Release) -> None:
    """Writes a release whose versions are in place, reads all of it back, and moves the pointer to it.

    DisclosureRefused if the manifest says what must not leave: people give reasons in their own words."""
    if release.manifest.signed_by != commit.signed_by:
        raise ValueError("the manifest names another key than the one that signs")
    document = release.manifest.to_bytes()
    require_safe_texts({"manifest.json": document})
    documents = {"manifest.json": document}
    if commit.sign:
        documents["manifest.json.sig"] = commit.sign(document)
    commit.store.put_release(release.release_id, documents)
    commit.tell(f"release {release.release_id}: read back")
    verify_release(commit.store, release.manifest)
    _point(commit, release)


def renew(commit: Commit, current: Release) -> None:
    """Nothing is new: `current.json` says so, so that it does not expire while what it leads to still holds.

    Also when another key signs from now on, or one at last."""
    said = json.loads(commit.found or b"{}")
    day = commit.stage.as_of.isoformat()
    if day > said["as_of"] or (day == said["as_of"] and commit.signed_by != said.get("signed_by")):
        _point(commit, current)


def _point(commit: Commit, release: Release) -> None:
    """The commit: the signature first, for it is found by the hash of the pointer it signs.

    With a signature the pointer itself is kept under its hash too, so that also later anybody can say what was
    signed: `current.json` will have changed by then."""
    days = commit.stage.registry.parameters(commit.stage.as_of).get("release_valid_days")
    valid_days, sign = int(days.value) if days else None, commit.sign
    if sign is None:
        commit.store.commit(release.pointer(commit.stage.as_of, valid_days), commit.found)
        return commit.store.complete()
    pointer = release.pointer(commit.stage.as_of, valid_days, signed_by=sign.fingerprint, last_day=sign.last_day)
    kept = commit.stage.work_dir / POINTER
    kept.write_bytes(pointer)
    digest = sha256_of_bytes(pointer)
    commit.store.put_blob(kept, digest)
    commit.store.put_signature(digest, sign(pointer))
    commit.store.commit(pointer, commit.found)
    commit.store.complete()
