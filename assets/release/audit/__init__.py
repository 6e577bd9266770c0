"""Verification by anybody, with nothing but the public key: the pointer, its signature, the chain, every byte.

What belongs here: what has to hold between `current.json` and the last published byte, and what may not lie beside
it. What does not: repairing, and whether the data is right. It needs no engine, so that it starts at once.

The pointer's signature vouches for the whole chain, for each manifest has the hash of the one before. Signatures of
older manifests are checked as of their own dates; that their key was revoked since is a note, not a finding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.release.audit.at_work import AtWork
from assets.release.audit.contents import Contents
from assets.release.audit.report import Report
from assets.release.audit.signatures import Signatures, trust_of_store
from assets.release.manifest import DatasetEntry, Link, Release, canonical, release_at
from assets.release.pages.entrance import INDEX, PageIndex
from assets.release.signatures.signing import ALLOWED, Trust
from assets.release.stores import POINTER, Store, StoreDamaged

_KEYS = ("release", "seq", "sha256", "as_of", "expires_on", "signed_by")
#: what a publisher or a checkout keeps beside the releases
_BESIDE = frozenset({".lock", "README.md"})
#: where a local store remembers, in empty files, which releases were led to
_RECORD = ".committed/"
_TRIES = 3  # a release made while one reads is no damage: begin again


@dataclass(frozen=True)
class Wanted:
    """What is asked of a check: on which day, whom to believe, and which pointer was ``seen`` before.

    ``seen`` has at least `seq`; with `release`, `sha256` and `as_of` the whole history since must agree."""

    on: date
    trust: Trust | None = None
    origin: str | None = None  # where the trust is from: given or profile; None: what the store itself says
    profile: str | None = None
    quick: bool = False
    seen: dict[str, Any] | None = None


def audit(store: Store, address: str, wanted: Wanted, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Checks everything that is published, or with ``quick`` the current release.

    OSError if the store cannot be read, KeyRefused if there is no `ssh-keygen` to ask."""
    for _ in range(_TRIES):
        found = store.pointer()
        report = Report(address, wanted.on.isoformat())
        _Audit(store, wanted, report, tell).all(found)
        if report.ok or store.pointer() == found:
            break
    return report


class _Audit:
    """One pass over a store."""

    def __init__(self, store: Store, wanted: Wanted, report: Report, tell: Callable[[str], None]) -> None:
        self.store, self.wanted, self.report, self.tell = store, wanted, report, tell
        self.contents = Contents(store, report, wanted.quick)

    def all(self, found: bytes | None) -> None:
        """Adds to the report all there is to say."""
        pointer = self._pointer(found)
        current = pointer and self._release(Link(pointer["release"], pointer["sha256"]))
        if not current:
            return
        self._identity(current, pointer)
        signatures = Signatures(self.contents, self._trust(), current.manifest.profile)
        signatures.pointer(found, pointer, self.wanted.on)
        walk = [current] if self.wanted.quick and not self.wanted.seen else list(self._chain(current))
        self._seen(pointer, walk)
        checked = walk[:1] if self.wanted.quick else walk
        for release in checked:
            signatures.manifest(release, _path(release))
        self._versions(checked)
        if self.wanted.quick:
            return self.report.note("quick", POINTER)
        began = self.store.unfinished()
        self._pages(current, signatures, date.fromisoformat(pointer["as_of"]))
        if walk[-1].manifest.previous is None:  # of a broken chain nobody can say what it would have led to
            self._nothing_else(walk, signatures)
        self._excuse([ready for ready in (began, self.store.unfinished()) if ready is not None])

    def _pointer(self, found: bytes | None) -> dict[str, Any] | None:
        if found is None:
            return self.report.wrong("nothing-published", POINTER)
        try:
            said = json.loads(found)
            shaped = canonical(said) == found and tuple(said) == _KEYS and said["release"] == _release_id(said)
            date.fromisoformat(said["as_of"]), said["expires_on"] and date.fromisoformat(said["expires_on"])
        except (ValueError, TypeError, KeyError, AttributeError):
            shaped = False
        if not shaped:
            return self.report.wrong("pointer-shape", POINTER)
        self.contents.expected.add(POINTER)
        self.contents.count(len(found))
        for key in _KEYS:
            setattr(self.report, key, said[key])
        today = self.wanted.on.isoformat()
        if said["expires_on"] is None:
            self.report.note("no-expiry", POINTER)
        elif today > said["expires_on"]:
            self.report.wrong("pointer-expired", POINTER, f"{said['expires_on']} < {today}")
        if said["as_of"] > today:
            self.report.note("from-the-future", POINTER, f"{said['as_of']} > {today}")
        return said

    def _identity(self, current: Release, pointer: dict[str, Any]) -> None:
        self.report.profile = current.manifest.profile
        if self.wanted.profile and current.manifest.profile != self.wanted.profile:
            detail = f"{current.manifest.profile}, not {self.wanted.profile}"
            self.report.wrong("other-profile", _path(current), detail)
        if pointer["seq"] != current.manifest.seq:
            self.report.wrong("pointer-shape", POINTER, f"seq {pointer['seq']}")

    def _trust(self) -> Trust | None:
        self.report.trust = self.wanted.origin
        if self.wanted.trust:
            return self.wanted.trust
        trust = trust_of_store(self.contents)
        if trust:
            self.report.trust = "store"
            self.report.note("signers-of-store", ALLOWED)
        return trust

    def _seen(self, pointer: dict[str, Any], walk: list[Release]) -> None:
        """Against an old pointer served again, and against another history than the one seen before."""
        seen = self.wanted.seen
        if not seen:
            return
        if (pointer["seq"], pointer["as_of"]) < (seen["seq"], seen.get("as_of", "")):
            was = f"{seen['seq']} {seen.get('as_of', '')}".strip()
            return self.report.wrong("pointer-older", POINTER, f"{pointer['seq']} {pointer['as_of']} < {was}")
        there = next((r for r in walk if r.manifest.seq == seen["seq"]), None)
        if "sha256" in seen and (there is None or there.manifest_sha256 != seen["sha256"]):
            self.report.wrong("history-replaced", f"releases/{seen['release']}/manifest.json", seen["sha256"])

    def _release(self, link: Link) -> Release | None:
        path = f"releases/{link.release}/manifest.json"
        self.contents.expected.add(path)
        try:
            release = release_at(self.store, link)
            if Release.of(release.manifest) != release:  # other bytes of the same meaning, or another name
                raise StoreDamaged(path)
        except StoreDamaged as error:
            return self.report.wrong("manifest-wrong", path, str(error).removeprefix(path).strip(": "))
        self.contents.count(len(release.manifest.to_bytes()))
        self.report.releases += 1
        return release

    def _chain(self, current: Release) -> Iterator[Release]:
        """The current release and all before it, as far as they can be followed."""
        release: Release | None = current
        while release:
            yield release
            manifest, link = release.manifest, release.manifest.previous
            if (link is None) != (manifest.seq == 1):
                self.report.wrong("chain-broken", _path(release), f"seq {manifest.seq}")
            before = self._release(link) if link else None
            if before:
                self._follows(release, before)
            release = before

    def _follows(self, release: Release, before: Release) -> None:
        path, new, old = _path(release), release.manifest, before.manifest
        if new.seq != old.seq + 1:
            self.report.wrong("chain-broken", path, f"seq {old.seq}, {new.seq}")
        if (new.profile, new.synthetic) != (old.profile, old.synthetic):
            self.report.wrong("other-profile", path, f"{old.profile}, {new.profile}")
        for gone in old.withdrawn:
            if gone not in new.withdrawn:
                self.report.wrong("withdrawal-undone", path, f"{gone.dataset} {gone.version}")

    def _versions(self, releases: list[Release]) -> None:
        """Each version once, against the manifest of the latest release that holds it."""
        newest = releases[0].manifest
        known: dict[str, DatasetEntry] = {}
        for release in releases:
            for entry in release.manifest.versions:
                same = known.setdefault(entry.folder, entry)
                if (same.files, same.rows) != (entry.files, entry.rows):
                    self.report.wrong("version-changed", _path(release), entry.folder)
        live = {f: e for f, e in known.items() if not newest.is_withdrawn(e.name, e.version)}
        for folder, entry in live.items():
            self.tell(f"核对 verify {folder}")
            self.contents.version(entry)
        kept = {file.sha256 for entry in live.values() for file in entry.files}
        for gone in newest.withdrawn:
            self.contents.tombstone(gone.tombstone, kept)

    def _excuse(self, unfinished: list[str]) -> None:
        """What a publisher at work has put there is no finding: nobody is led to it. What a dead one left is one."""
        publisher = AtWork(self.contents, frozenset(unfinished))
        left = [remark for remark in self.report.findings if unfinished and publisher.made(remark)]
        if left:
            self.report.findings = [remark for remark in self.report.findings if remark not in left]
            self.report.note("unfinished", POINTER, f"{len(left)}")

    def _pages(self, current: Release, signatures: Signatures, as_of: date) -> None:
        """The pages are those of the list, and the list is the publisher's."""
        self.contents.expected.add(INDEX)
        try:
            index = PageIndex.from_bytes(self.store.read(INDEX))
        except StoreDamaged:
            return self.report.wrong("page-missing", INDEX)
        except ValueError as error:
            return self.report.wrong("pages-wrong", INDEX, str(error))
        self.contents.count(len(index.to_bytes()))
        if index.release != current.release_id:
            self.report.note("pages-older", INDEX, index.release)
        signatures.pages(index, as_of)
        for page in index.pages:
            self.contents.page(page)

    def _nothing_else(self, walk: list[Release], signatures: Signatures) -> None:
        """Every file that lies there is one that something leads to."""
        listed = self.store.files()
        if listed is None:
            return self.report.note("no-listing", POINTER)
        there = set(listed)
        others = there - self.contents.expected - _BESIDE - self._record(there, walk)
        for path in sorted(p for p in others if p.startswith("signatures/")):
            others -= signatures.earlier(path, walk)
        for path in sorted(others):
            self.report.wrong("unaccounted", path)

    def _record(self, there: set[str], walk: list[Release]) -> set[str]:
        """What the store remembers of these releases; that of a later one shows that the pointer is an old one."""
        marks = {path for path in there if path.startswith(_RECORD)}
        later = sorted(path.removeprefix(_RECORD) for path in marks)[-1:]
        if later and later[0][:6].isdigit() and later[0] > walk[0].release_id:
            self.report.wrong("pointer-older", POINTER, f"{walk[0].release_id} < {later[0]}")
        known = marks & {_RECORD + release.release_id for release in walk}
        return {path for path in known if self.contents.digest(path) == (0, hashlib.sha256().hexdigest())}


def _release_id(pointer: dict[str, Any]) -> str:
    return f"{pointer['seq']:06d}-{pointer['sha256'][:8]}"


def _path(release: Release) -> str:
    return f"releases/{release.release_id}/manifest.json"
