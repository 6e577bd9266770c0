"""What a publisher at work may have put into a store: that is no finding.

What belongs here: telling it from a file that somebody added, by what only a publisher writes: names that are hashes of
what is in them, folders of versions made of such files. Nothing of it is led to. What does not belong here: whether
there is such a publisher, which the store says, and files in folders that something leads to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assets.release.audit.contents import Contents
from assets.release.audit.report import Remark
from assets.release.stores import blob_path

_SIGNATURE = re.compile(r"signatures/[0-9a-f]{64}\.sig")
_RELEASE = re.compile(r"releases/\d{6}-([0-9a-f]{8})/manifest\.json(?:\.sig)?")
#: pages are written again one by one, after the commit, and their list last
_PAGES = re.compile(r"feeds/[^/]+\.xml|VERIFY\.md|pages\.json|allowed_signers|revoked_keys")


@dataclass(frozen=True)
class AtWork:
    """A publisher at work. ``ready``: the releases whose pointer it had made, but not yet put in place."""

    contents: Contents
    ready: frozenset[str]

    def made(self, remark: Remark) -> bool:
        """Whether a finding is about something that this publisher may have left, and that nobody is led to."""
        if remark.code in ("page-missing", "page-differs"):
            return True
        if remark.code == "pointer-older":  # the record of its release is written just before the pointer moves
            return remark.detail.rpartition(" < ")[2] in self.ready
        return remark.code == "unaccounted" and self._wrote(remark.path)

    def _wrote(self, path: str) -> bool:
        top, _, name = path.partition("/")
        if top == ".stage" or _SIGNATURE.fullmatch(path) or _PAGES.fullmatch(path):
            return True
        if top == ".committed":
            return name in self.ready
        found = self.contents.digest(path)
        if top == "blobs":
            return found is not None and path == blob_path(found[1])
        if top == "datasets":
            return found is not None and not self._led_to(path) and self.contents.digest(blob_path(found[1])) == found
        return self._is_release(path)

    def _led_to(self, path: str) -> bool:
        folder = path.rpartition("/")[0] + "/"
        return any(expected.startswith(folder) for expected in self.contents.expected)

    def _is_release(self, path: str) -> bool:
        """A manifest that its folder is named after, or the signature beside such a one."""
        named = _RELEASE.fullmatch(path)
        manifest = self.contents.digest(path.removesuffix(".sig")) if named else None
        return bool(named and manifest and manifest[1].startswith(named[1]))
