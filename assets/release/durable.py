"""File operations that survive a power cut: what they return from is on the disk.

The primitives under the local store, and only those. What does not belong here: any knowledge of
releases, datasets or the layout of `published/`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

_CHUNK = 1 << 20
#: a file system without hard links, another device, or an inode with no links left
_NO_LINK = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK}


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def copy_file(source: Path, target: Path) -> str:
    """Copies into a new read-only file, forces it to disk and returns the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        _finish(writer)
    return digest.hexdigest()


def write_file(target: Path, data: bytes) -> None:
    """Writes a new read-only file and forces it to disk. FileExistsError if the name is taken."""
    with target.open("xb") as writer:
        writer.write(data)
        _finish(writer)


def _finish(writer) -> None:
    """Read-only before the name becomes visible: nobody may ever change published bytes."""
    writer.flush()
    os.fchmod(writer.fileno(), 0o444)
    os.fsync(writer.fileno())


def link_file(source: Path, target: Path) -> None:
    """A second name for the same bytes; a durable copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        copy_file(source, target)


def sync_directory(path: Path) -> None:
    """Forces the names in a directory to disk: without it a power cut can take back a rename."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """An existing directory whose name, and that of each parent made with it, is on the disk."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


def empty_directory(path: Path) -> None:
    """Leaves an existing, empty directory."""
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
