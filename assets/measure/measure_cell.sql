-- For what indicators are measured: each month of the last three years on its last day (the running month on the day
-- of the run: provisional) and each calendar year among them that is over, on its last day; for the whole area `_T`
-- and each subdistrict; from the first month of which anything is known. A running year is none: its totals, seen
-- month after month, would give each month away.
WITH back AS (
    SELECT n FROM (VALUES
        (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11),
        (12), (13), (14), (15), (16), (17), (18), (19), (20), (21), (22), (23),
        (24), (25), (26), (27), (28), (29), (30), (31), (32), (33), (34), (35)
    ) AS step (n)
),
month AS (
    SELECT
        SUBSTRING(CAST(stamp.month_end AS STRING), 1, 7) AS period,
        stamp.month_on AS period_from_on,
        LEAST(stamp.month_end, stamp.as_of_on) AS measured_on,
        CASE WHEN stamp.month_end <= stamp.as_of_on THEN 'a' ELSE 'p' END AS obs_status_code
    FROM (
        SELECT as_of_on, month_on, LAST_DAY(month_on) AS month_end
        FROM (
            SELECT
                numbered.as_of_on,
                MAKE_DATE(
                    CAST(FLOOR(numbered.month_no / 12) AS INTEGER), CAST(numbered.month_no % 12 AS INTEGER) + 1, 1
                ) AS month_on
            FROM (
                SELECT run.as_of_on, YEAR(run.as_of_on) * 12 + MONTH(run.as_of_on) - 1 - back.n AS month_no
                FROM profile_run AS run
                CROSS JOIN back
            ) AS numbered
        ) AS begun
    ) AS stamp
),
span AS (
    SELECT period, period_from_on, measured_on, obs_status_code FROM month
    UNION ALL
    SELECT SUBSTRING(period, 1, 4), MAKE_DATE(YEAR(period_from_on), 1, 1), measured_on, obs_status_code
    FROM month
    WHERE SUBSTRING(period, 6, 2) = '12' AND obs_status_code = 'a'
),
started AS (
    SELECT fact.area_code, MIN(fact.fact_month) AS first_month
    FROM (
        SELECT area_code, SUBSTRING(CAST(event_on AS STRING), 1, 7) AS fact_month FROM core_filing
        UNION ALL
        SELECT area_code, report_month FROM core_station_report
    ) AS fact
    GROUP BY fact.area_code
),
place AS (
    SELECT area_code, subdistrict_code FROM core_subdistrict
    UNION
    SELECT area_code, '_T' FROM started
)
SELECT
    place.area_code,
    place.subdistrict_code,
    span.period,
    span.period_from_on,
    span.measured_on,
    span.obs_status_code
FROM place
INNER JOIN started ON started.area_code = place.area_code
INNER JOIN span ON span.period >= SUBSTRING(started.first_month, 1, LENGTH(span.period))
