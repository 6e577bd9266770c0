"""What came of a run, as plain data: no Dagster here, so that printing it is light."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import Any

from pipelines.exits import Exit

#: what Python and DuckDB call a failure of the disk
DISK_ERRORS = frozenset({
    "OSError", "IOException", "FileExistsError", "FileNotFoundError", "IsADirectoryError", "NotADirectoryError",
    "PermissionError",
})  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a run did. ``intake`` holds row counts, ``release`` what was published, ``answers`` what lies ready
    to be sent back and what could not be made (assets.raw.answers.Answers), ``standing`` how many findings stand,
    ``reason_needed`` whether what was published needed the reason a person gave (None: none given, or it failed)."""

    success: bool
    as_of: str
    job: str
    intake: dict[str, Any] | None
    release: dict[str, Any] | None
    failures: list[dict[str, Any]] = field(default_factory=list)
    standing: dict[str, Any] | None = None
    answers: dict[str, Any] | None = None
    reason_needed: bool | None = None


def exit_code(outcome: Outcome) -> Exit:
    """What the command that ran it should end with."""
    if outcome.success:
        return Exit.OK
    errors = {failure["error"] for failure in outcome.failures}
    if errors & {"WrongProfile", "SettingsError", "ContractError", "KeyRefused", "StoreUnfit"}:
        return Exit.CONFIGURATION
    if "StoreUnreachable" in errors:
        return Exit.UNREACHABLE
    if errors & DISK_ERRORS:
        return Exit.DISK
    return Exit.CONFLICT if "StoreConflict" in errors else Exit.REFUSED


def is_disk(error: OSError) -> bool:
    """Whether it is the disk's fault, and not that of a folder somebody named."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def disk_message(error: str, said: str) -> str:
    """What to do when the disk stopped a run. Of the exception's own text nothing is repeated: it may hold a path."""
    if "No space left" in said or "Errno 28" in said or "Disk quota" in said:
        return (
            "磁盘已满，没有发布任何内容；请腾出空间后再运行一次。 "
            "The disk is full, nothing was published: make room and run again."
        )
    return (
        "磁盘读写失败，没有发布任何内容；请检查磁盘和文件夹权限后再运行一次。 "
        f"The disk could not be read or written ({error}), nothing was published: look at it and run again."
    )
