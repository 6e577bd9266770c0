"""The answer to a filer as a workbook: his own, marked up in Chinese, or a new one where his cannot be.

What belongs here: which of the ways is taken. What does not: what is said (verdict.py, marks.py, result_sheet.py) and
how a workbook is written (own_workbook.py, new_workbook.py). Opening a workbook costs as much as checking it did:
the gate's child process does it (sandbox.py).
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from quality.answers.copying import COPY_REMARKS, MOST_CELLS, copied_sheets
from quality.answers.marks import Mark, Spot, marks, spots
from quality.answers.new_workbook import write_new
from quality.answers.own_workbook import REMARK, mark_up
from quality.answers.result_sheet import Row, result_rows
from quality.answers.verdict import WAYS, Way, verdict
from quality.gate import GateResult
from quality.limits import Limits, Refused
from quality.reading.workbooks import read_sheets
from schemas.registry import Registry

_WITHOUT = "没有附上报送的表格：文件没有读取，或不是可以标注的表格。"
_CONTENT_TYPES = "[Content_Types].xml"
#: what a library raises for a file that it does not like (ParseError is a SyntaxError); all else is a fault of ours
_OF_THE_FILE = (
    Refused, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, SyntaxError, NotImplementedError,
    EOFError, csv.Error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def write_answer(
    registry: Registry,
    path: Path | None,
    target: Path,
    result: GateResult,
    as_of: date,
    *,
    first: Way = "own",
    limits: Limits | None = None,
) -> Way:
    """Writes the answer about the file at ``path`` to ``target`` (.xlsx), the best way from ``first`` on that works.

    own: the filer's workbook with marks in it; copy: his cells as text; list: only the sheet 校验结果, for a file the
    gate did not read, or that is not at hand (None). What a library cannot take of the filer's file is never an
    error: the next way is tried. Raises what has nothing to do with the file."""
    told = verdict(registry, result, as_of)
    where = spots(registry, [*told["findings"], *told["normalised"]], result.places)
    said = _Said(result, told, where, as_of, limits or Limits())
    for way in WAYS[WAYS.index(first) : -1]:
        if _possible(registry, way, path, result):
            try:
                getattr(said, way)(path, target)
                return way
            except _OF_THE_FILE:
                continue
    said.list(target)
    return "list"


def _possible(registry: Registry, way: Way, path: Path | None, result: GateResult) -> bool:
    """Whether a way may be tried: only of what the gate has read, and no foreign register is anybody's workbook."""
    source = registry.source_for(result.name)
    if path is None or not result.account or (source and source.maps):
        return False
    if way == "copy":
        return True
    if result.encoding or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as book:
        return _CONTENT_TYPES in book.namelist()  # ods has none, and is not openpyxl's


@dataclass(frozen=True)
class _Said:
    """What is to be written about one file: the verdict, the cell of each finding and of each recognised cell."""

    result: GateResult
    told: dict[str, Any]
    where: list[Spot | None]
    as_of: date
    limits: Limits

    def own(self, path: Path, target: Path) -> None:
        if sum(len(s.columns) * len(s.rows) for s in read_sheets(path, self.limits)) > MOST_CELLS:
            raise ValueError("too large for openpyxl")
        mark_up(path, target, self._rows(REMARK), self._marks(), self.as_of)

    def copy(self, path: Path, target: Path) -> None:
        marked = self._marks()
        sheets = copied_sheets(path, self.result.places, marked, self.result.encoding, self.limits)
        remark = COPY_REMARKS[any(sheet.picked for sheet in sheets)]
        write_new(target, self._rows(remark), sheets, marked, self.as_of)

    def list(self, target: Path) -> None:
        write_new(target, self._rows(_WITHOUT), [], {}, self.as_of)

    def _rows(self, *remarks: str) -> list[Row]:
        return result_rows(self.told, self.where, remarks)

    def _marks(self) -> dict[Spot, Mark]:
        return marks(self.told["findings"], self.where[: len(self.told["findings"])])
