-- Small counts of persons: 1 to k-1, k being `small_cell_minimum` of the profile (without it nothing is published).
WITH parameter AS (
    SELECT MAX(value_number) AS small_cell_minimum FROM profile_parameter_in_force WHERE code = 'small_cell_minimum'
),
visits AS (
    SELECT
        'child_visits' AS protected_measure_code, area_code, subdistrict_code, station_id, report_month,
        child_visit_count AS person_count
    FROM core_station_report
    UNION ALL
    SELECT 'adult_visits', area_code, subdistrict_code, station_id, report_month, adult_visit_count
    FROM core_station_report
)
SELECT
    visits.protected_measure_code,
    visits.area_code,
    visits.subdistrict_code,
    '_T' AS service_form_code,
    visits.station_id AS member_code,
    visits.report_month AS period,
    'small' AS withheld_reason_code
FROM visits
CROSS JOIN parameter
WHERE parameter.small_cell_minimum IS NULL
    OR visits.person_count > 0 AND visits.person_count < parameter.small_cell_minimum
