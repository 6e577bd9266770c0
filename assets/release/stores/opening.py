"""From an address to the store that lies there: a folder, or `s3://bucket/prefix`.

What belongs here: telling the kinds of address apart. What does not: where the address and the keys come from
(pipelines/settings.py).
"""

from __future__ import annotations

from pathlib import Path

from assets.release.stores import Store
from assets.release.stores.access import REMOTE, Access, bucket_and_prefix
from assets.release.stores.local import LocalStore


def store_at(address: Path | str, access: Access, scratch: Path) -> Store:
    """The store at an address. ``scratch`` is a private folder, for what has to be downloaded.

    StoreUnfit if it cannot be reached like this. Nothing is asked of the store yet."""
    if not str(address).startswith(REMOTE):
        return LocalStore(Path(address))
    from assets.release.stores.s3 import S3Store  # its client is loaded only by those who need it

    return S3Store(*bucket_and_prefix(str(address)), access, scratch=scratch)


def as_store(published: Path | Store) -> Store:
    """The store of a folder; a store as it is."""
    return LocalStore(published) if isinstance(published, Path) else published
