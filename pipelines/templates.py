"""Puts the Excel templates of a profile into a folder, or into one workbook.

What belongs here: which files, and that nothing a person wrote is lost. What does not: what is in them
(quality/templates/make.py, quality/templates/workbook.py) and printing (show.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from quality.templates.make import make_template
from schemas.compile.template import Template
from schemas.registry import Registry, load


class NoSuchTable(LookupError):
    """A name that is no intake table; the message is the name."""


class FileInTheWay(Exception):
    """A file of that name is there and differs: someone may have filled it in. The message is its path."""


def write_templates(
    profile: str,
    names: Sequence[str],
    as_of: date,
    *,
    folder: Path,
    together: Path | None = None,
    every_column: bool = False,
    replace: bool = False,
) -> list[dict[str, Any]]:
    """Makes the templates of some intake tables (none named: all) and says which files hold which.

    One file a table in ``folder``, or all in the workbook ``together``. A file that is there already stays as it is
    when it is the same; when it differs it is replaced only if ``replace``. NoSuchTable and FileInTheWay before
    anything is written."""
    from quality.templates.workbook import workbook

    made = _templates(load(profile), names, as_of, every_column)
    files = {together: made} if together else {folder / f"{t.sheet}填报表.xlsx": [t] for t in made}
    contents = {path: workbook(held) for path, held in files.items()}
    for path, content in contents.items():
        if not replace and path.exists() and path.read_bytes() != content:
            raise FileInTheWay(str(path))
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [_entry(path, held) for path, held in files.items()]


def _templates(registry: Registry, names: Sequence[str], as_of: date, every_column: bool) -> list[Template]:
    known = [table.name for table in registry.layer("intake")]
    for name in names:
        if name not in known:
            raise NoSuchTable(name)
    wanted = list(dict.fromkeys(names)) or known
    return [make_template(registry, name, as_of, every_column=every_column) for name in wanted]


def _entry(path: Path, held: Sequence[Template]) -> dict[str, Any]:
    return {
        "file": str(path),
        "version": held[0].version,
        "tables": [
            {"table": t.table, "title_zh": t.sheet, "columns": len(t.columns), "fingerprint": t.fingerprint}
            for t in held
        ],
    }
