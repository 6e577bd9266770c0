"""Where things lie in a workspace, and how a file comes to lie there whole.

What belongs here: paths, atomic writes, the recorded state of a step. What does not: what is in the files.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from quality.limits import Limits
from schemas.registry import Registry

Progress = Callable[[str], None]


#: the Parquet file of an open table in the release that is current before a run; None if it has no such table
Released = Callable[[str], Path | None]


#: the same of every release before a run whose data is still there, oldest first: by table, for the tables named
Told = Callable[[Collection[str]], list[dict[str, Path]]]


def _silent(_: str) -> None:
    """The progress of a run nobody watches."""


def _nothing(_: str) -> None:
    """The tables of a release that was never made."""


def _untold(_: Collection[str]) -> list[dict[str, Path]]:
    """The tables of no release."""
    return []


@dataclass(frozen=True)
class Workspace:
    """The private working folder of one deployment. Nothing in it is published as it is."""

    root: Path

    @property
    def received(self) -> Path:
        return self.root / "received"

    @property
    def ledger(self) -> Path:
        return self.received / "ledger.jsonl"

    @property
    def refused(self) -> Path:
        """What of the inbox was not taken in, by the last reception."""
        return self.received / "refused.json"

    @property
    def findings(self) -> Path:
        return self.root / "findings.parquet"

    @property
    def standing(self) -> Path:
        """Findings over time, with values: never published."""
        return self.root / "standing.parquet"

    @property
    def quality(self) -> Path:
        """The quality report: counts only."""
        return self.root / "quality.json"

    @property
    def account(self) -> Path:
        return self.root / "account.parquet"

    @property
    def redactions(self) -> Path:
        """What may no longer be published. It names what is to be forgotten: never published."""
        return self.root / "redactions.yml"

    @property
    def answers(self) -> Path:
        """What is to be sent back, in a folder per sender."""
        return self.root / "answers"

    def gated(self, sha256: str) -> Path:
        """What the gate made of one received file."""
        return self.root / "gated" / sha256[:2] / sha256

    def table(self, layer: str, name: str) -> Path:
        """The Parquet file of a table. ``layer`` is also a folder: intake, core, open, quarantine ..."""
        return self.root / layer / f"{name}.parquet"

    def state(self, step: str) -> Path:
        return self.root / "state" / f"{step}.json"


@dataclass(frozen=True)
class Context:
    """All a step may depend on: contracts, place, date, the engine's limits and those of a received file."""

    registry: Registry
    workspace: Workspace
    as_of: date
    threads: int | None = None
    memory: str | None = None
    limits: Limits = field(default_factory=Limits)
    corrections: Path | None = None  # None: a folder of the workspace
    released: Released = field(default=_nothing)
    told: Told = field(default=_untold)
    sign_key: Path | None = None  # None: unsigned
    allowed_signers: Path | None = None  # None: those of the profile, else what the key says of itself
    unsigned: bool = False  # an unsigned release may follow a signed one
    confirm: str | None = None  # a person's reason for a change beyond the usual
    progress: Progress = field(default=_silent)

    @property
    def corrections_dir(self) -> Path:
        """Where people write down known source errors."""
        return self.corrections or self.workspace.root / "corrections"


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place to write a file that takes ``path``'s name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stage = path.with_name(f".{path.name}.{os.getpid()}.stage")
    try:
        yield stage
        os.replace(stage, path)
    finally:
        stage.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """JSON with sorted keys, written whole."""
    with written_whole(path) as stage:
        stage.write_text(json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n", "utf-8")


def read_json(path: Path) -> Any | None:
    """What was written, or None if nothing was, or nothing that can be read: a step then runs again."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """One process at a time, for a block; others wait. The kernel drops the lock when a process dies."""
    workspace.root.mkdir(parents=True, exist_ok=True)
    with (workspace.root / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def fingerprint(*parts: Any) -> str:
    """One hash of values that JSON can hold."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def code_fingerprint(package: Path, suffixes: tuple[str, ...] = (".py", ".sql", ".yml")) -> str:
    """One hash of the sources below a folder, so that changed code makes a step run again."""
    files = sorted(p for p in package.rglob("*") if p.suffix in suffixes)
    return fingerprint([[p.relative_to(package).as_posix(), file_sha256(p)] for p in files])
