"""Which versions stand: all that were ever made, without those withdrawn since.

What belongs here: questions about the whole chain of releases that a withdrawal makes necessary. What does not:
withdrawing (withdraw.py), comparing versions (history.py). Of the versions that stand, each tells its changes against
the one that stands before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assets.release.comparison.version import Version
from assets.release.manifest import DatasetEntry, Manifest, Release, history
from assets.release.stores import Store


@dataclass(frozen=True)
class Made:
    """A version and the release that made it."""

    entry: DatasetEntry
    release: Release

    @property
    def number(self) -> Version:
        return Version.parse(self.entry.version)


def made_versions(releases: Iterable[Release]) -> dict[str, list[Made]]:
    """Every version of each dataset that these releases made, lowest number first."""
    found: dict[str, list[Made]] = {}
    for release in releases:
        for entry in release.manifest.made:
            found.setdefault(entry.name, []).append(Made(entry, release))
    return {name: sorted(found[name], key=lambda made: made.number) for name in sorted(found)}


def version_counts(made: dict[str, list[Made]], now: Manifest | None) -> dict[str, tuple[int, int]]:
    """Of each dataset how many versions were ever made, and how many of them stand as of a release."""
    gone = {(w.dataset, w.version) for w in now.withdrawn} if now else set()
    stand = {name: sum((name, m.entry.version) not in gone for m in versions) for name, versions in made.items()}
    return {name: (len(versions), stand[name]) for name, versions in made.items()}


def standing(releases: list[Release]) -> dict[str, list[Made]]:
    """The versions of each dataset whose data may still be there, lowest number first; the newest release first."""
    now = releases[0].manifest if releases else None
    return {
        name: [m for m in versions if now and not now.is_withdrawn(name, m.entry.version)]
        for name, versions in made_versions(releases).items()
    }


def newest_entries(store: Store, current: Release | None) -> dict[str, DatasetEntry]:
    """What the next version of each dataset goes on from: the newest that stands.

    It is the one in the current release, unless that was withdrawn and nothing was published since."""
    if current is None:
        return {}
    found = {entry.name: entry for entry in current.manifest.datasets}
    if {w.dataset for w in current.manifest.withdrawn} - set(found):
        for name, versions in standing(list(history(store))).items():
            if name not in found and versions:
                found[name] = versions[-1].entry
    return found


def kept_hashes(releases: list[Release]) -> frozenset[str]:
    """The blobs that versions which stand, and tombstones, are made of."""
    entries = [made.entry for versions in standing(releases).values() for made in versions]
    files = [file for entry in entries for file in entry.files]
    withdrawn = releases[0].manifest.withdrawn if releases else ()
    return frozenset(file.sha256 for file in (*files, *(w.tombstone for w in withdrawn)))
