"""Keeps the corrections that a run went by, by content hash, beside what was received: a release can be made again.

What belongs here: hashing, copying and finding them. What does not: what they say (quality/).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assets.workspace import Context, Workspace, file_sha256, fingerprint
from quality.corrections import correction_files


def corrections_sha256(ctx: Context) -> str:
    """One hash of the contents of all correction files in their order; what they are called plays no part."""
    return fingerprint([file_sha256(path) for path in correction_files(ctx.corrections_dir)])


def kept_corrections(workspace: Workspace, sha256: str) -> Path:
    """Where the corrections of that hash are kept: to be used as ``Context.corrections``."""
    return workspace.received / "corrections" / sha256


def keep_corrections(ctx: Context) -> str:
    """Copies the corrections in use and returns their hash. Those that are kept already are left alone.

    The copy takes its name when it is whole; one that changed while it was read is kept under what it became."""
    stage = ctx.workspace.received / "corrections" / f".{os.getpid()}.stage"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        for path in correction_files(ctx.corrections_dir):
            shutil.copyfile(path, stage / path.name)
        sha256 = fingerprint([file_sha256(path) for path in correction_files(stage)])
        if not kept_corrections(ctx.workspace, sha256).exists():
            _settle(stage)
            os.replace(stage, kept_corrections(ctx.workspace, sha256))
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return sha256


def _settle(folder: Path) -> None:
    """Files that nobody edits by mistake, on disk before their folder has its name."""
    for path in folder.iterdir():
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
        path.chmod(0o444)
