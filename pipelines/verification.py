"""Between the command line of `tuoyu verify` and the audit: where to look, whom to believe, what was seen before.

What belongs here: choosing the store, the trust and the remembered state. What does not: what has to hold
(assets/release/audit)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from assets.release.audit import Wanted, audit
from assets.release.audit.report import Report
from assets.release.signatures.signing import Trust, trust_of_file, trust_of_profile
from assets.release.stores import Store
from assets.release.stores.access import REMOTE
from assets.workspace import read_json, write_json
from pipelines.published import store_of_address
from pipelines.settings import Settings, SettingsError
from schemas.registry import load


@dataclass(frozen=True)
class Asked:
    """What the command line says. ``where``: an address or a folder; None: what this deployment publishes."""

    where: str | None = None
    allowed_signers: Path | None = None
    profile: str | None = None
    on: date | None = None
    quick: bool = False
    seen: int | None = None
    remember: Path | None = None


def verify(settings: Settings, asked: Asked, tell: Callable[[str], None] = lambda _: None) -> Report:
    """The report of an audit; when all is well, what was seen is remembered.

    SettingsError, KeyRefused: it could not be done. OSError: the place cannot be read."""
    address = asked.where or str(settings.published_at)
    trust, origin = _trust(settings, asked)
    wanted = Wanted(
        on=asked.on or datetime.now(UTC).date(),
        trust=trust,
        origin=origin,
        profile=load(asked.profile).profile.slug if asked.profile else None,
        quick=asked.quick,
        seen=_seen(asked, address),
    )
    report = audit(_store(settings, address), address, wanted, tell)
    if asked.remember and report.ok:
        known = {"seq": report.seq, "release": report.release, "sha256": report.sha256, "as_of": report.as_of}
        write_json(asked.remember, (_remembered(asked.remember) or {}) | {address: known})
    return report


def _store(settings: Settings, address: str) -> Store:
    if address.startswith(("http://", "https://")):
        from assets.release.stores.http import HttpStore  # its client is loaded only by those who need it

        return HttpStore(address)
    if not address.startswith(REMOTE) and not Path(address).is_dir():
        raise SettingsError(f"没有这个文件夹 no such folder: {address}")
    return store_of_address(settings, address)


def _trust(settings: Settings, asked: Asked) -> tuple[Trust | None, str | None]:
    """A file that was named, else the profile's; else None: what the store says of itself."""
    if allowed := asked.allowed_signers or settings.allowed_signers:
        return trust_of_file(allowed), "given"
    trust = trust_of_profile(load(asked.profile or settings.profile))
    return trust, "profile" if trust else None


def _seen(asked: Asked, address: str) -> dict[str, Any] | None:
    known = (_remembered(asked.remember) or {}).get(address) if asked.remember else None
    if asked.seen is None:
        return known
    return known if known and known["seq"] >= asked.seen else {"seq": asked.seen}


def _remembered(path: Path) -> dict[str, Any] | None:
    """SettingsError if the file is something else: forgetting what was seen is what an attacker would like."""
    if not path.exists():
        return None
    known = read_json(path)
    if not isinstance(known, dict) or not all(isinstance(v, dict) and "seq" in v for v in known.values()):
        raise SettingsError(f"不是 tuoyu verify --remember 写的文件 not written by tuoyu verify --remember: {path}")
    return known


def as_document(report: Report) -> str:
    """For machines."""
    return json.dumps(report.as_dict(), ensure_ascii=False, sort_keys=True, indent=1)
