"""The last look at what is withheld: is every hidden number still unknown to somebody who has read everything public?

What belongs here: bounding each hidden cell of the tables to be published from them and from every version before,
nothing else. What does not: choosing what to hide. Nothing is taken from the choice but how public tables are read
(told.py) and how bounds are reckoned (bounds.py): which total holds which cells follows from their names, and the true
values are not here. So insiders, who know one of them, and places as bounds of enrolment are the choice's alone.

A cell that an earlier version told cannot be hidden any more; where the versions before leave less than the promise,
what is asked is that the new ones leave no less. A total whose cells are all public hides nothing. Of a cell round
which the tables to be published contradict each other nothing can be said: it is not let pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from quality.disclosure.bounds import TOLERANCE, Question, Unsolved, intervals
from quality.disclosure.columns import DisclosureRefused
from quality.disclosure.told import READ, told_view
from quality.findings import Finding
from schemas.compile.duckdb import literal

CODE, UNCHECKED = "withheld-recoverable", "withheld-unchecked"
#: more than any number of children or yuan in one cell
EVERYTHING = 1e7
_VIEW = "audited_cell"
#: where the smallest cells of a measure are published, and the column that is empty there
_PLACES = {
    "child_visits": ("open_station_activity_monthly", "child_visit_count"),
    "adult_visits": ("open_station_activity_monthly", "adult_visit_count"),
    "guided_households": ("open_guidance_activity_monthly", "household_total"),
    "enrolled_children": ("open_indicator", "indicator_value"),
    "survey_fee": ("open_fee_statistics", "monthly_amount_median"),
}
_LINES = f"""
WITH hidden AS (
    SELECT DISTINCT protected_measure_code AS measure, area_code, substr(period, 1, 4) AS year
    FROM {_VIEW} WHERE told_no = $staged AND is_hidden AND protected_measure_code <> 'adult_visits'
),
line AS (
    SELECT told_no, protected_measure_code AS measure, c.area_code, subdistrict_code, service_form_code,
        -- what many stations tell of a subdistrict and month is one known sum
        CASE WHEN measure = 'child_visits' AND member_code <> '_T' AND NOT is_hidden THEN '+' ELSE member_code END
            AS member_code,
        -- a year's enrolment is that of its last month
        CASE WHEN measure = 'enrolled_children' AND length(period) = 4 THEN period || '-12' ELSE period END AS period,
        coalesce(is_hidden, false) AS is_hidden, {{value}} AS value, respondent_count
    FROM {_VIEW} c JOIN hidden h ON h.measure = c.protected_measure_code AND h.area_code = c.area_code
        AND h.year = substr(c.period, 1, 4)
)
SELECT told_no, measure, area_code, subdistrict_code, service_form_code, member_code, period,
    bool_or(is_hidden) AS is_hidden,
    CASE WHEN member_code <> '+' THEN max(value) WHEN count(value) = count(*) THEN sum(value) END AS value,
    max(respondent_count) AS respondents
FROM line GROUP BY told_no, measure, area_code, subdistrict_code, service_form_code, member_code, period ORDER BY ALL
"""

Cell = tuple[str, ...]  # measure, area, subdistrict, form, member, period


@dataclass(frozen=True)
class Promise:
    """What a hidden number keeps: an interval of ``k`` for counts, of ``share`` of its least value for amounts."""

    k: float
    share: float


@dataclass(frozen=True)
class Audited:
    """How many hidden cells were bounded, and in how many systems."""

    hidden: int = 0
    systems: int = 0


@dataclass(frozen=True)
class _Line:
    hidden: bool
    value: float | None
    respondents: int | None


class _Edition:
    """What one edition says of a system."""

    def __init__(self, lines: Mapping[Cell, _Line]) -> None:
        self.lines = lines

    @cached_property
    def smallest(self) -> list[Cell]:
        """The cells that hold no other."""
        return [cell for cell in self.lines if not any(_holds(cell, other) for other in self.lines)]

    def unknown(self, total: Cell) -> list[tuple]:
        """The unknowns of a hidden cell: itself, or the smallest cells in it that are not public."""
        below = [cell for cell in self.smallest if _holds(total, cell)] or [total]
        return sorted(_unknown(cell, self.lines[cell]) for cell in below if not self._is_public(cell))

    @cached_property
    def equations(self) -> set[tuple[tuple, float]]:
        """The sums of unknowns that the public totals give, and their values."""
        found = set()
        for total, line in self.lines.items():
            below = [cell for cell in self.smallest if _holds(total, cell)] if self._is_public(total) else []
            known = sum(self.lines[cell].value or 0.0 for cell in below if self._is_public(cell))
            if unknown := [_unknown(cell, self.lines[cell]) for cell in below if not self._is_public(cell)]:
                found.add((tuple(sorted(unknown)), (line.value or 0.0) - known))
        return found

    def _is_public(self, cell: Cell) -> bool:
        return self.lines[cell].value is not None


def require_withheld(
    con: DuckDBPyConnection,
    staged: Mapping[str, Path],
    before: Sequence[Mapping[str, Path]],
    promise: Promise,
) -> Audited:
    """DisclosureRefused if a hidden cell of ``staged`` can be bounded more narrowly than promised, or not at all.

    ``staged``: the tables to be published, of all datasets; ``before``: those of earlier releases, oldest first."""
    told_view(con, _VIEW, [*before, staged])
    told = _told_before(con, len(before))
    jobs = []
    for aspect in ("told_value", "other_value"):
        for earlier, here in _systems(con, len(before), aspect):
            hidden = (cell for cell, line in sorted(here.lines.items()) if line.hidden)
            jobs.append(_Job(earlier, here, [cell for cell in hidden if _name(cell) not in told]))
    # hidden in one place and told in another
    told_too = [cell for job in jobs for cell in job.asked if job.here.lines[cell].value is not None]
    widths = _widths(jobs, promise)
    narrow, unchecked = _recoverable(jobs, widths, promise), [c for found in widths for c in found if found[c] is None]
    findings = [_finding(con, staged, cell, CODE) for cell in (*told_too, *narrow)]
    if findings := [*findings, *(_finding(con, staged, cell, UNCHECKED) for cell in unchecked)]:
        raise DisclosureRefused(findings)
    return Audited(sum(len(job.asked) for job in jobs), len(jobs))


def _told_before(con: DuckDBPyConnection, staged: int) -> set[Cell]:
    """The names of hidden cells that an earlier edition told."""
    name = "protected_measure_code, area_code, service_form_code, member_code, period, "
    name += "if(protected_measure_code = 'child_visits' AND member_code <> '_T', '', subdistrict_code)"
    read = f"SELECT {name} FROM {_VIEW} WHERE told_no"
    both = f"{read} = $staged AND is_hidden INTERSECT {read} < $staged AND NOT is_hidden"
    return set(con.execute(both, {"staged": staged}).fetchall())


def _name(cell: Cell) -> Cell:
    """A cell as `_told_before` has it: a station may have moved to another subdistrict since."""
    measure, area, subdistrict, form, member, period = cell
    return measure, area, form, member, period, "" if measure == "child_visits" and member != "_T" else subdistrict


def _systems(con: DuckDBPyConnection, staged: int, aspect: str) -> list[tuple[list[_Edition], _Edition]]:
    """Of each system that has a hidden cell now: what earlier editions said of it, each once, and what is said now."""
    found: dict[tuple, dict[int, dict[Cell, _Line]]] = defaultdict(lambda: defaultdict(dict))
    rows = con.execute(_LINES.replace("{value}", aspect), {"staged": staged}).fetchall()
    for no, *cell, hidden, value, respondents in rows:
        if aspect == "told_value" or cell[0] == "guided_households":
            found[_system(tuple(cell))][no][tuple(cell)] = _Line(hidden, value, respondents)
    with_hidden = []
    for system in sorted(found):
        here = found[system].pop(staged, {})
        once = {frozenset(lines.items()): _Edition(lines) for lines in found[system].values()}
        if any(line.hidden for line in here.values()):
            with_hidden.append((list(once.values()), _Edition(here)))
    return with_hidden


def _system(cell: Cell) -> tuple:
    measure, area, *_, member, period = cell
    if measure == "survey_fee":
        return measure, area, period, member.rpartition("|")[0]
    return measure, area, period if measure == "enrolled_children" else period[:4]


def _holds(total: Cell, cell: Cell) -> bool:
    """Whether a total holds a cell: it agrees with it in every respect in which it is not of all."""
    *place, member, period = total
    *of_place, of_member, of_period = cell
    if not of_period.startswith(period) or any(a not in (b, "_T") for a, b in zip(place, of_place, strict=True)):
        return False
    item, _, last = member.rpartition("|")
    of_item, _, of_last = of_member.rpartition("|")
    return total != cell and (member == "_T" or (item == of_item and last in (of_last, "_T")))


@dataclass(frozen=True)
class _Job:
    """A system: what earlier editions said of it, what is said now, and the hidden cells that are asked for."""

    earlier: list[_Edition]
    here: _Edition
    asked: list[Cell]

    def questions(self, editions: list[_Edition]) -> Iterator[tuple[Cell, Question]]:
        """What has to be reckoned, by what these editions say. A cell of which nothing is unknown hides nothing."""
        parts = {cell: unknown for cell in self.asked if (unknown := self.here.unknown(cell))}
        equations = sorted(set().union(*(edition.equations for edition in editions)))
        groups = _groups(equations, list(parts.values()))
        for cell, asked in parts.items():
            yield cell, _question(groups[asked[0]], equations, asked, cell)


#: how much of its promise each cell keeps, 1 or more being all; None: of it nothing can be said
_Widths = dict[Cell, float | None]


def _recoverable(jobs: list[_Job], widths: list[_Widths], promise: Promise) -> list[Cell]:
    """The hidden cells whose interval is too narrow, and narrower than the versions before left it."""
    narrow = []
    for job, now in zip(jobs, widths, strict=True):
        silent = _Edition({cell: _Line(True, None, line.respondents) for cell, line in job.here.lines.items()})
        kept = {cell: width for cell, width in now.items() if width is not None and width < 1 - TOLERANCE}
        narrow.append((_Job(job.earlier, silent, [cell for cell in job.asked if cell in kept]), kept))
    then = _widths([job for job, _ in narrow], promise)
    return [
        cell
        for (job, now), before in zip(narrow, then, strict=True)
        for cell in job.asked
        if (left if (left := before.get(cell)) is not None else 1.0) > now[cell] + TOLERANCE
    ]


def _widths(jobs: list[_Job], promise: Promise) -> list[_Widths]:
    """How much of its promise each cell keeps, by system; without those of which nothing is unknown."""
    found: list[_Widths] = [{} for _ in jobs]
    # what was hidden may have changed since: then there is no world in which all is true, and the versions before say
    # nothing certain; these tables alone decide
    for with_earlier in (True, False):
        asked = [
            (widths, cell, question)
            for job, widths in zip(jobs, found, strict=True)
            for cell, question in job.questions([*job.earlier, job.here] if with_earlier else [job.here])
            if widths.get(cell) is None
        ]
        for (widths, cell, _), ends in zip(asked, _answers([question for *_, question in asked]), strict=True):
            widths[cell] = None
            if ends:
                need = promise.share * ends[0] if cell[0] == "survey_fee" else promise.k
                widths[cell] = (ends[1] - ends[0]) / need if need > 0 else 1.0
    return found


def _answers(questions: list[Question]) -> list[tuple[float, float] | None]:
    """(least, most) of each question; None where there is no world."""
    try:
        return list(intervals(questions))
    except Unsolved:
        if len(questions) == 1:
            return [None]
        half = len(questions) // 2
        return _answers(questions[:half]) + _answers(questions[half:])


def _question(group: list, equations: list, asked: list, cell: Cell) -> Question:
    place = {unknown: n for n, unknown in enumerate(group)}
    rows = tuple((tuple(place[u] for u in members), value) for members, value in equations if members[0] in place)
    slack = 0.5 if cell[0] == "survey_fee" else TOLERANCE
    ends = ((0.0,) * len(group), (EVERYTHING,) * len(group))
    return Question(*ends, rows, tuple(place[u] for u in asked), slack)


def _unknown(cell: Cell, line: _Line) -> tuple:
    """A cell as an unknown; of more or fewer respondents it is another one."""
    return (*cell, line.respondents or 0)


def _groups(equations: list[tuple[tuple, float]], sums: list[list[tuple]]) -> dict[tuple, list[tuple]]:
    """unknown -> all that hang together with it, in order."""
    group: dict[tuple, set[tuple]] = {}
    for members in (*(members for members, _ in equations), *(s for s in sums if s)):
        joined = set(members).union(*(group[u] for u in members if u in group))
        for u in joined:
            group[u] = joined
    return {u: sorted(members) for u, members in group.items()}


def _finding(con: DuckDBPyConnection, staged: Mapping[str, Path], cell: Cell, code: str) -> Finding:
    """Where a cell stands in the tables to be published; never what is in it."""
    measure, area, subdistrict, form, member, period = cell
    table, column = _PLACES[measure]
    if "_T" in (subdistrict, member) or (measure == "guided_households" and len(period) == 4):
        table, column = (table, column) if measure == "survey_fee" else ("open_indicator", "indicator_value")
    sought: dict[str, Any] = {"area_code": area, "subdistrict_code": subdistrict, "service_form_code": form}
    sought |= {"period": period, "report_month": period, "survey_month": period, "station_id": member}
    if measure == "survey_fee":
        names = ("class_type_code", "service_mode_code", "fee_item_code", "inclusive_code")
        sought |= dict(zip(names, member.split("|"), strict=True))
    codes = [code for code, about in READ.items() if about == measure] if table == "open_indicator" else []
    row = _row(con, staged.get(table), sought, codes)
    return Finding(code=code, severity="error", table=table, row=row, column=column)


def _row(con: DuckDBPyConnection, path: Path | None, sought: Mapping[str, str], indicators: list[str]) -> int | None:
    """The first row with these codes, counted from 1 in the order in which the table is published."""
    if path is None:
        return None
    relation = f"read_parquet({literal(str(path))})"
    has = {row[0] for row in con.execute(f"DESCRIBE FROM {relation}").fetchall()}
    names = sorted(has & set(sought))
    tests = " AND ".join([*(f"{name} = ?" for name in names), "true"])
    tests += f" AND indicator_code IN ({', '.join(map(literal, indicators))})" if indicators else ""
    row = con.execute(
        f"SELECT min(row_no) FROM (SELECT row_number() OVER () AS row_no, * FROM {relation}) WHERE {tests}",
        [sought[name] for name in names],
    ).fetchone()
    return row[0] if row else None
