"""What must hold before anything is placed in `published/`: no release may undo what was given away.

What belongs here: the questions a publisher asks of the releases that are there already. What does not:
whether the new data is right (verify.py), how bytes are written (store.py). A version that somebody may
have downloaded never changes, so everything here refuses and nothing repairs: only a person can bring back
a `current.json` that was lost. The store keeps on record which releases were led to; what a publisher left
that died before its commit is not among them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from assets.release.manifest import Link, Release, release_at
from assets.release.readback import verify_release
from assets.release.refusal import Refused
from assets.release.signatures.signing import BadSignature, Signer, verify_signature
from assets.release.stores import Store, StoreDamaged, signature_path

if TYPE_CHECKING:
    from schemas.model import Profile


class WrongProfile(Refused):
    """The folder holds the releases of another profile, or of made-up data (exit 78)."""


def refuse_to_follow(
    store: Store, found: bytes | None, current: Release | None, profile: Profile, sign: Signer | None, unsigned: bool
) -> None:
    """Everything that is asked of what is there, before anything is made to follow it. ``found``: `current.json`."""
    refuse_unsigned(found, sign, unsigned)
    refuse_forged(store, found, sign)
    refuse_rolled_back(store, current)
    refuse_other_profile(profile, current)


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


def refuse_unsigned(found: bytes | None, sign: Signer | None, unsigned: bool) -> None:
    """Refused when what is signed would be followed by something that is not, unless that was asked for."""
    if found and json.loads(found).get("signed_by") and sign is None and not unsigned:
        raise Refused(
            "现行发布有签名，这次没有密钥（TUOYU_SIGN_KEY），没有改动任何文件；确要不签名发布，请加 --unsigned。 "
            "The current release is signed and this one has no key (TUOYU_SIGN_KEY): nothing was changed. "
            "To publish without a signature on purpose, say --unsigned"
        )


def refuse_forged(store: Store, found: bytes | None, sign: Signer | None) -> None:
    """StoreDamaged, when there is a key, if the signature of `current.json` is bad: nobody signs on top of it.

    A key that was lost since is no reason: its releases are exactly what a new key has to go on from."""
    said = json.loads(found) if found else {}
    if found is None or sign is None or not said.get("signed_by"):
        return
    signature = store.read(signature_path(hashlib.sha256(found).hexdigest()))
    try:
        day = date.fromisoformat(said["as_of"])
        verify_signature(found, signature, sign.trust.without_revocation(), sign.principal, day)
    except (BadSignature, ValueError) as error:
        raise StoreDamaged(f"current.json: 签名不对 its signature is bad: {error}") from error


def refuse_rolled_back(store: Store, current: Release | None) -> None:
    """StoreDamaged when somebody was led to a release later than the next one.

    It can only mean that `current.json` was lost or put back to an old one: publishing on it would number
    other data with versions already given away. The next one may be the very release that is made now
    (refuse_overwriting asks), but not where the store has lost its record of what was led to."""
    known = store.committed()
    if known is None:
        later = [name for name in _after(store.release_ids(), _seq(current)) if _is_whole(store, name)]
    else:
        later = _after(known, _seq(current) + 1)
    if later:
        raise _pointer_lost(current, later[-1])


def refuse_overwriting(store: Store, release: Release, current: Release | None) -> None:
    """StoreDamaged if placing this release would pass over one that was given away.

    What a dead publisher left is not that, whole or not: nobody was led to it, and it may be replaced. Other
    versions are never overwritten: numbers go on from the highest one that was ever given away."""
    for name in _after(store.committed() or (), _seq(current)):
        if name != release.release_id:
            raise _pointer_lost(current, name)


def _is_whole(store: Store, release_id: str) -> bool:
    """Whether a release folder holds what its name promises, and every byte of it is there."""
    try:
        digest = hashlib.sha256(store.read(f"releases/{release_id}/manifest.json")).hexdigest()
        verify_release(store, release_at(store, Link(release_id, digest)).manifest)
    except StoreDamaged:
        return False
    return release_id.endswith(f"-{digest[:8]}")


def _after(names: Iterable[str], seq: int) -> list[str]:
    """The releases after ``seq``, in order; what a person put beside the releases is not one."""
    numbers = ((name, name.split("-")[0]) for name in names)
    return [name for name, number in numbers if number.isascii() and number.isdigit() and int(number) > seq]


def _seq(current: Release | None) -> int:
    return current.manifest.seq if current else 0


def _pointer_lost(current: Release | None, later: str) -> StoreDamaged:
    zh, en = ("已被退回到旧的发布", "is older than") if current else ("不见了", "is missing, but there is")
    return StoreDamaged(
        f"current.json {zh}，而 {later} 已经发布过，没有改动任何文件。请从备份恢复 current.json，"
        f"或用那次发布的数据和日期再运行一次。 "
        f"current.json {en} {later}, which was published: nothing was changed. Restore current.json from a "
        "backup, or run again with the data and date of that release."
    )


def _described(slug: str, synthetic: bool) -> tuple[str, str]:
    """A profile and the kind of its data, in both languages."""
    return f"{slug}（{'合成' if synthetic else '真实'}数据）", f"{slug} ({'synthetic' if synthetic else 'real'} data)"
