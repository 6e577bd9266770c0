-- Growth stations open on the last day of each period, and what those that reported did in it. `community_count` is the
-- number of communities of the whole area, if the profile gives it; stations of a community are one there.
WITH told AS (
    SELECT area_code, subdistrict_code, report_month AS period, report_month FROM core_station_report
    UNION
    SELECT area_code, subdistrict_code, SUBSTRING(report_month, 1, 4), report_month FROM core_station_report
),
work AS (
    SELECT
        area_code,
        subdistrict_code,
        report_month,
        COUNT(*) AS report_count,
        SUM(activity_count) AS activity_total,
        SUM(open_day_count) AS open_day_total,
        SUM(child_visit_count) AS child_visit_total,
        SUM(home_visit_count) AS home_visit_total,
        SUM(household_count) AS guided_household_total,
        CASE
            WHEN COUNT(practice_exchange_count) + COUNT(online_sharing_count) + COUNT(information_guidance_count) > 0
                THEN COALESCE(SUM(practice_exchange_count), 0)
                    + COALESCE(SUM(online_sharing_count), 0)
                    + COALESCE(SUM(information_guidance_count), 0)
        END AS guidance_session_total,
        SUM(parenting_class_count) AS parenting_class_total
    FROM core_station_report
    GROUP BY area_code, subdistrict_code, report_month
),
activity AS (
    SELECT
        told.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE told.subdistrict_code END AS subdistrict_code,
        told.period,
        SUM(work.report_count) AS report_count,
        SUM(work.activity_total) AS activity_total,
        SUM(work.open_day_total) AS open_day_total,
        SUM(work.child_visit_total) AS child_visit_total,
        SUM(work.home_visit_total) AS home_visit_total,
        SUM(work.guided_household_total) AS guided_household_total,
        SUM(work.guidance_session_total) AS guidance_session_total,
        SUM(work.parenting_class_total) AS parenting_class_total
    FROM told
    INNER JOIN work
        ON work.area_code = told.area_code
        AND work.subdistrict_code = told.subdistrict_code
        AND work.report_month = told.report_month
    CROSS JOIN (SELECT place FROM (VALUES ('all'), ('one')) AS pair (place)) AS level
    GROUP BY
        told.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE told.subdistrict_code END,
        told.period
),
station AS (
    SELECT
        cell.area_code,
        cell.subdistrict_code,
        cell.period,
        COUNT(*) AS station_count,
        COUNT(DISTINCT station.community_name) AS community_with_station_count
    FROM measure_cell AS cell
    INNER JOIN core_station AS station
        ON station.area_code = cell.area_code
        AND (station.subdistrict_code = cell.subdistrict_code OR cell.subdistrict_code = '_T')
        AND station.opened_on <= cell.measured_on
        AND (station.closed_on IS NULL OR station.closed_on > cell.measured_on)
    GROUP BY cell.area_code, cell.subdistrict_code, cell.period
),
community AS (
    SELECT
        day.measured_on,
        parameter.value_number AS community_count,
        ROW_NUMBER() OVER (
            PARTITION BY day.measured_on
            ORDER BY COALESCE(parameter.valid_from_on, DATE '1900-01-01') DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM (SELECT DISTINCT measured_on FROM measure_cell) AS day
    INNER JOIN profile_parameter AS parameter
        ON parameter.code = 'community_count'
        AND COALESCE(parameter.valid_from_on, DATE '1900-01-01') <= day.measured_on
        AND COALESCE(parameter.valid_to_on, DATE '9999-12-31') >= day.measured_on
)
SELECT
    cell.area_code,
    cell.subdistrict_code,
    cell.period,
    cell.obs_status_code,
    COALESCE(station.station_count, 0) AS station_count,
    COALESCE(station.community_with_station_count, 0) AS community_with_station_count,
    CASE WHEN cell.subdistrict_code = '_T' THEN CAST(community.community_count AS BIGINT) END AS community_count,
    COALESCE(activity.report_count, 0) AS report_count,
    activity.activity_total,
    activity.open_day_total,
    activity.child_visit_total,
    activity.home_visit_total,
    activity.guided_household_total,
    activity.guidance_session_total,
    activity.parenting_class_total
FROM measure_cell AS cell
LEFT JOIN station
    ON station.area_code = cell.area_code
    AND station.subdistrict_code = cell.subdistrict_code
    AND station.period = cell.period
LEFT JOIN activity
    ON activity.area_code = cell.area_code
    AND activity.subdistrict_code = cell.subdistrict_code
    AND activity.period = cell.period
LEFT JOIN community ON community.measured_on = cell.measured_on AND community.nth = 1
