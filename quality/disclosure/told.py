"""What public tables say of the numbers that are protected: one relation, whatever tables and versions it is of.

What belongs here: reading protected numbers out of public tables, rates with a public denominator included. What does
not: which tables and versions those are (assets), what follows from them (cells.py, audit.py).

Editions are sets of public tables that belong together, one a release, numbered from the oldest. A table that is
missing, or that lacks a column because it is older, says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from schemas.compile.duckdb import literal, quote

#: the public tables that speak of protected numbers, and the columns needed of each
TABLES: dict[str, dict[str, str]] = {
    "open_station": {"area_code": "VARCHAR", "station_id": "VARCHAR", "subdistrict_code": "VARCHAR"},
    "open_station_activity_monthly": {
        "area_code": "VARCHAR",
        "station_id": "VARCHAR",
        "report_month": "VARCHAR",
        "open_day_count": "BIGINT",
        "child_visit_count": "BIGINT",
        "adult_visit_count": "BIGINT",
        "obs_status_code": "VARCHAR",
    },
    "open_guidance_activity_monthly": {
        "area_code": "VARCHAR",
        "subdistrict_code": "VARCHAR",
        "report_month": "VARCHAR",
        "guidance_mode_code": "VARCHAR",
        "session_total": "BIGINT",
        "household_total": "BIGINT",
        "obs_status_code": "VARCHAR",
    },
    "open_indicator": {
        "indicator_code": "VARCHAR",
        "area_code": "VARCHAR",
        "subdistrict_code": "VARCHAR",
        "service_form_code": "VARCHAR",
        "period": "VARCHAR",
        "indicator_value": "DOUBLE",
        "obs_status_code": "VARCHAR",
        "definition_version": "VARCHAR",
    },
    "open_fee_statistics": {
        "area_code": "VARCHAR",
        "subdistrict_code": "VARCHAR",
        "service_form_code": "VARCHAR",
        "inclusive_code": "VARCHAR",
        "class_type_code": "VARCHAR",
        "service_mode_code": "VARCHAR",
        "fee_item_code": "VARCHAR",
        "collection_basis_code": "VARCHAR",
        "survey_month": "VARCHAR",
        "provider_count": "BIGINT",
        "monthly_amount_min": "DOUBLE",
        "monthly_amount_p25": "DOUBLE",
        "monthly_amount_median": "DOUBLE",
        "monthly_amount_mean": "DOUBLE",
        "monthly_amount_p75": "DOUBLE",
        "monthly_amount_max": "DOUBLE",
        "above_cap_count": "BIGINT",
        "obs_status_code": "VARCHAR",
    },
}
#: indicators that give a protected count back, and how the SELECT below reads them
READ = {
    "IND-07": "enrolled_children",
    "IND-08": "enrolled_children",
    "IND-23.visits": "child_visits",
    "IND-23.home_visits": "guided_households",
    "IND-23.households": "guided_households",
}
#: of up to so many answers the median is the mean of all, in every version published: measure_fee_statistics.sql makes
#: it so, tests/assets/test_fee_sql.py holds the two together
FEW = 5

_COLUMNS = (
    "told_no BIGINT, protected_measure_code VARCHAR, area_code VARCHAR, subdistrict_code VARCHAR, "
    "service_form_code VARCHAR, member_code VARCHAR, period VARCHAR, is_hidden BOOLEAN, told_value DOUBLE, "
    "other_value DOUBLE, respondent_count BIGINT, mean_amount DOUBLE, median_amount DOUBLE, min_amount DOUBLE, "
    "p25_amount DOUBLE, p75_amount DOUBLE, max_amount DOUBLE, above_cap_count BIGINT"
)
_SELECT = f"""
WITH report AS (
    SELECT a.*, coalesce(s.subdistrict_code, '?') AS subdistrict_code
    FROM {{open_station_activity_monthly}} a
    LEFT JOIN {{open_station}} s USING (told_no, area_code, station_id)
),
reports AS (
    SELECT told_no, area_code, place.code AS subdistrict_code, span.code AS period, count(*) AS n
    FROM report, unnest(['_T', subdistrict_code]) AS place(code),
        unnest([report_month, substr(report_month, 1, 4)]) AS span(code)
    GROUP BY ALL
)
SELECT told_no, 'child_visits' AS protected_measure_code, area_code, subdistrict_code, '_T' AS service_form_code,
    station_id AS member_code, report_month AS period, child_visit_count IS NULL AND obs_status_code = 'c' AS is_hidden,
    child_visit_count::DOUBLE AS told_value, NULL::DOUBLE AS other_value, NULL::BIGINT AS respondent_count,
    NULL::DOUBLE AS mean_amount, NULL::DOUBLE AS median_amount, NULL::DOUBLE AS min_amount,
    NULL::DOUBLE AS p25_amount, NULL::DOUBLE AS p75_amount, NULL::DOUBLE AS max_amount, NULL::BIGINT AS above_cap_count
FROM report
UNION ALL BY NAME
SELECT told_no, 'adult_visits' AS protected_measure_code, area_code, subdistrict_code, '_T' AS service_form_code,
    station_id AS member_code, report_month AS period, adult_visit_count IS NULL AND obs_status_code = 'c' AS is_hidden,
    adult_visit_count::DOUBLE AS told_value
FROM report
UNION ALL BY NAME
SELECT i.told_no, 'child_visits' AS protected_measure_code, i.area_code, i.subdistrict_code, '_T' AS service_form_code,
    '_T' AS member_code, i.period, i.obs_status_code = 'c' AS is_hidden,
    round(i.indicator_value * r.n) AS told_value
FROM {{open_indicator}} i
INNER JOIN reports r USING (told_no, area_code, subdistrict_code, period)
WHERE i.indicator_code = 'IND-23.visits' AND (i.indicator_value IS NOT NULL OR i.obs_status_code = 'c')
UNION ALL BY NAME
SELECT told_no, 'guided_households' AS protected_measure_code, area_code, subdistrict_code, '_T' AS service_form_code,
    guidance_mode_code AS member_code, report_month AS period, obs_status_code = 'c' AS is_hidden,
    household_total::DOUBLE AS told_value, session_total::DOUBLE AS other_value
FROM {{open_guidance_activity_monthly}}
WHERE guidance_mode_code = 'home_visit'
UNION ALL BY NAME
SELECT told_no, 'guided_households' AS protected_measure_code, area_code, subdistrict_code, '_T' AS service_form_code,
    'home_visit' AS member_code, period, bool_or(obs_status_code = 'c') AS is_hidden,
    max(indicator_value) FILTER (indicator_code = 'IND-23.households') AS told_value,
    max(indicator_value) FILTER (indicator_code = 'IND-23.home_visits') AS other_value
FROM {{open_indicator}}
WHERE indicator_code IN ('IND-23.households', 'IND-23.home_visits')
    AND (subdistrict_code = '_T' OR length(period) = 4)
    AND (indicator_value IS NOT NULL OR obs_status_code = 'c')
GROUP BY ALL
UNION ALL BY NAME
-- enrolled: of the places, if all providers state their children; else of the children under three. Since version 2 of
-- their definitions children and places of family points are left out
SELECT told_no, 'enrolled_children' AS protected_measure_code, area_code, subdistrict_code, service_form_code,
    '_T' AS member_code, period, is_hidden,
    round(coalesce(
        CASE WHEN NOT is_estimated THEN taken * (places - family_places) / 100 END, rate * places * 10 / supply
    )) AS told_value
FROM (
    SELECT told_no, area_code, subdistrict_code, service_form_code, period,
        bool_or(obs_status_code = 'c') FILTER (indicator_code IN ('IND-07', 'IND-08')) AS is_hidden,
        bool_or(obs_status_code = 'e') FILTER (indicator_code = 'IND-08') AS is_estimated,
        max(indicator_value) FILTER (indicator_code IN ('IND-02', 'IND-06')) AS places,
        CASE WHEN bool_or(indicator_code = 'IND-08' AND definition_version = '1') THEN 0
            ELSE coalesce(max(indicator_value) FILTER (indicator_code = 'IND-06.family_point'), 0)
        END AS family_places,
        max(indicator_value) FILTER (indicator_code = 'IND-03b') AS supply,
        max(indicator_value) FILTER (indicator_code = 'IND-07') AS rate,
        max(indicator_value) FILTER (indicator_code = 'IND-08') AS taken
    FROM {{open_indicator}}
    WHERE indicator_code IN ('IND-02', 'IND-03b', 'IND-06', 'IND-06.family_point', 'IND-07', 'IND-08')
    GROUP BY ALL
)
WHERE taken IS NOT NULL OR rate IS NOT NULL OR is_hidden
UNION ALL BY NAME
SELECT told_no, 'survey_fee' AS protected_measure_code, area_code, subdistrict_code, service_form_code,
    concat_ws('|', class_type_code, service_mode_code, fee_item_code, inclusive_code) AS member_code,
    survey_month AS period, obs_status_code = 'c' AS is_hidden,
    provider_count * coalesce(monthly_amount_mean, CASE WHEN provider_count <= {FEW} THEN monthly_amount_median END)
        AS told_value,
    provider_count AS respondent_count, monthly_amount_mean AS mean_amount, monthly_amount_median AS median_amount,
    monthly_amount_min AS min_amount, monthly_amount_p25 AS p25_amount, monthly_amount_p75 AS p75_amount,
    monthly_amount_max AS max_amount, above_cap_count
FROM {{open_fee_statistics}}
WHERE collection_basis_code = 'statistical_survey'
"""


def told_view(con: DuckDBPyConnection, name: str, editions: Sequence[Mapping[str, Path]]) -> None:
    """Makes ``name``, a view of every protected number of every edition: its cell, and what is said of it."""
    if not editions:
        con.execute(f"CREATE OR REPLACE TABLE {quote(name)} ({_COLUMNS})")
        return
    relations = {table: _of_all(con, table, editions) for table in TABLES}
    con.execute(f"CREATE OR REPLACE VIEW {quote(name)} AS {_SELECT.format(**relations)}")


def _of_all(
    con: DuckDBPyConnection, table: str, editions: Sequence[Mapping[str, Path]]
) -> str:
    """One table of all editions that have it, as a relation with `told_no`."""
    columns = TABLES[table]
    told = [(no, str(edition[table])) for no, edition in enumerate(editions) if table in edition]
    whole = {path for path in {path for _, path in told} if columns.keys() <= _columns(con, path)}
    told = [(no, path) for no, path in told if path in whole]
    if not told:
        empty = ", ".join(f"NULL::{kind} AS {column}" for column, kind in columns.items())
        return f"(SELECT 0::BIGINT AS told_no, {empty} WHERE false)"
    files = ", ".join(literal(path) for path in sorted(whole))
    of_file = ", ".join(f"({no}, {literal(path)})" for no, path in told)
    casts = ", ".join(f"f.{column}::{kind} AS {column}" for column, kind in columns.items())
    return (
        f"(SELECT n.told_no::BIGINT AS told_no, {casts} FROM read_parquet([{files}], filename = true, "
        f"union_by_name = true) f INNER JOIN (VALUES {of_file}) AS n(told_no, path) ON n.path = f.filename)"
    )


def _columns(con: DuckDBPyConnection, path: str) -> set[str]:
    return {row[0] for row in con.execute(f"DESCRIBE FROM read_parquet({literal(path)})").fetchall()}
