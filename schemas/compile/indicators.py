"""Definitions of indicators -> one SELECT of all their values, before disclosure control.

What belongs here: the frame of the SELECT, in SQL that DuckDB and Spark both take. What does not: any indicator's
formula (schemas/indicators), the totals (assets/measure), what may be published of it (assets/open/open_indicator.sql).
"""

from __future__ import annotations

from schemas.compile.duckdb import literal
from schemas.indicator import Indicator
from schemas.model import Table
from schemas.registry import Registry

_NOTHING = "CAST(NULL AS STRING)"
_WHOLE = "(subdistrict_code = '_T' AND service_form_code = '_T')"


def indicators_select(registry: Registry) -> str:
    """One row for each indicator, area, subdistrict, form and period its table has.

    Columns: those of `open_indicator`, and `protected_measure_code` with `member_code`, by which `measure_withheld`
    is asked. Status: `m` with the first input that is missing; `n` where there is nothing to divide by; `e` for an
    estimate; else that of the period. What is missing for a whole area is said once, not for each part again."""
    rows = "\nUNION ALL\n".join(indicator_select(i, registry.tables[i.table]) for i in registry.indicators.values())
    return f"""SELECT
    indicator_code, area_code, subdistrict_code, service_form_code, period,
    CASE WHEN missing_input_code IS NULL THEN given_value END AS indicator_value,
    unit_code,
    CASE
        WHEN missing_input_code IS NOT NULL THEN 'm'
        WHEN given_value IS NULL THEN 'n'
        WHEN is_estimate THEN 'e'
        ELSE obs_status_code
    END AS obs_status_code,
    missing_input_code, definition_version, protected_measure_code, member_code
FROM (
    SELECT
        valued.*,
        MAX(CASE WHEN {_WHOLE} THEN missing_input_code END)
            OVER (PARTITION BY indicator_code, area_code, period) AS missing_for_all
    FROM (
{rows}
    ) AS valued
) AS looked_at
WHERE missing_for_all IS NULL OR {_WHOLE} OR (missing_input_code IS NULL AND given_value IS NOT NULL)"""


def indicator_select(indicator: Indicator, table: Table) -> str:
    """The rows of one indicator, as its definition says."""
    columns = {
        "indicator_code": literal(indicator.code),
        "area_code": "area_code",
        "subdistrict_code": "subdistrict_code",
        "service_form_code": "service_form_code" if "service_form" in indicator.by else "'_T'",
        "period": "period",
        "given_value": f"CAST({indicator.value or 'NULL'} AS DECIMAL(18, 4))",
        "unit_code": literal(indicator.unit),
        "obs_status_code": "obs_status_code",
        "missing_input_code": _missing(indicator),
        "is_estimate": f"({indicator.estimated_when})" if indicator.estimated_when else "FALSE",
        "definition_version": literal(indicator.definition_version),
        "protected_measure_code": literal(indicator.protects.measure) if indicator.protects else _NOTHING,
        "member_code": literal(indicator.protects.member) if indicator.protects else _NOTHING,
    }
    told = ",\n    ".join(f"{said} AS {name}" for name, said in columns.items())
    return f"SELECT\n    {told}\nFROM {table.name}{_where(indicator, table)}"


def _missing(indicator: Indicator) -> str:
    """The code of the first input that is missing in a row."""
    if not indicator.inputs:
        return _NOTHING
    said = " ".join(f"WHEN {needed.missing_when} THEN {literal(needed.code)}" for needed in indicator.inputs)
    return f"CASE {said} END"


def _where(indicator: Indicator, table: Table) -> str:
    """The whole area only, unless it is told by subdistrict; all forms only, where a table tells them apart."""
    whole = [] if "subdistrict" in indicator.by else ["subdistrict_code = '_T'"]
    if "service_form_code" in table.key and "service_form" not in indicator.by:
        whole.append("service_form_code = '_T'")
    return f"\nWHERE {' AND '.join(whole)}" if whole else ""
