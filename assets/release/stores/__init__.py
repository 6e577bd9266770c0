"""Where releases live: what a publisher needs of a store. One module a kind of store.

What belongs here: the interface and what can go wrong with every store. A store knows blobs, version folders,
releases, signatures and one pointer; it does not know how a version is decided or what is in it. A reader that
starts at `current.json` finds only whole versions at every moment, because the pointer is replaced last and
everything it leads to was forced to disk and read back before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

POINTER = "current.json"
#: what is left in the folder of a withdrawn version
TOMBSTONE = "tombstone.json"


class StoreConflict(Exception):
    """Another publisher is at work, or has published since: nothing was changed, try again (exit 75)."""


class StoreDamaged(Exception):
    """Published bytes are not what their name, manifest or pointer says: nothing is built on them (exit 65)."""


class StoreUnfit(Exception):
    """A store that cannot be published to: wrong address or keys, or it ignores conditional writes (exit 78)."""


class StoreUnreachable(Exception):
    """The store does not answer: what was being done may or may not have happened; running again tells (exit 69)."""


class Store(Protocol):
    """What a publisher needs of a store. Paths are relative, with forward slashes."""

    def exclusive(self) -> AbstractContextManager[None]:
        """The right to publish, for one block. StoreConflict if it cannot be had."""

    def pointer(self) -> bytes | None:
        """The bytes of `current.json`; None before the first release."""

    def read(self, path: str, sha256: str | None = None) -> bytes:
        """A small published document; ``sha256`` as for `local`. StoreDamaged if it is missing."""

    def local(self, path: str, sha256: str | None = None) -> Path:
        """A published file as a local path to read from (a remote store downloads it). StoreDamaged if it is missing.

        A store may place the files of a version only after the commit: with the ``sha256`` that a manifest promises, a
        file that is not at its path yet is read from its blob."""

    def digest(self, path: str) -> tuple[int, str]:
        """Size and SHA-256 of a published file, of whatever size. StoreDamaged if it is missing."""

    def files(self) -> Iterator[str] | None:
        """The path of every file that lies in the store, accounted for or not; None where nothing can be listed."""

    def release_ids(self) -> list[str]:
        """Every release folder, committed or left by a dead publisher, in order."""

    def committed(self) -> list[str] | None:
        """Every release that the pointer ever led to, in order; None if the store has no record of it."""

    def unfinished(self) -> str | None:
        """None if no publisher is at work, as far as the store can tell; else the release it is about to lead to, or
        an empty text when it has not come so far."""

    def put_blob(self, source: Path, sha256: str) -> None:
        """Stores bytes under their hash, once. StoreDamaged if the source has another hash."""

    def put_version(self, dataset: str, version: str, files: Mapping[str, str]) -> None:
        """Makes an immutable version folder from stored blobs. Files: name -> sha256."""

    def put_release(self, release_id: str, documents: Mapping[str, bytes]) -> None:
        """Makes an immutable release folder."""

    def put_signature(self, sha256: str, data: bytes) -> None:
        """Keeps the signature of the bytes with that hash under `signatures/`, before it is committed."""

    def commit(self, pointer: bytes, expected: bytes | None) -> None:
        """The one commit point. StoreConflict if the pointer is no longer ``expected``."""

    def complete(self) -> None:
        """What a publisher that died after its commit may have left to do. Every publisher calls it, once guard.py
        has found the pointer to be the last one."""

    def withdraw_version(self, dataset: str, version: str, tombstone: bytes, only: Collection[str]) -> None:
        """Deletes the blobs ``only`` this version had, and leaves `tombstone.json` alone in its folder.

        In this order: a tombstone in its place says that the withdrawal is complete."""

    def unreferenced(self, referenced: Collection[str]) -> list[str]:
        """What only abandoned attempts can have left: no page, none of the paths ``referenced``, in order."""

    def discard(self, paths: Collection[str]) -> None:
        """Deletes garbage. A file that is gone is no error."""

    def put_page(self, path: str, data: bytes) -> None:
        """Writes or replaces a derived document (a feed, a page): rebuilt at will, never led to by a manifest."""

    def drop_pages(self, paths: Collection[str]) -> None:
        """Deletes derived documents. One that is gone is no error."""


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


def blob_path(sha256: str) -> str:
    """Where the bytes with that hash lie, in every store."""
    return f"blobs/sha256/{sha256[:2]}/{sha256}"


def places(path: str, sha256: str | None) -> tuple[str, ...]:
    """Where to look for a file in a store that makes the folders of versions after the commit: there, then by hash."""
    return (path, blob_path(sha256)) if sha256 and path.startswith("datasets/") else (path,)


def signature_path(sha256: str) -> str:
    """Where the signature of a pointer with that hash lies."""
    return f"signatures/{sha256}.sig"
