"""A publisher without tables: the store, the guard and the commit, with bytes made of a word. It starts in no time.

    bare.py PUBLISHED WORK LABEL [--wait SECONDS]     publishes the label; prints the release, exits 75 on a conflict

What belongs here: the smallest thing that publishes as the real publisher does, so that each of its changes to the
disk can be killed. What does not: the real one (publish.py), judging what is published (reader.py).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from datetime import date
from pathlib import Path

from assets.release.guard import refuse_overwriting, refuse_rolled_back
from assets.release.manifest import DatasetEntry, FileEntry, Manifest, Release, release_of
from assets.release.readback import verify_release
from assets.release.stores import Store, StoreConflict, begun
from assets.release.stores.local import LocalStore

AS_OF = date(2026, 3, 31)


def contents(label: str) -> dict[str, bytes]:
    """The files of one dataset: one that every label has, one of its own, and their sums."""
    files = {"a.csv": b"k,v\n1,2\n", "b.csv": f"k,v\n1,{label}\n".encode()}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    return files | {"SHA256SUMS": sums.encode()}


def publish(store: Store, work: Path, label: str) -> Release:
    """The release of a label, or the current one if it holds the label already."""
    with store.exclusive(), begun(store) as found:
        current = release_of(store, found)
        refuse_rolled_back(store, current)
        store.complete()
        release = _release(label, current)
        if current and _sums(current) == _sums(release):
            return current
        refuse_overwriting(store, release, current)
        return place(store, found, work, label)


def place(store: Store, found: bytes | None, work: Path, label: str) -> Release:
    """Writes the release of a label and commits it upon the pointer that was found."""
    release = _release(label, release_of(store, found))
    work.mkdir(parents=True, exist_ok=True)
    entry = release.manifest.datasets[0]
    for file in entry.files:
        (work / file.name).write_bytes(contents(label)[file.name])
        store.put_blob(work / file.name, file.sha256)
    store.put_version(entry.name, entry.version, {f.name: f.sha256 for f in entry.files})
    store.put_release(release.release_id, {"manifest.json": release.manifest.to_bytes()})
    verify_release(store, release.manifest)
    pointer = release.pointer(AS_OF, 60)
    store.put_signature(hashlib.sha256(pointer).hexdigest(), b"signature of " + pointer)
    store.commit(pointer, found)
    store.complete()
    return release


def _release(label: str, current: Release | None) -> Release:
    seq = current.manifest.seq + 1 if current else 1
    folder = f"datasets/d/1.{seq}.0"
    files = contents(label).items()
    entries = [FileEntry(f"{folder}/{n}", hashlib.sha256(data).hexdigest(), len(data)) for n, data in files]
    entry = DatasetEntry("d", f"1.{seq}.0", True, {"t": 1}, tuple(entries))
    made = {"schema_fingerprint": "f", "writers": {}, "code": "c", "inputs": None}
    link = current.link if current else None
    return Release.of(Manifest(seq, AS_OF.isoformat(), "p", "p", True, **made, datasets=(entry,), previous=link))


def _sums(release: Release) -> str:
    file = release.manifest.datasets[0].file("SHA256SUMS")
    return file.sha256 if file else ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("published", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("label")
    parser.add_argument("--wait", type=float, default=60)
    given = parser.parse_args()
    try:
        print(publish(LocalStore(given.published, wait_seconds=given.wait), given.work, given.label).release_id)
    except StoreConflict:
        return 75
    except OSError as error:
        print(error, file=sys.stderr)
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main())
