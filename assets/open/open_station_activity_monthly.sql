-- What a station did is public; how many children it saw is not where it is 1 to k-1, k being `small_cell_minimum`
-- of the profile (without it no count of people is published). Adults come with children, so their number goes
-- with the count it would give away. Temporary care is not published here at all: it is a handful of children.
WITH parameter AS (
    SELECT MAX(value_number) AS small_cell_minimum FROM profile_parameter_in_force WHERE code = 'small_cell_minimum'
),
reported AS (
    SELECT
        report.*,
        CASE
            WHEN parameter.small_cell_minimum IS NULL THEN TRUE
            WHEN report.child_visit_count > 0 AND report.child_visit_count < parameter.small_cell_minimum THEN TRUE
            WHEN report.adult_visit_count > 0 AND report.adult_visit_count < parameter.small_cell_minimum THEN TRUE
            ELSE FALSE
        END AS hides_visits
    FROM core_station_report AS report
    CROSS JOIN profile_run AS run
    CROSS JOIN parameter
    WHERE report.report_month <= SUBSTRING(CAST(run.as_of_on AS STRING), 1, 7)
)
SELECT
    area_code,
    station_id,
    report_month,
    open_day_count,
    activity_count,
    group_activity_count,
    training_activity_count,
    lecture_count,
    parenting_class_count,
    CASE WHEN NOT hides_visits THEN child_visit_count END AS child_visit_count,
    CASE WHEN NOT hides_visits THEN adult_visit_count END AS adult_visit_count,
    CASE WHEN hides_visits THEN 'c' ELSE 'a' END AS obs_status_code
FROM reported
