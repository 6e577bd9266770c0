"""The list of the quality reports of the current versions, for people who start at the published folder.

What belongs here: which reports are listed. What does not: the reports and their pages (quality.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from assets.release.manifest import current_release
from assets.release.pages.quality import index
from assets.release.staging import QUALITY, QUALITY_PAGE
from assets.release.standing import newest_entries
from assets.release.stores import Store

if TYPE_CHECKING:
    from schemas.model import Profile


def quality_index(store: Store, profile: Profile) -> dict[str, bytes]:
    """`quality.html`, or nothing before any version brought a report."""
    listed = sorted(reports(store).items())
    if not listed:
        return {}
    shown = [(f"datasets/{name}/{one['version']}/{QUALITY_PAGE}", one) for name, one in listed]
    return {QUALITY_PAGE: index((profile.title_zh, profile.title_en), shown)}


def reports(store: Store) -> dict[str, dict[str, Any]]:
    """The report of the newest version of each dataset that stands; none of a version from before there were any."""
    entries = newest_entries(store, current_release(store))
    files = {name: entry.file(QUALITY) for name, entry in entries.items()}
    return {name: json.loads(store.read(file.path, file.sha256)) for name, file in files.items() if file}
