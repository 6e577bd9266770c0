-- Guidance of families, by subdistrict so that no station's few families show. Stations report the families they
-- guided without the mode: their sum stands with the home visits. Visits to 1 to k-1 families are so few that their
-- number is the number of families, so both are kept back (k: `small_cell_minimum`; without it both always are).
WITH parameter AS (
    SELECT MAX(value_number) AS small_cell_minimum FROM profile_parameter_in_force WHERE code = 'small_cell_minimum'
),
report AS (
    SELECT report.*
    FROM core_station_report AS report
    CROSS JOIN profile_run AS run
    WHERE report.report_month <= SUBSTRING(CAST(run.as_of_on AS STRING), 1, 7)
),
guided AS (
    SELECT
        area_code,
        subdistrict_code,
        report_month,
        'home_visit' AS guidance_mode_code,
        home_visit_count AS session_count,
        household_count
    FROM report
    UNION ALL
    SELECT
        area_code, subdistrict_code, report_month, 'practice_exchange', practice_exchange_count, CAST(NULL AS BIGINT)
    FROM report
    UNION ALL
    SELECT area_code, subdistrict_code, report_month, 'online_sharing', online_sharing_count, CAST(NULL AS BIGINT)
    FROM report
    UNION ALL
    SELECT
        area_code, subdistrict_code, report_month, 'information_guidance', information_guidance_count,
        CAST(NULL AS BIGINT)
    FROM report
    UNION ALL
    SELECT area_code, subdistrict_code, report_month, 'parenting_class', parenting_class_count, CAST(NULL AS BIGINT)
    FROM report
),
summed AS (
    SELECT
        area_code,
        subdistrict_code,
        report_month,
        guidance_mode_code,
        SUM(session_count) AS session_total,
        SUM(household_count) AS household_total
    FROM guided
    GROUP BY area_code, subdistrict_code, report_month, guidance_mode_code
    HAVING SUM(session_count) IS NOT NULL OR SUM(household_count) IS NOT NULL
),
judged AS (
    SELECT
        summed.*,
        CASE
            WHEN summed.guidance_mode_code <> 'home_visit' THEN FALSE
            WHEN parameter.small_cell_minimum IS NULL THEN TRUE
            WHEN summed.household_total > 0 AND summed.household_total < parameter.small_cell_minimum THEN TRUE
            WHEN summed.session_total > 0 AND summed.session_total < parameter.small_cell_minimum THEN TRUE
            ELSE FALSE
        END AS is_hidden
    FROM summed
    CROSS JOIN parameter
)
SELECT
    area_code,
    subdistrict_code,
    report_month,
    guidance_mode_code,
    CASE WHEN NOT is_hidden THEN session_total END AS session_total,
    CASE WHEN NOT is_hidden THEN household_total END AS household_total,
    CASE
        WHEN is_hidden THEN 'c'
        WHEN session_total IS NULL THEN 'm'
        ELSE 'a'
    END AS obs_status_code
FROM judged
