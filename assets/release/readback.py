"""Reading back what was placed: the last thing before the pointer moves. No engine, so that it starts at once.

What belongs here: bytes against a manifest, for a publisher that relies on them. What does not: judging a whole store
for a reader, and saying all that is wrong with it (audit/).
"""

from __future__ import annotations

from assets.release import durable
from assets.release.manifest import Manifest
from assets.release.stores import Store, StoreDamaged


def verify_release(store: Store, manifest: Manifest) -> None:
    """Reads every byte a release leads to. StoreDamaged at the first that is not as promised."""
    for dataset in manifest.versions:
        for file in dataset.files:
            path = store.local(file.path, file.sha256)
            if path.stat().st_size != file.bytes or durable.sha256_of(path) != file.sha256:
                raise StoreDamaged(f"{file.path}: not the bytes that were released")
