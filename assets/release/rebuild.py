"""A published version made once more from what was received, and compared byte by byte.

What belongs here: finding what a version was made of, making it again elsewhere, and naming what differs and why.
What does not: replaying the line (assets/replay.py), checking signatures and checksums (verify.py). Nothing is
written into the store or into the workspace of the deployment.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from assets.build import TableRefused
from assets.raw.kept import kept_corrections
from assets.release import durable
from assets.release.comparison.changes import COLUMNS, Comparison
from assets.release.history import NoSuchVersion, PublishedVersion, released_tables, told_tables
from assets.release.manifest import DatasetEntry, Manifest, Release, current_release, history
from assets.release.refusal import Refused
from assets.release.standing import made_versions
from assets.release.step import inputs_of, publish_from
from assets.release.stores import POINTER, Store, StoreDamaged
from assets.release.stores.local import LocalStore
from assets.release.writers import code, writers
from assets.replay import build_tables, replayed
from assets.sql import EngineFailed
from assets.workspace import Context
from quality.disclosure.columns import DisclosureRefused
from schemas.model import ContractError

#: rows that differ shown of each version; all are counted
MOST = 20
#: what a line can end with; they say no value
_FAILURES = (TableRefused, Refused, DisclosureRefused, StoreDamaged, EngineFailed, ContractError)


@dataclass(frozen=True)
class Cause:
    """Something the bytes of a version depend on and that is not what it was: ``what`` names it."""

    what: str
    then: str
    now: str


@dataclass(frozen=True)
class Rebuilt:
    """What came of one version. ``outcome``: `identical`, `differs`, `failed` (the line ended with an error, or what
    it was made of is not here), `withdrawn` or `replacement` (not made from what was received: not compared).

    ``files``: name -> `differs`, `missing` or `added`. ``rows``: by table the counts of rows that differ, and
    ``examples`` of them in the columns of `changes.csv`, published against rebuilt."""

    dataset: str
    version: str
    release_id: str
    as_of: str
    outcome: str
    bytes: int = 0
    files: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: list[dict[str, str | None]] = field(default_factory=list)
    causes: tuple[Cause, ...] = ()
    error: str = ""

    @property
    def good(self) -> bool:
        return self.outcome in ("identical", "withdrawn", "replacement")


def rebuild(
    ctx: Context, store: Store, folder: Path, wanted: Sequence[tuple[str, str]] | None = None, *, reuse: bool = False
) -> Iterator[Rebuilt]:
    """Rebuilds versions (dataset, version), or all there are, in the order of their releases.

    ``folder`` is scratch, shared by all. ``reuse``: what the gate made of a file here is taken over where it would
    come to the same; else every file is read and judged again. NoSuchVersion before anything is rebuilt."""
    current = current_release(store)
    releases = list(history(store))[::-1] if current else []
    if wanted is not None:
        _require_known(releases, wanted)
    needed = _needed(releases, wanted, current)
    upon = _Upon(folder / "published", store)
    for release, before in zip(releases, [None, *releases], strict=False):
        entries = [e for e in release.manifest.made if wanted is None or (e.name, e.version) in wanted]
        told = [_not_rebuilt(release, entry, current.manifest) for entry in entries]
        yield from (one for one in told if one)
        compared = [entry for entry, one in zip(entries, told, strict=True) if one is None]
        if compared or release.release_id in needed:
            yield from _one_release(ctx, upon, folder, (release, before), compared, reuse)


class _Upon(LocalStore):
    """A scratch store that sees what another holds: a release is made again on the one before it."""

    def __init__(self, root: Path, base: Store) -> None:
        super().__init__(root)
        self.base = base

    def local(self, path: str, sha256: str | None = None) -> Path:
        found = self.root / path
        return found if found.is_file() else self.base.local(path, sha256)

    def stand_on(self, release: Release | None) -> None:
        """Makes a release of the base the current one here. Version folders made here stay, and are seen first."""
        self.root.mkdir(parents=True, exist_ok=True)
        for path in self.root.iterdir():
            if path.name not in ("blobs", "datasets"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if release:
            day = date.fromisoformat(release.manifest.as_of)
            (self.root / POINTER).write_bytes(release.pointer(day, None))

    def forget(self, folder: str) -> None:
        """A version that came out otherwise is nothing to go on from."""
        shutil.rmtree(self.root / folder, ignore_errors=True)


def _require_known(releases: list[Release], wanted: Sequence[tuple[str, str]]) -> None:
    made = made_versions(releases)
    for dataset, version in wanted:
        there = [m.entry.version for m in made.get(dataset, [])]
        if version not in there:
            there_is = ", ".join(there) or "none"
            raise NoSuchVersion(f"{dataset} {version} was never published; published versions: {there_is}")


def _needed(
    releases: list[Release], wanted: Sequence[tuple[str, str]] | None, current: Release | None
) -> frozenset[str]:
    """Releases to be made again only because a later one depends on a version whose data is gone: it goes on from it,
    or may not tell what follows from it (quality/disclosure). So every earlier release counts, not the last alone."""
    makers = {m.entry.folder: m.release for made in made_versions(releases).values() for m in made}
    nth = {release.release_id: n for n, release in enumerate(releases)}
    found: set[str] = set()
    waiting = [r for r in releases for e in r.manifest.made if wanted is None or (e.name, e.version) in wanted]
    while waiting:
        earlier = releases[: nth[waiting.pop().release_id]]
        for entry in {entry.folder: entry for release in earlier for entry in release.manifest.datasets}.values():
            maker = makers[entry.folder]
            if current.manifest.is_withdrawn(entry.name, entry.version) and maker.release_id not in found:
                found.add(maker.release_id)
                waiting.append(maker)
    return frozenset(found)


def _not_rebuilt(release: Release, entry: DatasetEntry, now: Manifest) -> Rebuilt | None:
    """A version that was not made of what was received, or of which nothing is left to compare with."""
    about = (entry.name, entry.version, release.release_id, release.manifest.as_of)
    if now.is_withdrawn(entry.name, entry.version):
        return Rebuilt(*about, "withdrawn")
    return Rebuilt(*about, "replacement") if "+" in entry.version else None


def _one_release(
    ctx: Context,
    upon: _Upon,
    folder: Path,
    release: tuple[Release, Release | None],
    compared: list[DatasetEntry],
    reuse: bool,
) -> Iterator[Rebuilt]:
    """Makes one release again, and compares its versions."""
    made, before = release
    ctx = _as_then(ctx, made.manifest)
    ctx.progress(f"重建 rebuild {made.release_id}")
    upon.stand_on(before)
    causes = _causes(ctx, made.manifest)
    error = _missing(ctx, made.manifest) or _make(ctx, upon, folder, made.manifest, before, reuse)
    now = current_release(upon)
    for entry in compared:
        if error:
            about = (entry.name, entry.version, made.release_id, made.manifest.as_of)
            yield Rebuilt(*about, "failed", causes=causes, error=error)
        else:
            yield _compared(upon, made, entry, now.manifest.dataset(entry.name) if now else None, causes)
    _keep_identical(upon, made.manifest)


def _keep_identical(upon: _Upon, manifest: Manifest) -> None:
    for entry in manifest.made:
        files = [upon.root / file.path for file in entry.files]
        promised = [file.sha256 for file in entry.files]
        if not all(f.is_file() for f in files) or [durable.sha256_of(f) for f in files] != promised:
            upon.forget(entry.folder)


def _as_then(ctx: Context, manifest: Manifest) -> Context:
    """With the corrections that the release went by, if they were kept; else with those of today."""
    kept = kept_corrections(ctx.workspace, manifest.inputs.corrections_sha256) if manifest.inputs else None
    return replace(ctx, corrections=kept) if kept and kept.is_dir() else ctx


def _missing(ctx: Context, manifest: Manifest) -> str:
    """What a version was made of and is not here; '' if all of it is."""
    if manifest.inputs is None:
        return "这次发布没有记录用了哪些来件 the release does not say what it was made of"
    if manifest.profile != ctx.registry.profile.slug:
        return f"属于另一个区 of another profile: {manifest.profile}"
    here = inputs_of(ctx, manifest.inputs.receipts)
    if here.receipts < manifest.inputs.receipts:
        lacking = manifest.inputs.receipts - here.receipts
        return f"收件台账缺少 {lacking} 份来件 the ledger lacks {lacking} of {manifest.inputs.receipts} receipts"
    if here.ledger_sha256 != manifest.inputs.ledger_sha256:
        return "收件台账与发布时不同 the ledger is not the one that the release was made of"
    return ""


def _make(
    ctx: Context, upon: _Upon, folder: Path, manifest: Manifest, before: Release | None, reuse: bool
) -> str:
    """Replays the line up to a release; '' or how it failed."""
    there = replayed(
        ctx,
        folder / "workspace",
        as_of=date.fromisoformat(manifest.as_of),
        receipts=manifest.inputs.receipts if manifest.inputs else None,
        gate_again=not reuse,
    )
    there.workspace.redactions.unlink(missing_ok=True)
    if ctx.workspace.redactions.exists():  # of these a release applies those the release before it tells of
        shutil.copyfile(ctx.workspace.redactions, there.workspace.redactions)
    released = released_tables(upon, before) if before else (lambda _: None)
    told = told_tables(upon, before) if before else (lambda _: [])
    there = replace(there, released=released, told=told, unsigned=True)
    try:
        build_tables(there, [name for dataset in ctx.registry.datasets.values() for name in dataset.tables])
        publish_from(there, upon, made={entry.name: entry.confirmed for entry in manifest.made if entry.confirmed})
    except StoreDamaged as error:
        missing = f"它所接续的数据不在 what it goes on from is not there: {error}"
        gone = "（已撤回的版本须先重建成相同的字节 a withdrawn version has to come out the same first）"
        return missing + (gone if before and current_release(upon.base).manifest.withdrawn else "")
    except _FAILURES as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _compared(
    upon: _Upon, made: Release, published: DatasetEntry, rebuilt: DatasetEntry | None, causes: tuple[Cause, ...]
) -> Rebuilt:
    """Byte by byte; where bytes differ also row by row."""
    about = (published.name, published.version, made.release_id, made.manifest.as_of)
    size = sum(file.bytes for file in published.files)
    if rebuilt is None:
        return Rebuilt(*about, "failed", size, causes=causes, error="没有生成这个数据集 the dataset was not made")
    ours = {file.name: file for file in rebuilt.files}
    files = {f.name: "missing" for f in published.files if f.name not in ours}
    files |= {name: "added" for name in ours if published.file(name) is None}
    for file in published.files:
        if file.name in ours and not _same_bytes(upon, file.path, ours[file.name].path):
            files[file.name] = "differs"
    if not files and rebuilt.version == published.version:
        return Rebuilt(*about, "identical", size)
    error = ""
    if rebuilt.version != published.version:
        error = f"版本号变为 the number would be {rebuilt.version}"
    rows, examples = _rows(upon, published, rebuilt)
    return Rebuilt(*about, "differs", size, dict(sorted(files.items())), rows, examples, causes, error)


def _same_bytes(upon: _Upon, published: str, rebuilt: str) -> bool:
    """The published file as it lies in the store, not its hash alone, beside the one made here."""
    theirs, ours = upon.base.local(published), upon.root / rebuilt
    if not ours.is_file():
        return upon.local(rebuilt).read_bytes() == theirs.read_bytes()
    return theirs.stat().st_size == ours.stat().st_size and durable.sha256_of(theirs) == durable.sha256_of(ours)


def _rows(
    upon: _Upon, published: DatasetEntry, rebuilt: DatasetEntry
) -> tuple[dict[str, dict[str, int]], list[dict[str, str | None]]]:
    """By table how many rows differ, and some of them."""
    base = upon.base
    one, other = PublishedVersion.read(base, published), PublishedVersion.read(upon, rebuilt)
    con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    con.execute("SET enable_progress_bar = false")
    comparison = Comparison(con)
    names = dict.fromkeys((*one.tables, *other.tables))
    counts = {name: comparison.add(name, one.table_file(base, name), other.table_file(upon, name)) for name in names}
    examples = [dict(zip(COLUMNS, row, strict=True)) for row in comparison.rows(MOST)]
    con.close()
    return {name: asdict(count) for name, count in counts.items() if count.any}, examples


def _causes(ctx: Context, manifest: Manifest) -> tuple[Cause, ...]:
    """All that the bytes of a release depend on and that is not what it was."""
    ours, pairs = writers(), []
    for name in sorted({*ours, *manifest.writers}):
        pairs.append((f"writer {name}", manifest.writers.get(name, ""), ours.get(name, "")))
    pairs.append(("code", manifest.code, code()))
    pairs.append(("contracts", manifest.schema_fingerprint, ctx.registry.fingerprint))
    if manifest.inputs:
        here = inputs_of(ctx, manifest.inputs.receipts)
        pairs.append(("corrections", manifest.inputs.corrections_sha256, here.corrections_sha256))
    return tuple(Cause(*pair) for pair in pairs if pair[1] != pair[2])


def as_document(found: list[Rebuilt]) -> dict[str, Any]:
    """The whole answer as plain data."""
    versions = [json.loads(json.dumps(asdict(one))) for one in found]
    return {"result": "identical" if all(one.good for one in found) else "differs", "versions": versions}
