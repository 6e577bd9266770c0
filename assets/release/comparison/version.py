"""Which number a dataset's next version gets: decided by comparison, never by hand.

After the Data Package recipe. MAJOR: a table or format removed; in a table a column added, removed,
renamed or moved; a type, unit, constraint, key or code changed. MINOR: a table or format added; rows
added or removed, values updated or redacted. PATCH: values only corrected or written otherwise, wording.
Nothing different: no new version. Comparing rows is changes.py's; this module only asks how they differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from assets.release.comparison.changes import TableChanges

Bump = Literal["first", "major", "minor", "patch", "none"]

#: what a field means to a program that reads it; all else is wording
_STRUCTURE = ("name", "type", "format", "delimiter", "itemType", "decimals", "unit", "codelist")
_STRUCTURE += ("trueValues", "falseValues")
_FILE = ("path", "format", "encoding", "dialect")
_SCHEMA = ("primaryKey", "foreignKeys", "missingValues")
#: what differs from version to version of the same content
_VOLATILE = ("version", "created")
_VOLATILE_OF_FILES = ("bytes", "hash", "rows")

_NUMBER = "(0|[1-9][0-9]*)"
_WRITTEN = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:\+r([1-9][0-9]*))?", re.ASCII)


@dataclass(frozen=True, order=True)
class Version:
    """MAJOR.MINOR.PATCH; ``+rN`` behind it when its bytes were redacted N times (the next number does not carry it)."""

    major: int
    minor: int
    patch: int
    redaction: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """ValueError unless the text is a version written in its one way."""
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise ValueError(f"not a version: {text!r}")
        return cls(*(int(number or 0) for number in found.groups()))

    def next(self, bump: Bump) -> Version:
        """The version after this one."""
        if bump == "major":
            return Version(self.major + 1, 0, 0)
        if bump == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1) if bump == "patch" else self

    def __str__(self) -> str:
        number = f"{self.major}.{self.minor}.{self.patch}"
        return f"{number}+r{self.redaction}" if self.redaction else number


FIRST = Version(1, 0, 0)


@dataclass(frozen=True)
class Decision:
    """A version and why it has that number."""

    version: Version
    bump: Bump
    reasons: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        return self.bump != "none"


def decide(
    old: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    changes: Iterable[TableChanges] = (),
    texts_differ: bool = False,
    highest: Version | None = None,
) -> Decision:
    """The version of the package ``new`` after ``old`` (descriptors; None for the first version).

    ``changes``: how the rows of each table differ. ``texts_differ``: wording outside the descriptor, such as the
    definitions in `codelists.csv`. ``highest``: the highest version there ever was, also when it was withdrawn: a
    number is never given twice."""
    if old is None:
        return Decision(highest.next("major") if highest else FIRST, "first", ("first version",))
    breaking = breaking_changes(old, new)
    differing = list(changes)
    growing = _added(old, new) + (["rows differ"] if any(c.grows for c in differing) else [])
    small = ["values corrected"] if any(c.any and not c.grows for c in differing) else []
    small += ["wording"] if texts_differ or _wording(old) != _wording(new) else []
    bump: Bump = "major" if breaking else "minor" if growing else "patch" if small else "none"
    version = Version.parse(old["version"])
    after = max(version, highest) if highest else version
    return Decision(version if bump == "none" else after.next(bump), bump, (*breaking, *growing) or tuple(small))


def another_meaning(old: dict[str, Any] | None, new: dict[str, Any] | None) -> bool:
    """Whether values of a column cannot be compared as they are: it came, went, or means something else.

    Not so when only more codes or other values are allowed."""
    if old is None or new is None:
        return True
    gone = [code for code in _codes(old) if code not in _codes(new)]
    return bool(gone) or any(old.get(key) != new.get(key) for key in _STRUCTURE)


def breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What would break a program written for ``old``, one sentence each, in the order of the files."""
    theirs, ours = _resources(old), _resources(new)
    found = [f"{name}: removed" for name in theirs if name not in ours]
    for name in theirs:
        if name in ours:
            found += [f"{name}: {text}" for text in _breaking(theirs[name], ours[name])]
    return found


def _breaking(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What differs between two descriptors of one file."""
    found = [f"{key} changed" for key in _FILE if old.get(key) != new.get(key)]
    theirs, ours = old.get("schema", {}), new.get("schema", {})
    found += [f"{key} changed" for key in _SCHEMA if theirs.get(key) != ours.get(key)]
    return found + _field_changes(theirs.get("fields", []), ours.get("fields", []))


def _field_changes(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    theirs, ours = {f["name"]: f for f in old}, {f["name"]: f for f in new}
    found = [f"column {name} removed" for name in theirs if name not in ours]
    found += [f"column {name} added" for name in ours if name not in theirs]
    both = [name for name in theirs if name in ours]
    if both != [name for name in ours if name in theirs]:
        found.append("columns in another order")
    return found + [f"column {n} changed: {what}" for n in both for what in _meaning(theirs[n], ours[n])]


def _meaning(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The properties of a field that changed for a program."""
    found = [key for key in _STRUCTURE if old.get(key) != new.get(key)]
    theirs, ours = old.get("constraints", {}), new.get("constraints", {})
    told_by_codes = {"enum"} | ({"pattern"} if "itemCategories" in old and "itemCategories" in new else set())
    found += [key for key in sorted({*theirs, *ours} - told_by_codes) if theirs.get(key) != ours.get(key)]
    return found + _code_changes(_codes(old), _codes(new))


def _codes(field: dict[str, Any]) -> list[str]:
    categories = field.get("categories") or field.get("itemCategories") or []
    return [c["value"] for c in categories] or field.get("constraints", {}).get("enum", [])


def _code_changes(old: list[str], new: list[str]) -> list[str]:
    removed = [f"code {code} removed" for code in old if code not in new]
    return removed + [f"code {code} added" for code in new if code not in old]


def _added(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    known = _resources(old)
    return [f"{name}: added" for name in _resources(new) if name not in known]


def _resources(package: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {resource["name"]: resource for resource in package["resources"]}


def _wording(package: dict[str, Any]) -> dict[str, Any]:
    """The descriptor without what changes with every version."""
    kept = {key: value for key, value in package.items() if key not in (*_VOLATILE, "resources")}
    resources = [_lasting(resource) for resource in package["resources"]]
    return kept | {"resources": sorted(resources, key=lambda r: r["name"])}


def _lasting(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key not in _VOLATILE_OF_FILES}
