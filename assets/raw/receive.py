"""Receive: each new file of the inbox, copied by content hash, and a line in the ledger.

Never parsed, never edited, and the inbox itself is left as it is. A file sent again changes nothing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from assets.release.durable import sync_directory
from assets.workspace import Workspace, file_sha256, locked, read_json, write_json
from quality.limits import Limits

#: lock files and droppings of desktop programs: not filings, never received
IGNORED = ("~$", ".", "Thumbs.db", "desktop.ini")
#: ends of names of files that are taken in; what others are (half an upload, a program) need not be guessed
ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods", ".et", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".gz")


@dataclass(frozen=True)
class Receipt:
    """One line of the ledger: a content seen for the first time."""

    seq: int
    sha256: str
    bytes: int
    received_on: str  # the as-of date of the run, ISO 8601: what published data may depend on
    received_at: str  # the clock, for people; never published
    name: str  # path relative to the inbox under which it was first seen
    batch: int  # number of the reception: what came later is the later word, whatever the dates say


def ledger(workspace: Workspace) -> list[Receipt]:
    """Every receipt, in order. A line cut off by a crash is not a receipt; its file is received again."""
    if not workspace.ledger.exists():
        return []
    text = workspace.ledger.read_bytes()
    whole = text[: text.rfind(b"\n") + 1].decode("utf-8")
    receipts = [Receipt(**json.loads(line)) for line in whole.splitlines()]
    return list({r.sha256: r for r in reversed(receipts)}.values())[::-1]


def pending(inbox: Path, workspace: Workspace, largest: int = Limits().file_bytes) -> list[Path]:
    """Files of the inbox whose content has not been received."""
    known = {r.sha256 for r in ledger(workspace)}
    readable, _ = _sorted_out(inbox, largest)
    return [path for path, sha256 in readable if sha256 not in known]


def refused(workspace: Workspace) -> list[Refused]:
    """The files of the inbox that the last reception would not take in."""
    return [Refused(**line) for line in read_json(workspace.refused) or ()]


@dataclass(frozen=True)
class Refused:
    """A file of the inbox that is not taken in at all: too large, or not to be opened. ``code`` is a finding's."""

    name: str
    bytes: int
    code: str
    seen_on: str = ""  # the as-of date of the run that first met it


def sender(name: str) -> str:
    """Who sent a file: the folder of the inbox it lies in; the file itself where it lies in none."""
    return name.split("/", 1)[0]


def inbox_files(inbox: Path) -> list[Path]:
    """The files of an inbox, in a stable order; links are not followed."""
    found = (p for p in inbox.rglob("*") if p.is_file() and not p.is_symlink())
    return sorted(p for p in found if p.name.startswith("..") or not p.name.startswith(IGNORED))


def receive(
    inbox: Path, workspace: Workspace, received_on: date, clock: Callable[[], str], largest: int = Limits().file_bytes
) -> list[Receipt]:
    """Copies what is new and returns its receipts; notes what it will not take in (``refused``).

    Files of one batch are ordered by content, so that nothing depends on what they are called. A file of more
    than ``largest`` bytes is not even read."""
    with locked(workspace):
        return _receive(inbox, workspace, received_on, clock, largest)


def _receive(
    inbox: Path, workspace: Workspace, received_on: date, clock: Callable[[], str], largest: int
) -> list[Receipt]:
    known = ledger(workspace)
    seen = {r.sha256 for r in known}
    batch = max((r.batch for r in known), default=0) + 1
    fresh: dict[str, Path] = {}
    readable, unfit = _sorted_out(inbox, largest)
    for path, sha256 in readable:
        if sha256 not in seen:
            fresh.setdefault(sha256, path)
    met = {(r.name, r.bytes): r.seen_on for r in refused(workspace)}
    seen_on = [met.get((r.name, r.bytes)) or received_on.isoformat() for r in unfit]
    write_json(workspace.refused, [asdict(r) | {"seen_on": on} for r, on in zip(unfit, seen_on, strict=True)])
    receipts = list(_receipts(fresh, inbox, (len(known), batch), received_on, clock))
    kept = [r for r in receipts if _keep(fresh[r.sha256], r.sha256, workspace)]
    _append(workspace.ledger, kept)
    return kept


def name_text(path: Path, inbox: Path) -> str:
    """What a file is called below the inbox, as text; bytes that are not UTF-8 stand as \\xNN."""
    return os.fsencode(path.relative_to(inbox).as_posix()).decode("utf-8", "backslashreplace")


def _sorted_out(inbox: Path, largest: int) -> tuple[list[tuple[Path, str]], list[Refused]]:
    """The files that can be taken in, with their hashes, and those that cannot, with the reason."""
    readable: list[tuple[Path, str]] = []
    unfit: list[Refused] = []
    for path in inbox_files(inbox):
        size = path.stat().st_size
        if size > largest or not path.name.lower().endswith(ENDINGS):
            code = "file-too-large" if size > largest else "file-name-unknown"
            unfit.append(Refused(name_text(path, inbox), size, code))
            continue
        try:
            readable.append((path, file_sha256(path)))
        except OSError:
            unfit.append(Refused(name_text(path, inbox), size, "file-unreadable"))
    return readable, unfit


def received_file(workspace: Workspace, sha256: str) -> Path:
    """The kept copy of a content."""
    return _folder(workspace.received, sha256) / sha256


def _folder(received: Path, sha256: str) -> Path:
    return received / sha256[:2]


def _receipts(
    fresh: dict[str, Path], inbox: Path, after: tuple[int, int], received_on: date, clock: Callable[[], str]
) -> Iterator[Receipt]:
    start, batch = after
    for seq, sha256 in enumerate(sorted(fresh), start=start + 1):
        path = fresh[sha256]
        name = name_text(path, inbox)
        yield Receipt(seq, sha256, path.stat().st_size, received_on.isoformat(), clock(), name, batch)


def _keep(path: Path, sha256: str, workspace: Workspace) -> bool:
    """Copies a file to its place; False if it changed under our hands (it is still being written)."""
    target = received_file(workspace, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = target.with_name(f".{sha256}.stage")
    shutil.copyfile(path, stage)
    if file_sha256(stage) != sha256:
        stage.unlink()
        return False
    with stage.open("rb") as handle:
        os.fsync(handle.fileno())
    stage.chmod(0o444)
    os.replace(stage, target)
    return True


def _append(path: Path, receipts: list[Receipt]) -> None:
    """Adds lines to the ledger, all or none: a batch cut in two would be two receptions. Then they are on disk,
    after the files they speak of. A torn last line is left out."""
    if not receipts:
        return
    for folder in sorted({_folder(path.parent, r.sha256) for r in receipts}):
        sync_directory(folder)
    lines = path.read_bytes() if path.exists() else b""
    lines = lines[: lines.rfind(b"\n") + 1]
    stage = path.with_name(f".{path.name}.stage")
    with stage.open("wb") as handle:
        handle.write(lines + b"".join(json.dumps(asdict(r), ensure_ascii=False).encode() + b"\n" for r in receipts))
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(stage, path)
    sync_directory(path.parent)
