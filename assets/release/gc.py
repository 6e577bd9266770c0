"""Collecting garbage: what abandoned attempts left and no release leads to.

What belongs here: which paths something leads to. What does not: deleting (stores/), finishing a withdrawal
(retire.py). It is a command of its own and never part of an error path: what a dead publisher left may be just what
the next one finishes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from assets.release.guard import refuse_rolled_back
from assets.release.manifest import Release, history, release_of
from assets.release.retraction.retire import complete_withdrawals
from assets.release.standing import standing
from assets.release.stores import POINTER, Store, StoreDamaged, begun, blob_path


@dataclass(frozen=True)
class Collected:
    """What was found, and whether it is deleted. ``completed``: withdrawals that had been cut off."""

    paths: list[str]
    completed: list[str]
    deleted: bool


def collect(store: Store, *, dry_run: bool = False) -> Collected:
    """Deletes every file that no release leads to; ``dry_run`` only names them.

    StoreConflict while somebody publishes; StoreDamaged if `current.json` is not the last release: nothing is
    deleted then, for nobody can say what is garbage."""
    with store.exclusive(), begun(store) as found:
        current = release_of(store, found)
        refuse_rolled_back(store, current)
        store.complete()
        completed = [] if dry_run else complete_withdrawals(store, current)
        referenced = set(_referenced(store, current))
        paths = store.unreferenced(referenced | set(_signed(store, referenced)))
        if paths and not dry_run:
            store.discard(paths)
        return Collected(paths, completed, not dry_run)


def _referenced(store: Store, current: Release | None) -> Iterator[str]:
    yield POINTER
    releases = list(history(store)) if current else []
    for release in releases:
        yield f"releases/{release.release_id}/manifest.json"
        yield f"releases/{release.release_id}/manifest.json.sig"
    entries = [made.entry for versions in standing(releases).values() for made in versions]
    for file in (f for entry in entries for f in entry.files):
        yield from (file.path, blob_path(file.sha256))
    for gone in current.manifest.withdrawn if current else ():
        yield from (gone.tombstone.path, blob_path(gone.tombstone.sha256))


def _signed(store: Store, referenced: set[str]) -> Iterator[str]:
    """Signatures of pointers to releases of the chain, with these pointers, which are kept under their hash."""
    known = {path.split("/")[1] for path in referenced if path.startswith("releases/")}
    for path in store.unreferenced(referenced):
        if not path.startswith("signatures/"):
            continue
        pointer = blob_path(path.removeprefix("signatures/").removesuffix(".sig"))
        try:
            said = json.loads(store.read(pointer))
        except (StoreDamaged, ValueError):
            continue
        if isinstance(said, dict) and said.get("release") in known:
            yield from (path, pointer)
