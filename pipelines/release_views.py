"""What the doors to what is published tell, as plain data: rebuild, withdraw, redact, gc.

What belongs here: from settings to the release room and back. What does not: printing (show_release.py), the work
itself (assets/release)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from assets.release.signatures.signing import Signer, signer_of_profile
from assets.workspace import Progress, Workspace
from pipelines.context import context_of, registry_of
from pipelines.published import published_store
from pipelines.settings import Settings
from schemas.registry import Registry


def _signer(settings: Settings, registry: Registry, on: date) -> Signer | None:
    return signer_of_profile(registry, settings.signing_key, on, allowed=settings.allowed_signers)


def rebuild(
    settings: Settings, wanted: Sequence[tuple[str, str]] | None, *, reuse: bool, progress: Progress
) -> dict[str, Any]:
    """Rebuilds versions, or all, in a scratch folder of the workspace that is gone afterwards."""
    from assets.release.rebuild import as_document
    from assets.release.rebuild import rebuild as rebuilt

    settings.workspace_dir.mkdir(parents=True, exist_ok=True)
    ctx = context_of(settings, date.min, progress)
    with tempfile.TemporaryDirectory(prefix="rebuild-", dir=settings.workspace_dir) as scratch:
        return as_document(list(rebuilt(ctx, published_store(settings), Path(scratch), wanted, reuse=reuse)))


def withdraw(
    settings: Settings, dataset: str, version: str, reasons: tuple[str, str], on: date, progress: Progress
) -> dict[str, Any]:
    """Withdraws a version and says what took whose place."""
    from assets.release.retraction.withdraw import Reason
    from assets.release.retraction.withdraw import withdraw as withdrawn

    registry = registry_of(settings)
    done = withdrawn(
        registry, published_store(settings), dataset, version, Reason(*reasons), on,
        work_dir=settings.workspace_dir / "stage", sign=_signer(settings, registry, on), unsigned=settings.unsigned,
        progress=progress,
    )  # fmt: skip
    return asdict(done)


def redact(
    settings: Settings, target: dict[str, str | None], reasons: tuple[str, str], on: date, progress: Progress
) -> dict[str, Any]:
    """Redacts in every version. ``target``: table, field, provider. SettingsError if the contracts have no such."""
    from assets.release.retraction.redact import Target
    from assets.release.retraction.redact import redact as redacted

    registry = registry_of(settings)
    _require_known(registry, target)
    done = redacted(
        registry, published_store(settings), Target(**target), reasons, on,
        entries=Workspace(settings.workspace_dir).redactions, work_dir=settings.workspace_dir / "stage",
        sign=_signer(settings, registry, on), unsigned=settings.unsigned, progress=progress,
    )  # fmt: skip
    return asdict(done)


def _require_known(registry: Registry, target: dict[str, str | None]) -> None:
    """LookupError for a table or field that no contract of an open table has: it would silently mean nothing."""
    tables = {t.name: t for t in registry.layer("open") if target["table"] in (None, t.name)}
    if not tables:
        raise LookupError(f"没有这张公开表 no such open table: {target['table']}")
    if target["field"] and not any(target["field"] in t.field_names for t in tables.values()):
        raise LookupError(f"没有这个字段 no open table has the field: {target['field']}")


def gc(settings: Settings, *, dry_run: bool) -> dict[str, Any]:
    """What no release leads to, deleted unless it is only asked."""
    from assets.release.gc import collect

    return asdict(collect(published_store(settings), dry_run=dry_run))
