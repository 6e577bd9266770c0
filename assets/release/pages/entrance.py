"""The documents beside the data that readers start from: how to verify, whose signature to expect, and their list.

What belongs here: which pages there are, and `pages.json`, by which a reader can tell that nobody else wrote them. What
does not: the data, and anything a manifest leads to. Pages may be written again at will, so they are put in place after
the commit, and a publisher that died in between is made up for by the next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.release.manifest import FileEntry, canonical
from assets.release.signatures.signing import ALLOWED, REVOKED, Signer
from assets.release.stores import Store, StoreDamaged

if TYPE_CHECKING:
    from schemas.model import Profile

INDEX = "pages.json"
#: how to verify with `ssh-keygen` and `sha256sum` alone
HOW_TO = "VERIFY.md"
_TEMPLATE = Path(__file__).with_name("VERIFY.md")


@dataclass(frozen=True)
class PageIndex:
    """What `pages.json` says: the pages of a release, and the signature of the list (of all but itself)."""

    release: str
    pages: tuple[FileEntry, ...]
    signed_by: str | None
    signature: bytes | None

    def signed_bytes(self) -> bytes:
        """What the signature is of."""
        entries = [vars(page) for page in self.pages]
        return canonical({"release": self.release, "pages": entries, "signed_by": self.signed_by})

    def to_bytes(self) -> bytes:
        signature = self.signature.decode("ascii") if self.signature else None
        return canonical(json.loads(self.signed_bytes()) | {"signature": signature})

    @classmethod
    def from_bytes(cls, data: bytes) -> PageIndex:
        """ValueError if these bytes are not what a publisher writes."""
        try:
            raw: dict[str, Any] = json.loads(data)
            pages = tuple(FileEntry(**page) for page in raw["pages"])
            signature = raw["signature"].encode("ascii") if raw["signature"] else None
            index = cls(raw["release"], pages, raw["signed_by"], signature)
            written = index.to_bytes()
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a list of pages") from error
        if written != data:
            raise ValueError("not a list of pages")
        return index


def put_pages(store: Store, release_id: str, profile: Profile, sign: Signer | None) -> None:
    """Puts every page in place, its list last. The same release and key make the same bytes.

    DisclosureRefused if one says what must not leave: then none is replaced."""
    # here, because who only reads pages needs no engine
    from assets.release.pages.feeds import feeds
    from assets.release.pages.quality_index import quality_index
    from quality.disclosure.texts import require_safe_texts

    pages = _pages(profile, sign) | feeds(store, profile) | quality_index(store, profile)
    pages = dict(sorted(pages.items()))
    require_safe_texts(pages)
    store.drop_pages(_listed(store) - set(pages))
    for path, data in pages.items():
        store.put_page(path, data)
    store.put_page(INDEX, _index(release_id, pages, sign).to_bytes())


def _listed(store: Store) -> set[str]:
    """The pages that the list names so far: what is no longer one may quote what was withdrawn since."""
    try:
        return {page.path for page in PageIndex.from_bytes(store.read(INDEX)).pages}
    except (StoreDamaged, ValueError):
        return set()


def _index(release_id: str, pages: Mapping[str, bytes], sign: Signer | None) -> PageIndex:
    entries = tuple(FileEntry(path, hashlib.sha256(data).hexdigest(), len(data)) for path, data in pages.items())
    index = PageIndex(release_id, entries, sign.fingerprint if sign else None, None)
    return PageIndex(release_id, entries, index.signed_by, sign(index.signed_bytes()) if sign else None)


def _pages(profile: Profile, sign: Signer | None) -> dict[str, bytes]:
    """Path -> bytes, in order."""
    said = {"@PRINCIPAL@": profile.slug, "@TITLE_ZH@": profile.title_zh, "@TITLE_EN@": profile.title_en}
    text = _TEMPLATE.read_text("utf-8")
    for mark, value in said.items():
        text = text.replace(mark, value)
    pages = {HOW_TO: text.encode()}
    if sign:
        pages |= {ALLOWED: sign.trust.allowed}
        pages |= {REVOKED: sign.trust.revoked} if sign.trust.revoked else {}
    return pages
