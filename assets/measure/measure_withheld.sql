-- Small counts of persons: 1 to k-1, k being `small_cell_minimum` of the profile (without it nothing is published).
WITH parameter AS (
    SELECT MAX(value_number) AS small_cell_minimum FROM profile_parameter_in_force WHERE code = 'small_cell_minimum'
),
counted AS (
    SELECT
        'child_visits' AS protected_measure_code, area_code, subdistrict_code, station_id AS member_code,
        report_month AS period, child_visit_count AS person_count
    FROM core_station_report
    UNION ALL
    SELECT 'adult_visits', area_code, subdistrict_code, station_id, report_month, adult_visit_count
    FROM core_station_report
    UNION ALL
    SELECT
        'guided_households', area_code, subdistrict_code, guidance_mode_code, report_month,
        LEAST(COALESCE(NULLIF(household_total, 0), session_total), COALESCE(NULLIF(session_total, 0), household_total))
    FROM measure_guidance_total
    WHERE guidance_mode_code = 'home_visit'
)
SELECT
    counted.protected_measure_code,
    counted.area_code,
    counted.subdistrict_code,
    '_T' AS service_form_code,
    counted.member_code,
    counted.period,
    'small' AS withheld_reason_code
FROM counted
CROSS JOIN parameter
WHERE parameter.small_cell_minimum IS NULL
    OR counted.person_count > 0 AND counted.person_count < parameter.small_cell_minimum
