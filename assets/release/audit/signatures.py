"""Signatures of a store against whom a reader believes: of the pointer, the manifests, the pages, earlier pointers.

What belongs here: which day a signature has to be good for, and what a bad one means. What does not: how `ssh-keygen`
is asked (assets/release/signatures/signing.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.release.audit.contents import Contents
from assets.release.manifest import FileEntry, Release
from assets.release.pages.entrance import INDEX, PageIndex
from assets.release.signatures.signing import ALLOWED, REVOKED, BadSignature, Trust, verify_signature
from assets.release.stores import POINTER, StoreDamaged, blob_path, signature_path


def trust_of_store(contents: Contents) -> Trust | None:
    """What the store says of itself: it proves no more than that it agrees with itself."""
    found = {}
    for name in (ALLOWED, REVOKED):
        try:
            found[name] = contents.store.read(name)
        except StoreDamaged:
            found[name] = b""
    return Trust(found[ALLOWED], found[REVOKED]) if found[ALLOWED] else None


@dataclass
class Signatures:
    """Checks signatures of one store for one principal. ``trust``: None if there is nobody to believe."""

    contents: Contents
    trust: Trust | None
    principal: str

    def pointer(self, found: bytes, pointer: dict[str, Any], on: date) -> None:
        """Good on its as-of date and today: with a key whose time is over nobody can say what is current."""
        report = self.contents.report
        if pointer["signed_by"] is None:
            return report.wrong("unsigned", POINTER) if self.trust else report.note("unsigned", POINTER)
        digest, as_of = hashlib.sha256(found).hexdigest(), date.fromisoformat(pointer["as_of"])
        days = sorted({as_of, max(on, as_of)})
        self._check(signature_path(digest), found, self.trust, days, pointer["signed_by"])
        self.contents.file(FileEntry(blob_path(digest), digest, len(found)))

    def manifest(self, release: Release, path: str) -> None:
        """Good on its as-of date. If its key was revoked since, what was signed later vouches for it."""
        manifest, data, report = release.manifest, release.manifest.to_bytes(), self.contents.report
        if manifest.signed_by is None:
            return report.note("release-unsigned", path) if report.signed_by else None
        path, days, trust = f"{path}.sig", [date.fromisoformat(manifest.as_of)], self.trust
        if trust and trust.revoked and not self._good(path, data, trust, days):
            trust = trust.without_revocation()
            if self._good(path, data, trust, days):
                report.note("key-revoked", path, manifest.signed_by)
        self._check(path, data, trust, days, manifest.signed_by)

    def pages(self, index: PageIndex, as_of: date) -> None:
        """The list of pages is signed when the pointer is, and good on the pointer's date."""
        report = self.contents.report
        if report.signed_by and not index.signature:
            return report.wrong("unsigned", INDEX)
        if index.signature and self.trust:
            self._verify(INDEX, index.signed_bytes(), index.signature, self.trust, [as_of], index.signed_by or "")

    def earlier(self, path: str, walk: list[Release]) -> set[str]:
        """The signature of an earlier pointer and the pointer, if that is what they are: it led to one of these."""
        digest = path.removeprefix("signatures/").removesuffix(".sig")
        try:
            data = self.contents.store.read(blob_path(digest))
            said = json.loads(data)
            led = any(said["sha256"] == release.manifest_sha256 for release in walk)
            days, named = [date.fromisoformat(said["as_of"])], said["signed_by"]
        except (StoreDamaged, ValueError, KeyError, TypeError):
            return set()
        if not led or self.trust is None or hashlib.sha256(data).hexdigest() != digest:
            return set()
        self.contents.count(len(data))
        self._check(path, data, self.trust.without_revocation(), days, named)
        return {path, blob_path(digest)}

    def _check(self, path: str, data: bytes, trust: Trust | None, days: list[date], named: str) -> None:
        report = self.contents.report
        self.contents.expected.add(path)
        try:
            signature = self.contents.store.read(path)
        except StoreDamaged:
            return report.wrong("signature-missing", path)
        self.contents.count(len(signature))
        if trust is None:
            return report.wrong("no-allowed-signers", path)
        self._verify(path, data, signature, trust, days, named)

    def _verify(
        self, path: str, data: bytes, signature: bytes, trust: Trust, days: list[date], named: str
    ) -> None:
        try:
            keys = [verify_signature(data, signature, trust, self.principal, day) for day in days]
        except BadSignature as error:
            return self.contents.report.wrong("signature-bad", path, str(error))
        if keys[0].fingerprint != named:
            self.contents.report.wrong("signature-by-another", path, f"{keys[0].fingerprint}, not {named}")

    def _good(self, path: str, data: bytes, trust: Trust, days: list[date]) -> bool:
        try:
            signature = self.contents.store.read(path)
            return all(verify_signature(data, signature, trust, self.principal, day) for day in days)
        except (BadSignature, StoreDamaged):
            return False
