"""The answer to a filer, in plain data: what came of a file, what must be corrected and where, what was read as what.

The one code behind `tuoyu check` and the answers of a run. What does not belong here: judging (gate.py), and how
the answer is shown (pipelines/show.py on a terminal, feedback.py as a workbook).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field as Described
from pydantic import TypeAdapter

from quality.findings import Finding, Normalisation, explain, value_in
from quality.gate import GateResult
from quality.judging.diagnosis import PERSONAL
from schemas.model import Field
from schemas.registry import Registry

Result = Literal["accepted", "accepted_with_warnings", "rejected"]
Severity = Literal["error", "warning", "info"]
RESULTS: tuple[Result, ...] = ("accepted", "accepted_with_warnings", "rejected")
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
#: the ways to make a workbook of an answer, best first (feedback.py)
Way = Literal["own", "copy", "list"]
WAYS: tuple[Way, ...] = ("own", "copy", "list")


@dataclass(frozen=True)
class SheetAccount:
    """What became of the rows of one sheet."""

    sheet: Annotated[str, Described(description="sheet of the workbook; '' for a text file")]
    table: Annotated[str, Described(description="the contract its header was recognised as; '' for none")]
    title_zh: str
    title_en: str
    received: Annotated[int, Described(description="rows of data = accepted + quarantined")]
    accepted: int
    quarantined: int


@dataclass(frozen=True)
class Told:
    """One finding with its words. Nothing is repeated of a value that holds personal data."""

    code: Annotated[str, Described(description="the rule, stable; see `tuoyu schema rules`")]
    severity: Severity
    table: str | None
    file: Annotated[str, Described(description="the file's name as the gate knows it")]
    sheet: str | None
    row: Annotated[int | None, Described(description="row of the sheet or record of the file, from 1, header counted")]
    column: Annotated[str | None, Described(description="column of the contract, or the title of an unknown one")]
    value: Annotated[str | None, Described(description="what stood in the cell; null when empty or withheld")]
    source_sha256: str
    column_zh: str | None
    column_en: str | None
    says_zh: str
    says_en: str
    advice_zh: str
    advice_en: str
    withheld: Annotated[bool, Described(description="the value may be personal and is not repeated")]


@dataclass(frozen=True)
class Recognised:
    """A cell that was read differently from how it is written."""

    table: str
    sheet: str | None
    row: int
    column: str
    column_zh: str
    column_en: str
    raw: Annotated[str | None, Described(description="null when it may be personal and is not repeated")]
    normal: Annotated[str | None, Described(description="null when raw is; '' when it was read as empty")]
    shown_zh: Annotated[str | None, Described(description="normal in words: the titles of codes, then the codes")]


@dataclass(frozen=True)
class Verdict:
    """The answer about one file. ``rejected``: at least one row, sheet or the file is held back."""

    file: str
    sha256: str
    result: Result
    encoding: Annotated[str | None, Described(description="encoding of a text file; null for a workbook")]
    account: list[SheetAccount]
    counts: Annotated[dict[Severity, int], Described(description="findings of each severity that has any")]
    findings: Annotated[list[Told], Described(description="the first 10,000 of the file; counts has all")]
    normalised: Annotated[list[Recognised], Described(description="the first 10,000 of the file")]
    normalised_count: Annotated[int, Described(description="cells read differently from how they are written")]
    as_of: Annotated[str, Described(description="date the rules were applied for, YYYY-MM-DD")]
    rules: Annotated[str, Described(description="version of the rules: a fingerprint of the contracts in force")]


@dataclass(frozen=True)
class Answer:
    """What `tuoyu check --json` prints: the verdict on each file, and the worst of their results."""

    result: Result
    files: list[Verdict]
    reports: Annotated[list[str], Described(description="the marked-up workbooks that were written; see --report")]
    as_of: str
    rules: str


def answer(
    registry: Registry, verdicts: list[dict[str, Any]], as_of: date, reports: Sequence[str] = ()
) -> dict[str, Any]:
    """Several verdicts as one Answer in plain data. No file at all is accepted. ``reports``: paths of workbooks."""
    worst = max((RESULTS.index(v["result"]) for v in verdicts), default=0)
    return vars(Answer(RESULTS[worst], verdicts, list(reports), as_of.isoformat(), registry.fingerprint[:12]))


def answer_schema() -> dict[str, Any]:
    """JSON Schema of an Answer, compiled from the classes above."""
    return TypeAdapter(Answer).json_schema()


def verdict(registry: Registry, result: GateResult, as_of: date) -> dict[str, Any]:
    """The Verdict on one file in plain data, as machines get it."""
    counts, words = counted(result), _Words(registry, as_of)
    found = Verdict(
        file=result.name,
        sha256=result.sha256,
        result=_result(counts, sum(row.quarantined for row in result.account if row.table)),
        encoding=result.encoding,
        account=[
            vars(SheetAccount(a.sheet, a.table, *_titles(registry, a.table), a.received, a.accepted, a.quarantined))
            for a in result.account
        ],
        counts=counts,
        findings=[words.told(finding) for finding in result.findings],
        normalised=[_recognised(registry, cell) for cell in result.normalised],
        normalised_count=result.normalised_count,
        as_of=as_of.isoformat(),
        rules=registry.fingerprint[:12],
    )
    return vars(found)


def counted(result: GateResult) -> dict[Severity, int]:
    """How many findings of each severity there are, worst first; none of those that have none."""
    counts = Counter[str]()
    for (_, severity), number in result.counts.items():
        counts[severity] += number
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def _result(counts: dict[str, int], held: int) -> Result:
    """Errors reject. So would rows held back that no finding explains, which the gate never leaves."""
    if "error" in counts or (held and not counts):
        return "rejected"
    return "accepted_with_warnings" if "warning" in counts else "accepted"


class _Words:
    """The words of findings. Many say the same of another cell: their words are joined once."""

    def __init__(self, registry: Registry, as_of: date) -> None:
        self._registry, self._as_of = registry, as_of
        self._known: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}

    def told(self, finding: Finding) -> dict[str, Any]:
        """The finding as a Told in plain data."""
        same = (finding.code, finding.table, finding.column)
        if same not in self._known:
            self._known[same] = explain(self._registry, replace(finding, value=_VALUE), self._as_of)
        texts = self._known[same]
        withheld = _withheld(finding)
        value = None if withheld else finding.value
        named = {name: "…" if withheld else value_in(finding.code, value, name[-2:]) for name in _TEXTS}
        said = {name: texts[name].replace(_VALUE, named[name]) for name in _TEXTS}
        return vars(Told(**texts | vars(finding) | said | {"value": value}, withheld=withheld))


#: what a word for nothing, such as 无, was read as
READ_AS_EMPTY = "（空，按没有填写读）"
#: the codes of findings about what stands in one cell
_OF_A_CELL = ("value-", "code-")
#: stands for the value in words that are not joined with one yet
_VALUE = "\0"
_TEXTS = ("says_zh", "says_en", "advice_zh", "advice_en")


def _withheld(finding: Finding) -> bool:
    """Whether the gate left a value out (diagnosis.is_private): what is to be removed, and what may be a person's.

    Of a finding that only a filled cell can have it is known that there was a value."""
    of_a_value = finding.code.startswith(_OF_A_CELL) and finding.code != "value-missing"
    return finding.row is not None and (finding.code in PERSONAL or (of_a_value and finding.value is None))


def _recognised(registry: Registry, cell: Normalisation) -> dict[str, Any]:
    table = registry.tables[cell.table]
    field = table.field(cell.column) if cell.column in table.field_names else None
    titles = (field.title_zh, field.title_en) if field else (cell.column,) * 2
    shown = cell.normal if cell.normal is None or field is None else _shown(registry, field, cell.normal)
    return vars(Recognised(cell.table, cell.sheet, cell.row, cell.column, *titles, cell.raw, cell.normal, shown))


def _shown(registry: Registry, field: Field, normal: str) -> str:
    """A value as a person knows it: 营利性 for_profit; several of a list one after another."""
    if not normal:
        return READ_AS_EMPTY
    titles = {e.code: e.title_zh for e in registry.codelists[field.codelist].entries} if field.codelist else {}
    titles |= {"true": "是", "false": "否"} if field.type == "boolean" else {}
    parts = normal.split(";") if field.type == "list" else [normal]
    return "；".join(f"{titles[part]} {part}" if part in titles else part for part in parts)


def _titles(registry: Registry, table: str) -> tuple[str, str]:
    known = registry.tables.get(table)
    return (known.title_zh, known.title_en) if known else ("", "")
