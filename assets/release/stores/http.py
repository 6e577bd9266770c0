"""Releases read over HTTP, from any web server: nothing can be listed or written, everything can be checked.

What belongs here: fetching published files with obstore, which retries what a network loses. What does not: whether
they are the right ones (audit.py).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import HTTPStore

from assets.release.stores import POINTER, StoreDamaged, places

_RETRY = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}


class HttpStore:
    """A web address below which `current.json` lies. OSError if the server cannot be reached."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        options = {"allow_http": True, "timeout": timedelta(seconds=60)}
        # with a slash at its end obstore would ask for two in a row, and an object store takes names literally
        self._store = HTTPStore.from_url(self.address, client_options=options, retry_config=_RETRY)
        self._scratch = tempfile.TemporaryDirectory(prefix="tuoyu-")

    def pointer(self) -> bytes | None:
        try:
            return self.read(POINTER)
        except StoreDamaged:
            return None

    def read(self, path: str, sha256: str | None = None) -> bytes:
        return b"".join(self._chunks(*places(path, sha256)))

    def digest(self, path: str) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        for chunk in self._chunks(path):
            size += len(chunk)
            digest.update(chunk)
        return size, digest.hexdigest()

    def local(self, path: str, sha256: str | None = None) -> Path:
        """Downloads it; it is kept as long as this object."""
        target = Path(self._scratch.name) / f"{hashlib.sha256(path.encode()).hexdigest()}{Path(path).suffix}"
        if not target.exists():
            part = target.with_suffix(".part")
            with part.open("wb") as file:
                file.writelines(self._chunks(*places(path, sha256)))
            os.replace(part, target)
        return target

    def files(self) -> Iterator[str] | None:
        """A web server lists nothing."""
        return None

    def unfinished(self) -> str | None:
        """Nobody can tell from outside."""
        return None

    def _chunks(self, path: str, *instead: str) -> Iterator[bytes]:
        try:
            for chunk in obstore.get(self._store, path).stream():
                yield bytes(chunk)
        except FileNotFoundError:
            if instead:
                return (yield from self._chunks(*instead))
            raise StoreDamaged(f"{path}: a published file is missing") from None
        except BaseError as error:
            raise OSError(f"{self.address}/{path}: {str(error).splitlines()[0][:300]}") from error
