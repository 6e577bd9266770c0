"""Examples of every rule: rows and files as a filer sends them, and whether the rule speaks.

rows/<table>.yml: a good row, and for each code rows that differ from it (`fails`, `passes`; a list of rows stands for
rows with one identifier). between/<code>.yml: rows of several tables, or of one in several files (`<table>.2`).
files.yml: whole files. profile.yml: the district they are judged for. What does not belong here: judging
(test_examples.py).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

from pipelines.demo.identifiers import credit_code
from schemas.registry import Registry, load

HERE = Path(__file__).parent
Row = dict[str, Any]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Example:
    """Rows that must make a rule speak (``fails``), or must not. ``rows``: (table, row) in the order of the file."""

    code: str
    fails: bool
    rows: list[tuple[str, Row]]  # of a second file of a table the first is "<table>.2"
    about: str | None = None  # the table whose last row the rule speaks of, if not its own
    placed: list[tuple[str, int]] = field(default_factory=list)  # file and row number, once they are written

    def __str__(self) -> str:
        return f"{self.code} {'fails' if self.fails else 'passes'}: {self.rows}"


def registry() -> Registry:
    """The contracts of the examples' district."""
    return load(HERE)


def read(name: str) -> Any:
    """One file of examples."""
    return yaml.load((HERE / name).read_text("utf-8"), Loader=_LOADER)


@functools.cache
def good_row(table: str) -> Row:
    """A row of the table that breaks no rule, without its identifier."""
    return read(f"rows/{table}.yml")["good"]


def tables() -> list[str]:
    """The tables there are row examples of."""
    return sorted(path.stem for path in (HERE / "rows").glob("*.yml"))


def row_examples(table: str) -> Iterator[Example]:
    """Every example of one table; the good row first, which no rule may speak of."""
    told = read(f"rows/{table}.yml")
    numbers = iter(range(1, 10_000))
    yield Example("", False, [(table, _numbered(told, next(numbers)))])
    for code, both in told["rules"].items():
        for outcome in ("fails", "passes"):
            for given in both.get(outcome, []):
                number = next(numbers)
                changes = given if isinstance(given, list) else [given]
                rows = [(table, _numbered(told, number) | change) for change in changes]
                yield Example(code, outcome == "fails", rows)


def _numbered(told: dict[str, Any], number: int) -> Row:
    return {name: text.format(number) for name, text in told["numbered"].items()} | told["good"]


def columns(rows: list[Row]) -> list[str]:
    """Every column some row has, in the order in which they appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def header(contracts: Registry, table: str, names: list[str]) -> list[str]:
    """The titles a filer writes above those columns."""
    return [contracts.tables[table].field(name).title_zh for name in names]


def between_examples() -> Iterator[Example]:
    """Every example of rules that compare tables. Each has providers and a station of its own."""
    number = 0
    for path in sorted((HERE / "between").glob("*.yml")):
        told = read(f"between/{path.name}")
        for outcome in ("fails", "passes"):
            for given in told[outcome]:
                number += 1
                about = given.pop("about", None)
                rows = [
                    (file, _between(file.partition(".")[0], change, number)) for file in given for change in given[file]
                ]
                yield Example(path.stem, outcome == "fails", rows, about)


def _between(table: str, change: Row, number: int) -> Row:
    """The good row of a table for one example: `provider` counts the providers of the example, from 1."""
    own = 10 * number + change.pop("provider", 1)
    identity: Row = {"provider_id": f"330108-S-{own:06d}"}
    if table in ("station", "station_report"):
        identity = {"station_id": f"330108-F-{own:06d}"}
    if table == "filing":
        identity["credit_code"] = credit_code("91", own)
    if table == "price_cap":
        identity = {}
    return good_row(table) | identity | change


def made(folder: Path, told: dict[str, Any]) -> Path:
    """One whole file of files.yml, written."""
    path = folder / told["name"]
    if "sheets" in told:
        with xlsxwriter.Workbook(str(path)) as book:
            for name, rows in told["sheets"].items():
                sheet = book.add_worksheet(name)
                for number, row in enumerate(rows):
                    sheet.write_row(number, 0, row)
    else:
        path.write_bytes(bytes.fromhex(told["bytes"]) if "bytes" in told else told["text"].encode())
    return path


def codes() -> set[str]:
    """Every code that has an example here."""
    of_rows = {code for table in tables() for code in read(f"rows/{table}.yml")["rules"]}
    return of_rows | {path.stem for path in (HERE / "between").glob("*.yml")} | set(read("files.yml"))
