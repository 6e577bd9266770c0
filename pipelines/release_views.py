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

from assets.release.signing import Signer, signer_of_profile
from assets.release.stores import Store
from assets.release.stores.local import LocalStore
from assets.workspace import Progress
from pipelines.context import context_of, registry_of
from pipelines.settings import Settings
from schemas.registry import Registry


def store_of(settings: Settings) -> Store:
    """Where this deployment publishes."""
    return LocalStore(settings.published_dir)


def _signer(settings: Settings, registry: Registry, on: date) -> Signer | None:
    return signer_of_profile(registry, settings.sign_key, on, allowed=settings.allowed_signers)


def rebuild(
    settings: Settings, wanted: Sequence[tuple[str, str]] | None, *, reuse: bool, progress: Progress
) -> dict[str, Any]:
    """Rebuilds versions, or all, in a scratch folder of the workspace that is gone afterwards."""
    from assets.release.rebuild import as_document
    from assets.release.rebuild import rebuild as rebuilt

    settings.workspace_dir.mkdir(parents=True, exist_ok=True)
    ctx = context_of(settings, date.min, progress)
    with tempfile.TemporaryDirectory(prefix="rebuild-", dir=settings.workspace_dir) as scratch:
        return as_document(list(rebuilt(ctx, store_of(settings), Path(scratch), wanted, reuse=reuse)))


def withdraw(
    settings: Settings, dataset: str, version: str, reasons: tuple[str, str], on: date, progress: Progress
) -> dict[str, Any]:
    """Withdraws a version and says what took whose place."""
    from assets.release.withdraw import Reason
    from assets.release.withdraw import withdraw as withdrawn

    registry = registry_of(settings)
    done = withdrawn(
        registry, store_of(settings), dataset, version, Reason(*reasons), on,
        work_dir=settings.workspace_dir / "stage", sign=_signer(settings, registry, on), unsigned=settings.unsigned,
        progress=progress,
    )  # fmt: skip
    return asdict(done)
