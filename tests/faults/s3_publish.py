"""A publisher and a reader of an S3-compatible store on this machine, each as a process of its own to be killed.

    s3_publish.py publish ENDPOINT PREFIX WORK LABEL    publishes the label; ends with the exit code of the real command
    s3_publish.py verify|current|list ENDPOINT PREFIX WORK
    s3_publish.py reset ENDPOINT PREFIX WORK BASE       makes the objects below the prefix those below another one

What is published is that of bare.py. What does not belong here: judging what came of it (s3.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from assets.release.manifest import history
from assets.release.stores import StoreConflict, StoreDamaged, StoreUnfit, StoreUnreachable
from assets.release.stores.access import Access
from assets.release.stores.objects import Objects
from assets.release.stores.s3 import S3Store
from assets.release.verify import verify_release
from tests.faults import bare

BUCKET = "open-data"
#: what the real command ends with
CODES = {StoreConflict: 75, StoreDamaged: 65, StoreUnfit: 78, StoreUnreachable: 69}


def access(endpoint: str) -> Access:
    """The keys of a store that takes any."""
    return Access(endpoint=endpoint, key_id="schluessel", secret="geheim", allow_http=True)


def store_of(endpoint: str, prefix: str, scratch: Path, **given) -> S3Store:
    """A store below a prefix of its own. ``retries=0`` leaves every lost answer to our own code."""
    return S3Store(BUCKET, prefix, access(endpoint), scratch=scratch, **given)


def reset(endpoint: str, prefix: str, base: str) -> None:
    """Makes the objects below a prefix the very ones below another."""
    objects = Objects(BUCKET, "", access(endpoint))
    objects.delete(objects.list(prefix))
    for name in objects.list(base):
        objects.copy(name, prefix + name.removeprefix(base))


def verify(store: S3Store) -> list[str]:
    """Every byte of every release in the chain; the releases, the last one first."""
    found = list(history(store))
    for release in found:
        verify_release(store, release.manifest)
    return [release.release_id for release in found]


def ended(deed: Callable[[], object]) -> int:
    """Does it, and says what the command would end with."""
    try:
        deed()
    except tuple(CODES) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return CODES[type(error)]
    return 0


def main(what: str, endpoint: str, prefix: str, work: str, *more: str) -> int:
    if what == "reset":
        return ended(lambda: reset(endpoint, prefix, more[0]))
    own = Path(work).joinpath(what, *more)  # each publisher has a workspace of its own
    store = store_of(endpoint, prefix, own / "scratch")
    if what == "publish":
        return ended(lambda: print(bare.publish(store, own, more[0]).release_id))
    if what == "verify":
        return ended(lambda: verify(store))
    return ended(lambda: print(*[r.release_id for r in history(store)][: 1 if what == "current" else None], sep="\n"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
