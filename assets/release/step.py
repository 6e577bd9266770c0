"""The release as a step of a run: publish unless nothing it depends on has changed since it last did.

What belongs here: the guard before and the memory after `publisher.publish`. What does not: publishing.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.build import path_of, require_current
from assets.raw.kept import corrections_sha256
from assets.raw.receive import ledger
from assets.release import durable
from assets.release.comparison.confirmation import Confirmation, checked_reason
from assets.release.comparison.evidence import WorkspaceKnowledge
from assets.release.manifest import Inputs
from assets.release.publisher import ANYTHING, ReleaseResult, publish
from assets.release.quality.workspace import WorkspaceQuality
from assets.release.retraction.redactions import read_redactions
from assets.release.signatures.signing import Signer, signer_of_profile
from assets.release.stores import Store
from assets.workspace import Context, code_fingerprint, file_sha256, fingerprint, read_json, write_json

HERE = Path(__file__).parent


class NothingAccepted(Exception):
    """Every row received waits in quarantine: tables of zeros would tell the public a falsehood."""


def build_release(ctx: Context, published: Store) -> dict[str, Any]:
    """Publishes the open tables of the workspace; returns the release that is current afterwards.

    StaleTable if a table is not built from what was received: a refused one is never published. KeyRefused if the
    key cannot sign."""
    tables = [t for d in ctx.registry.datasets.values() for t in d.tables]
    upon = published.pointer()  # before the tables are asked whether they go on from the release it leads to
    require_current(ctx, tables)
    if not read_json(ctx.workspace.state("intake"))["result"]["accepted"]:
        raise NothingAccepted("没有任何一行通过校验，不发布 no row was accepted: nothing is published")
    sign = signer_of_profile(ctx.registry, ctx.sign_key, ctx.as_of, allowed=ctx.allowed_signers)
    known = ctx.workspace.state("release")
    state = read_json(known)
    if state and state["fingerprint"] == _fingerprint(ctx, tables, published, sign):
        result = _unchanged(state["result"])
    else:
        result = asdict(publish_from(ctx, published, sign, upon))
    write_json(known, {"fingerprint": _fingerprint(ctx, tables, published, sign), "result": result})
    return read_json(known)["result"]


def publish_from(
    ctx: Context,
    published: Path | Store,
    sign: Signer | None = None,
    upon: bytes | None = ANYTHING,
    made: Mapping[str, str] | None = None,
) -> ReleaseResult:
    """Publishes the open tables of a workspace as they are; whether they are current is not asked.

    ``made``: of a release that is made again, the reasons its manifest has (see Confirmation)."""
    confirm = Confirmation(checked_reason(ctx.confirm) if ctx.confirm else None, made)
    known = ctx.workspace.root / "stage" / "known"
    durable.empty_directory(known)
    try:
        return publish(
            ctx.registry,
            ctx.workspace.root / "open",
            published,
            ctx.as_of,
            work_dir=ctx.workspace.root / "stage",
            inputs=inputs_of(ctx),
            knowledge=WorkspaceKnowledge(ctx, known),
            quality=WorkspaceQuality(ctx),
            sign=sign,
            unsigned=ctx.unsigned,
            redactions=read_redactions(ctx.workspace.redactions),
            upon=upon,
            confirm=confirm,
            progress=ctx.progress,
            threads=ctx.threads,
            memory=ctx.memory,
        )
    finally:
        shutil.rmtree(known)


def inputs_of(ctx: Context, receipts: int | None = None) -> Inputs:
    """What the tables of a workspace are made of: the ledger, and the corrections that people wrote down.

    Of the whole ledger, or of its first ``receipts``."""
    received = [[r.sha256, r.received_on, r.batch] for r in ledger(ctx.workspace)[:receipts]]
    return Inputs(len(received), fingerprint(received), corrections_sha256(ctx))


def _unchanged(result: dict[str, Any]) -> dict[str, Any]:
    """What an earlier run published, seen again by this one."""
    datasets = [d | {"changed": False, "bump": "none"} for d in result["datasets"]]
    return result | {"changed": False, "datasets": datasets}


def _fingerprint(ctx: Context, tables: list[str], published: Store, sign: Signer | None) -> str:
    """What a release depends on. A new day alone makes no new version, but it renews `current.json`."""
    pointer = published.pointer()
    return fingerprint(
        {t: file_sha256(path_of(ctx, t)) for t in tables},
        ctx.registry.fingerprint,
        ctx.as_of,
        pointer.decode() if pointer else None,
        [sign.fingerprint, sign.trust.allowed.decode(), sign.trust.revoked.decode()] if sign else [ctx.unsigned],
        code_fingerprint(HERE, (".py", ".sql", ".yml", ".md", ".html", ".css")),
    )
