"""What a template says of itself on a sheet no one sees, so that it is recognised when it comes back filled in.

What belongs here: writing that sheet's cells and reading them again. What does not: Excel, and what is told to
the filer (quality/reading/). A stamp is only what a file claims: no sheet of data is passed over because of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.compile.template import Template, template
from schemas.registry import Registry

#: the sheets of a template that hold no data: the stamp itself, the guide, long lists of choices
SHEET, GUIDE, LISTS = "_tuoyu", "填表说明", "_选项"
#: the form of this sheet itself, not of any contract
FORMAT = "1"
_MARK = "tuoyu-template"


@dataclass(frozen=True)
class Stamp:
    """``version``: of the contracts the file was made from. ``tables``: (name, fingerprint, whether every column is
    there). ``helpers``: sheets without data, and how many of their rows are filled."""

    version: str
    profile: str
    tables: tuple[tuple[str, str, bool], ...]
    helpers: tuple[tuple[str, int], ...]

    def is_helper(self, name: str, filled_rows: int) -> bool:
        """Whether a sheet is one every template comes with, with no row added: it holds nothing of the filer's."""
        return name in (SHEET, GUIDE, LISTS) and (name, filled_rows) in self.helpers

    def outdated(self, registry: Registry) -> bool:
        """Whether a table of the file asks for something else now, or is no longer asked for."""
        return any(not _current(registry, *table) for table in dict.fromkeys(self.tables))


def stamp(templates: Sequence[Template], helpers: Iterable[tuple[str, int]]) -> Stamp:
    """The stamp of a workbook of some templates of one profile. Its own sheet is one of its helpers."""
    tables = tuple((t.table, t.fingerprint, t.every_column) for t in templates)
    others = tuple(helpers)
    rows = 3 + len(tables) + len(others) + 1
    return Stamp(templates[0].version, templates[0].profile, tables, (*others, (SHEET, rows)))


def rows(of: Stamp) -> list[list[str]]:
    """The cells of the sheet."""
    tables = [["table", name, fingerprint, "every" if every else "usual"] for name, fingerprint, every in of.tables]
    helpers = [["helper", name, str(filled)] for name, filled in of.helpers]
    return [[_MARK, FORMAT], ["version", of.version], ["profile", of.profile], *tables, *helpers]


def find(sheets: Iterable[tuple[str, Sequence[Sequence[str | None]]]]) -> Stamp | None:
    """The stamp of a workbook, given as (name, rows) of its sheets; None if it is no template of ours."""
    return next((found for name, cells in sheets if name == SHEET and (found := read(cells))), None)


def read(cells: Sequence[Sequence[str | None]]) -> Stamp | None:
    """The stamp a sheet bears; None if it bears none, or one that cannot be understood."""
    said = [[cell for cell in row if cell] for row in cells]
    if not said or said[0] != [_MARK, FORMAT]:
        return None
    try:
        return Stamp(
            version=_version(next(row[1] for row in said if row[:1] == ["version"])),
            profile=next(row[1] for row in said if row[:1] == ["profile"]),
            tables=tuple((row[1], row[2], row[3] == "every") for row in said if row[:1] == ["table"]),
            helpers=tuple((row[1], int(row[2])) for row in said if row[:1] == ["helper"]),
        )
    except (StopIteration, IndexError, ValueError):
        return None


def _version(text: str) -> str:
    """It is told to the filer, so it must look like one of ours."""
    if not re.fullmatch(r"[0-9a-f]{12}", text):
        raise ValueError("not a version")
    return text


def _current(registry: Registry, name: str, fingerprint: str, every_column: bool) -> bool:
    table = registry.tables.get(name)
    known = table is not None and table.layer == "intake"
    return known and template(registry, table, every_column=every_column).fingerprint == fingerprint
