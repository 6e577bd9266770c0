"""One provider's story: each state of the whitelist machine, the facts behind it and where they stand in what came.

What belongs here: which received rows are the evidence of a state. What does not: deciding the state (it is read from
core_whitelist_period, never decided again), words and layout (pipelines). A story names received files and rows, and
days that are not public: it is for those who answer for the data, never published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from assets.whitelist.asked import Asked, Row

REQUIRED, FOOD_MODES = "required_document_types", "food_licence_required_meal_modes"
_ORIGIN = "source_sha256, source_sheet, source_row, received_on"
#: reasons that the filing in force gives
_OF_THE_FILING = {
    "not-filed", "service-not-listable", "deregistered", "removed", "absent-from-source", "suspended", "noncompliant",
}  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """One fact behind a state. ``title``: the code list and code that name it; ``is_there`` False: it is missing.

    ``from_on`` and ``to_on`` are the days it speaks of; file, sheet and row say where it stands."""

    kind: str
    title: tuple[str, str]
    from_on: date | None = None
    to_on: date | None = None
    result: tuple[str, str] | None = None
    is_there: bool = True
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    received_on: date | None = None


@dataclass(frozen=True)
class Facts:
    """All that was received of one provider, and the dated rules it is held to."""

    asked: Asked
    states: list[Row]
    filings: list[Row]
    periods: list[Row]
    documents: list[Row]
    inspections: list[Row]

    @classmethod
    def of(cls, asked: Asked, area_code: str, provider_id: str) -> Facts:
        """Those of one provider, each kind in time."""

        def rows(columns: str, table: str, order: str) -> list[Row]:
            mine = f"SELECT {columns} FROM {table} WHERE area_code = ? AND provider_id = ? ORDER BY {order}"
            return asked.rows(mine, [area_code, provider_id])

        return cls(
            asked,
            rows("*", "core_whitelist_period", "valid_from_on"),
            rows(f"event_on, event_no, filing_event_code, filing_status_code, {_ORIGIN}", "core_filing", "event_no"),
            rows("*", "core_provider", "valid_from_on"),
            rows(f"document_type_code, issued_on, valid_to_on, conclusion_code, {_ORIGIN}", "core_filing_document",
                 "document_type_code, issued_on"),
            rows(f"inspection_id, inspected_on, closed_on, inspection_result_code, {_ORIGIN}", "core_inspection",
                 "inspected_on, inspection_id"),
        )  # fmt: skip

    def period(self, day: date) -> Row:
        """What holds of the provider on a day."""
        return [p for p in self.periods if p["valid_from_on"] <= day][-1]

    def in_force(self, day: date) -> dict[str, Row]:
        """Of each type the certificate issued last, by its type."""
        return {d["document_type_code"]: d for d in self.documents if d["issued_on"] <= day}

    def codes(self, parameter: str, day: date) -> tuple[str, ...]:
        """The codes a dated parameter lists on a day; none if the district does not give it."""
        valid = [p for p in self.asked.ctx.registry.all_parameters() if p.code == parameter and p.in_force(day)]
        latest = max(valid, key=lambda p: p.valid_from, default=None)
        return tuple(latest.value.split(";")) if latest else ()


def story(asked: Asked, area_code: str, provider_id: str) -> list[Row]:
    """Each state of the provider in time: the row of core_whitelist_period and its ``evidence``.

    ``turned_by``: the facts that begin or end on its first day; ``rests_on``: of each reason (or, of a listing, under
    the code ``listed``) the facts it rests on."""
    facts = Facts.of(asked, area_code, provider_id)
    told = []
    for state in facts.states:
        day = state["valid_from_on"]
        reasons = state["reason_codes"].split(";") if state["reason_codes"] else ["listed"]
        rests_on = {reason: list(_behind(facts, reason, day)) for reason in reasons}
        told.append(state | {"turned_by": list(_turning(facts, day)), "rests_on": rests_on})
    return told


def _behind(facts: Facts, reason: str, day: date) -> Iterator[Evidence]:
    """The facts that a reason rests on, on a day."""
    documents, required = facts.in_force(day), facts.codes(REQUIRED, day)
    if reason in _OF_THE_FILING or reason == "listed":
        yield from _filing_in_force(facts, day)
    if reason == "absent-from-source":
        yield from _register(facts, day)
    if reason == "listed":
        yield from (_document(facts, documents[code]) for code in (*required, "food") if code in documents)
    elif reason == "document-missing":
        yield from (Evidence("document", ("document_type", c), is_there=False) for c in required if c not in documents)
    elif reason == "food-licence-missing":
        yield Evidence("document", ("document_type", "food"), is_there=False)
    elif reason in ("document-expired", "document-failed", "food-licence-expired"):
        codes = ("food",) if reason == "food-licence-expired" else (*required, "food")
        there = [documents[code] for code in codes if code in documents]
        yield from (_document(facts, d) for d in there if _is_bad(d, reason, day))
    elif reason == "nonconformity-open":
        yield from (_inspection(facts, i) for i in facts.inspections if _is_open(i, day))


def _is_bad(document: Row, reason: str, day: date) -> bool:
    failed = document["conclusion_code"] == "fail"
    expired = document["valid_to_on"] is not None and document["valid_to_on"] < day
    if reason == "document-failed":
        return failed
    of_food = document["document_type_code"] == "food"
    return expired and not failed and of_food == (reason == "food-licence-expired")


def _is_open(inspection: Row, day: date) -> bool:
    closed = inspection["closed_on"]
    return (
        inspection["inspection_result_code"] == "nonconform"
        and inspection["inspected_on"] <= day
        and (closed is None or closed > day)
    )


def _turning(facts: Facts, day: date) -> Iterator[Evidence]:
    """The facts that begin or end on a day."""
    yield from (_filing(facts, f) for f in facts.filings if f["event_on"] == day)
    if facts.period(day)["removal_reason_code"] == "absent-from-source":
        yield from _register(facts, day)
    for document in facts.documents:
        ended = document["valid_to_on"] and document["valid_to_on"] + timedelta(days=1) == day
        if ended or document["issued_on"] == day:
            yield _document(facts, document)
    for inspection in facts.inspections:
        if day in (inspection["inspected_on"], inspection["closed_on"]):
            yield _inspection(facts, inspection)
    for parameter in facts.asked.ctx.registry.all_parameters():
        if parameter.code in (REQUIRED, FOOD_MODES) and parameter.valid_from == day:
            yield Evidence("rule", ("parameter", parameter.code), from_on=day, to_on=parameter.valid_to)


def _filing_in_force(facts: Facts, day: date) -> Iterator[Evidence]:
    """The last filing by a day: it, or its absence from a register, is what holds."""
    known = [f for f in facts.filings if f["event_on"] <= day]
    yield from (_filing(facts, f) for f in known[-1:])


def _register(facts: Facts, day: date) -> Iterator[Evidence]:
    """The register of a day on which the provider is missing: its files, at their first row."""
    source = facts.period(day)["source_code"]
    files = facts.asked.rows(
        "SELECT source_sha256, source_sheet, MIN(source_row) AS source_row, MAX(received_on) AS received_on "
        "FROM core_filing WHERE filing_event_code = 'snapshot' AND source_code = ? AND event_on = ? "
        "GROUP BY source_sha256, source_sheet ORDER BY source_sha256, source_sheet",
        [source, facts.period(day)["valid_from_on"]],
    )
    for file in files:
        where = _origin(facts, file)
        yield Evidence("register", ("removal_reason", "absent-from-source"), day, is_there=False, **where)


def _filing(facts: Facts, filing: Row) -> Evidence:
    event, status = ("filing_event", filing["filing_event_code"]), ("filing_status", filing["filing_status_code"])
    return Evidence("filing", event, filing["event_on"], result=status, **_origin(facts, filing))


def _document(facts: Facts, document: Row) -> Evidence:
    conclusion = document["conclusion_code"]
    return Evidence(
        "document", ("document_type", document["document_type_code"]), document["issued_on"], document["valid_to_on"],
        result=("conclusion", conclusion) if conclusion else None, **_origin(facts, document),
    )  # fmt: skip


def _inspection(facts: Facts, inspection: Row) -> Evidence:
    result = ("inspection_result", inspection["inspection_result_code"])
    return Evidence(
        "inspection", result, inspection["inspected_on"], inspection["closed_on"], **_origin(facts, inspection)
    )


def _origin(facts: Facts, row: Row) -> dict[str, Any]:
    """Where a fact stands: the file by the name it came under."""
    names = {receipt.sha256: receipt.name for receipt in facts.asked.known}
    return {
        "file": names.get(row["source_sha256"], row["source_sha256"]),
        "sheet": row["source_sheet"],
        "row": row["source_row"],
        "received_on": row["received_on"],
    }
