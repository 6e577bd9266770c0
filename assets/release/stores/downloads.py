"""A folder for what this process downloads from stores.

What belongs here: making the folder, and removing it with the process, or after it if it was killed. It is no cache: it
never answers for a store.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import shutil
import tempfile
from pathlib import Path

_LOCK = ".lock"


@functools.cache
def download_folder(parent: Path) -> Path:
    """A folder of this process below ``parent``; what lies in it may be read until the process ends."""
    parent.mkdir(parents=True, exist_ok=True)
    _remove_dead(parent)
    folder = Path(tempfile.mkdtemp(dir=parent))
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    atexit.register(_remove_own, folder, os.getpid())
    return folder


def _remove_own(folder: Path, owner: int) -> None:
    """Not from a child that was forked."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_dead(parent: Path) -> None:
    """The kernel drops the lock of a process that dies."""
    for lock in parent.glob(f"*/{_LOCK}"):
        try:
            handle = os.open(lock, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
