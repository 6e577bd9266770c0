"""What must hold before anything is placed in `published/`: no release may undo what was given away.

What belongs here: the questions a publisher asks of the releases that are there already. What does not:
whether the new data is right (verify.py), how bytes are written (store.py). A version that somebody may
have downloaded never changes, so everything here refuses and nothing repairs: only a person can know
whether `current.json` was lost or a publisher died just before it wrote it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from assets.release.manifest import Link, Manifest, Release, release_at
from assets.release.staging import Refused
from assets.release.stores import Store, StoreDamaged
from assets.release.verify import verify_release
from schemas.model import Profile


class WrongProfile(Refused):
    """The folder holds the releases of another profile, or of made-up data (exit 78)."""


def refuse_other_profile(profile: Profile, current: Release | None) -> None:
    """WrongProfile unless the current release was made by this profile, of the same kind of data."""
    if current is None:
        return
    there = current.manifest
    if (there.profile, there.synthetic) == (profile.slug, profile.synthetic):
        return
    theirs, ours = _described(there.profile, there.synthetic), _described(profile.slug, profile.synthetic)
    raise WrongProfile(
        f"发布目录里是 {theirs[0]} 的数据，这次要发布的是 {ours[0]}；请换一个发布目录。 "
        f"The published folder holds {theirs[1]}, this run publishes {ours[1]}: give it a folder of its own."
    )


def refuse_rolled_back(store: Store, current: Release | None) -> None:
    """StoreDamaged when the folder holds a release later than the next one.

    One later release can be what a dead publisher left. Two can only mean that `current.json` was lost
    or put back to an old one: publishing on it would number other data with versions already given away."""
    later = [name for name, seq in _numbered(store) if seq > _seq(current) + 1]
    if later:
        raise _pointer_lost(current, later[-1])


def refuse_overwriting(store: Store, release: Release, current: Release | None) -> None:
    """StoreDamaged if placing this release would change or pass over a release that is there whole.

    What a dead publisher left is finished when the new release holds the same versions, and replaced
    when it is not whole: nobody can have been led to it."""
    for name, seq in _numbered(store):
        found = None if name == release.release_id else _manifest_at(store, name)
        if found and _at_odds(found, release.manifest, seq > _seq(current)) and _is_whole(store, found):
            raise _pointer_lost(current, name)


def _at_odds(found: Manifest, new: Manifest, is_later: bool) -> bool:
    """Whether a version of ``found`` would be replaced or, when it is later than the current one, lost."""
    ours = {d.folder: d for d in new.datasets}
    replaced = any(d.folder in ours and ours[d.folder].files != d.files for d in found.datasets)
    return replaced or (is_later and any(d.changed and d.folder not in ours for d in found.datasets))


def _manifest_at(store: Store, release_id: str) -> Manifest | None:
    """The manifest of a release folder; None if it is not the one its name promises."""
    try:
        digest = hashlib.sha256(store.read(f"releases/{release_id}/manifest.json")).hexdigest()
        found = release_at(store, Link(release_id, digest)).manifest
    except StoreDamaged:
        return None
    return found if release_id.endswith(f"-{digest[:8]}") else None


def _is_whole(store: Store, manifest: Manifest) -> bool:
    try:
        verify_release(store, manifest)
    except StoreDamaged:
        return False
    return True


def _numbered(store: Store) -> Iterator[tuple[str, int]]:
    """(release, seq) of each release folder, in order; what a person put beside them is not one."""
    for name in store.release_ids():
        number = name.split("-")[0]
        if number.isascii() and number.isdigit():
            yield name, int(number)


def _seq(current: Release | None) -> int:
    return current.manifest.seq if current else 0


def _pointer_lost(current: Release | None, later: str) -> StoreDamaged:
    zh, en = ("已被退回到旧的发布", "is older than") if current else ("不见了", "is missing, but there is")
    return StoreDamaged(
        f"current.json {zh}，而完整的发布 {later} 已经存在，没有改动任何文件。请从备份恢复 current.json；"
        f"如果上次发布在完成前被中断，请用同样的数据和日期再运行一次，或确认没有人用过它之后把 "
        f"releases/{later} 移走。 "
        f"current.json {en} {later}: nothing was changed. Restore current.json from a backup. If the last "
        "publisher was killed before it finished, run again with the same data and date, or, when you are "
        f"sure that nobody used it, move releases/{later} away."
    )


def _described(slug: str, synthetic: bool) -> tuple[str, str]:
    """A profile and the kind of its data, in both languages."""
    return f"{slug}（{'合成' if synthetic else '真实'}数据）", f"{slug} ({'synthetic' if synthetic else 'real'} data)"
