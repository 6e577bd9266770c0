"""Subscriptions: Atom feeds of all releases, of each dataset, and of the whitelist by street.

What belongs here: the feeds as bytes, made of what the releases say and of the tables that stand. What does not:
putting them in place (pages.py). No clock is read: an entry is dated by the day a release speaks of, or on which
something was withdrawn or redacted. RFC 4287; ids are tag URIs where the publisher has an address, else UUIDs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from assets.release.manifest import DatasetEntry, Release, Withdrawal, history
from assets.release.pages.street_events import Event, events_by_street
from assets.release.staging import NOTES
from assets.release.standing import made_versions
from assets.release.stores import POINTER, Store

if TYPE_CHECKING:
    from schemas.model import Profile

FOLDER = "feeds"
ATOM = "http://www.w3.org/2005/Atom"
#: entries of one feed; older ones are in `open_whitelist_event`
MOST = 500
#: what XML 1.0 cannot hold
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One entry. ``name`` makes its id; ``day`` is ISO 8601; ``href`` is relative to the published folder."""

    name: str
    title: str
    day: str
    first_day: str
    text: str
    href: str


def feeds(store: Store, profile: Profile) -> dict[str, bytes]:
    """Every feed of the current release: path -> bytes. Nothing before the first release."""
    releases = list(history(store))
    if not releases:
        return {}
    room = _Room(profile, releases[-1].manifest.as_of)
    found = {"releases": room.feed("releases", "全部发布", "All releases", _of_releases(releases))}
    for name, entries in _of_datasets(releases).items():
        found[name] = room.feed(name, f"数据集 {name}", f"Dataset {name}", entries)
    for street in events_by_street(store, releases):
        entries = [_of_event(event) for event in street.events]
        name = f"whitelist-{street.code}"
        found[name] = room.feed(name, f"{street.title_zh}白名单变动", f"Whitelist, {street.title_en}", entries)
    return {f"{FOLDER}/{name}.xml": data for name, data in found.items()}


class _Room:
    """What all feeds of a publisher share: who it is, and how its ids are made."""

    def __init__(self, profile: Profile, since: str) -> None:
        self.profile, self.since = profile, since

    def feed(self, name: str, zh: str, en: str, entries: Iterable[Entry]) -> bytes:
        """One feed, its latest entry first."""
        shown = sorted(entries, key=lambda e: (e.day, e.name), reverse=True)[:MOST]
        profile, publisher = self.profile, self.profile.publisher
        root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "zh"})
        _put(root, "title", f"{profile.title_zh} · {zh} {profile.title_en}: {en}")
        notice = " 合成数据 synthetic data" if profile.synthetic else ""
        _put(root, "subtitle", f"托育服务开放数据 Open data on childcare under three{notice}")
        _put(root, "id", self._id(f"feeds/{name}"))
        _put(root, "updated", _time(max((e.day for e in shown), default=self.since)))
        author = ElementTree.SubElement(root, "author")
        _put(author, "name", f"{publisher.name_zh} {publisher.name_en}" if publisher else profile.title_zh)
        if publisher and publisher.url:
            _put(author, "uri", publisher.url)
        ElementTree.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{name}.xml"})
        ElementTree.SubElement(root, "link", {"rel": "related", "type": "application/json", "href": f"../{POINTER}"})
        for entry in shown:
            self._entry(root, entry)
        ElementTree.indent(root)
        return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"

    def _entry(self, root: ElementTree.Element, entry: Entry) -> None:
        one = ElementTree.SubElement(root, "entry")
        _put(one, "title", entry.title)
        _put(one, "id", self._id(entry.name))
        _put(one, "updated", _time(entry.day))
        _put(one, "published", _time(entry.first_day))
        ElementTree.SubElement(one, "link", {"rel": "alternate", "href": f"../{quote(entry.href, safe='/+')}"})
        _put(one, "content", entry.text).set("type", "text")

    def _id(self, name: str) -> str:
        """The same for ever, also when the data move."""
        url = self.profile.publisher.url if self.profile.publisher else ""
        host = urlsplit(url).hostname
        if host:
            return f"tag:{host},{self.since}:{self.profile.slug}/{quote(name)}"
        return uuid.uuid5(uuid.NAMESPACE_URL, f"tuoyu-open-data/{self.profile.slug}/{name}").urn


def _put(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = _ILLEGAL.sub(" ", text)
    return child


def _time(day: str) -> str:
    return f"{day}T00:00:00Z"


def _of_releases(releases: list[Release]) -> list[Entry]:
    found = []
    for release, before in zip(releases, [*releases[1:], None], strict=True):
        manifest = release.manifest
        gone = manifest.withdrawn[len(before.manifest.withdrawn) if before else 0 :]
        notices = manifest.redactions[len(before.manifest.redactions) if before else 0 :]
        lines = [f"{entry.name} {entry.version}" for entry in manifest.made]
        lines += [_withdrawn(one) for one in gone]
        lines += [
            f"隐去 redacted {' '.join(filter(None, (n.table, n.field, n.scope)))}, {n.versions} 个版本 versions: "
            f"{n.reason_zh} {n.reason_en}"
            for n in notices
        ]
        day = max([manifest.as_of, *(one.withdrawn_on for one in gone), *(n.redacted_on for n in notices)])
        what = "撤回 withdrawal" if gone else "发布 release"
        title = f"{what} {manifest.seq}, 截至 as of {manifest.as_of}"
        path = f"releases/{release.release_id}/manifest.json"
        found.append(Entry(f"releases/{release.release_id}", title, day, day, "\n".join(lines), path))
    return found


def _of_datasets(releases: list[Release]) -> dict[str, list[Entry]]:
    """A version that is withdrawn keeps its entry, with what became of it."""
    gone = {(w.dataset, w.version): w for w in releases[0].manifest.withdrawn}
    found = {}
    for name, versions in made_versions(releases).items():
        found[name] = [_of_version(m.entry, m.release, gone.get((name, m.entry.version))) for m in versions]
    return found


def _of_version(entry: DatasetEntry, release: Release, gone: Withdrawal | None) -> Entry:
    name, as_of = f"{entry.name} {entry.version}", release.manifest.as_of
    if gone:
        title = f"{name}（已撤回 withdrawn）"
        return Entry(entry.folder, title, gone.withdrawn_on, as_of, _withdrawn(gone), gone.tombstone.path)
    rows = "\n".join(f"{table}: {count:,} 行 rows" for table, count in entry.rows.items())
    notes = entry.file(NOTES) or entry.file("datapackage.json") or entry.files[0]
    return Entry(entry.folder, name, as_of, as_of, rows, notes.path)


def _withdrawn(gone: Withdrawal) -> str:
    text = f"已撤回 withdrawn {gone.dataset} {gone.version} ({gone.withdrawn_on}): {gone.reason_zh} {gone.reason_en}"
    return text + (f" → {gone.replaced_by}" if gone.replaced_by else "")


def _of_event(event: Event) -> Entry:
    what = "列入 listed" if event.to_listed else "移出 removed"
    title = f"{what}: {event.name}"
    lines = [f"生效 effective {event.effective_on}；记录 recorded {event.recorded_on}"]
    if event.reasons_zh:
        lines.append(f"原因 reasons: {'、'.join(event.reasons_zh)} {', '.join(event.reasons_en)}")
    if event.overturned_on:
        lines.append(f"已被后来的材料推翻 overturned by later facts, {event.overturned_on}")
    day = max(event.published_on, event.overturned_on or "")
    name = f"whitelist/{event.provider_id}/{event.event_no}"
    return Entry(name, title, day, event.published_on, "\n".join(lines), event.href)
