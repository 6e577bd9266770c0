-- What a station did is public; how many children and adults it saw is not where `measure_withheld` says so.
-- Temporary care is not published here at all: it is a handful of children.
SELECT
    report.area_code,
    report.station_id,
    report.report_month,
    report.open_day_count,
    report.activity_count,
    report.group_activity_count,
    report.training_activity_count,
    report.lecture_count,
    report.parenting_class_count,
    CASE WHEN child.period IS NULL THEN report.child_visit_count END AS child_visit_count,
    CASE WHEN adult.period IS NULL THEN report.adult_visit_count END AS adult_visit_count,
    CASE WHEN child.period IS NULL AND adult.period IS NULL THEN 'a' ELSE 'c' END AS obs_status_code
FROM core_station_report AS report
CROSS JOIN profile_run AS run
LEFT JOIN measure_withheld AS child
    ON child.protected_measure_code = 'child_visits'
    AND child.area_code = report.area_code
    AND child.subdistrict_code = report.subdistrict_code
    AND child.service_form_code = '_T'
    AND child.member_code = report.station_id
    AND child.period = report.report_month
LEFT JOIN measure_withheld AS adult
    ON adult.protected_measure_code = 'adult_visits'
    AND adult.area_code = report.area_code
    AND adult.subdistrict_code = report.subdistrict_code
    AND adult.service_form_code = '_T'
    AND adult.member_code = report.station_id
    AND adult.period = report.report_month
WHERE report.report_month <= SUBSTRING(CAST(run.as_of_on AS STRING), 1, 7)
