"""What people call a row: a name for a key, and the reasons that a table of the same key gives.

Found by what the descriptors say, the same for every dataset: of a key `x_id` the column `x_name`, a code list whose
name ends in `_reason`. What does not belong here: sentences (notes.py), pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from assets.release.comparison.changes import TableFile, as_text
from schemas.compile.duckdb import quote


class Labels:
    """The names in two versions of a dataset: ``new`` first, for what is gone ``old``. Files by table."""

    def __init__(self, con: DuckDBPyConnection, new: dict[str, TableFile], old: dict[str, TableFile]) -> None:
        self._con, self._new, self._old = con, new, old

    def named(self, table: str) -> bool:
        """Whether the rows of a table have a name of their own."""
        file = self._new.get(table) or self._old.get(table)
        return bool(file and _name_column(file))

    def of(self, table: str, keys: Sequence[str]) -> list[str]:
        """What to call each row: its name and key, or the key alone. Keys as `changes.csv` writes them."""
        found: dict[str, str] = {}
        for files in (self._new, self._old):
            for file in (files.get(table), *files.values()):
                missing = [key for key in dict.fromkeys(keys) if key not in found]
                if file and missing:
                    found |= self._looked_up(file, missing)
        return [_label(key, found.get(key)) for key in keys]

    def whys(self, table: str, keys: Sequence[str], label: str) -> dict[str, tuple[str, ...]]:
        """Titles of the reasons that a table with the same key gives for some of its rows (``label``: a language)."""
        own = self._new.get(table) or self._old.get(table)
        found: dict[str, tuple[str, ...]] = {}
        for file in self._new.values():
            reasons = [f for f in file.fields if str(f.get("codelist", "")).endswith("_reason")]
            if own and keys and reasons and file.key == own.key:
                titles = self.codes(reasons[0], label)
                for key, codes in self._column(file, file.key, reasons[0]["name"], keys).items():
                    found.setdefault(key, tuple(titles.get(code, code) for code in codes.split(";")))
        return found

    @staticmethod
    def codes(field: dict[str, Any], label: str) -> dict[str, str]:
        """The titles of a field's codes, by code."""
        categories = field.get("categories") or field.get("itemCategories") or []
        return {c["value"]: c.get(label) or c["label"] for c in categories}

    def _looked_up(self, file: TableFile, keys: Sequence[str]) -> dict[str, str]:
        """The names a table has for these keys; it may have a part of the key only (an event of a provider)."""
        name = _name_column(file)
        known = set(json.loads(keys[0]))
        return self._column(file, file.key, name, keys) if name and set(file.key) <= known else {}

    def _column(self, file: TableFile, key: Sequence[str], column: str, keys: Sequence[str]) -> dict[str, str]:
        """key -> value of ``column``, for the keys that the table has."""
        wanted = ", ".join(f"json_extract_string(k, '$.{part}') AS {quote(part)}" for part in key)
        same = " AND ".join(f"w.{quote(part)} = t.{quote(part)}" for part in key)
        rows = self._con.execute(
            f"WITH w AS (SELECT k AS whole_key, {wanted} FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS k)) "
            f"SELECT whole_key, t.{quote(column)} FROM w JOIN ({as_text(file, list(file.columns))}) t ON {same} "
            f"WHERE t.{quote(column)} IS NOT NULL",
            [list(keys)],
        )
        return dict(rows.fetchall())


def _name_column(file: TableFile) -> str | None:
    """The first column that is a name: of a subject, not of a place in which many are."""
    subjects = [part.removesuffix("_id") for part in file.key if part.endswith("_id")]
    return next((f"{s}_name" for s in subjects if f"{s}_name" in file.columns), None)


def _label(key: str, name: str | None) -> str:
    """`a name (key)`; the area, the same in all rows of a district, is left out."""
    parts = [value for part, value in json.loads(key).items() if part != "area_code"]
    text = " ".join(str(part) for part in parts)
    return f"{name} ({text})" if name else text
