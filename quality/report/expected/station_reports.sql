-- code: station-reports
-- zh: 成长驿站月报
-- en: Monthly reports of growth stations
-- expects_zh: 每个开放的驿站每个整月一份，最近 12 个到期的月份
-- expects_en: one for each whole month a station is open, over the latest 12 months that are due
-- source: 杭州市婴幼儿成长驿站服务要求 (2024); R-STN-05
-- concerns: core_station_report
-- reads: core_station, core_station_report
-- names: open_station, station_id, station_name
-- Due by the day the district sets; where it sets none, when the following month is over: that is late by any day.
WITH due AS (
    SELECT CAST(date_trunc('month', as_of_on) - CASE
        WHEN extract(DAY FROM as_of_on) > (
            SELECT value_number FROM profile_parameter_in_force WHERE code = 'station_report_due_day'
        ) OR as_of_on = last_day(as_of_on) THEN INTERVAL 1 MONTH
        ELSE INTERVAL 2 MONTH
    END AS DATE) AS last_on
    FROM profile_run
),
first_report AS (
    SELECT area_code, station_id, CAST(min(report_month) || '-01' AS DATE) AS first_on
    FROM core_station_report
    GROUP BY ALL
),
month AS (
    SELECT CAST(unnest(range(last_on - INTERVAL 11 MONTH, last_on + INTERVAL 1 DAY, INTERVAL 1 MONTH)) AS DATE) AS month_on
    FROM due
)
SELECT
    station.area_code,
    station.station_id AS member_id,
    strftime(month.month_on, '%Y-%m') AS period,
    report.station_id IS NOT NULL AS is_received
FROM core_station AS station
INNER JOIN month ON TRUE
LEFT JOIN first_report
    ON first_report.area_code = station.area_code AND first_report.station_id = station.station_id
LEFT JOIN core_station_report AS report
    ON report.area_code = station.area_code
    AND report.station_id = station.station_id
    AND report.report_month = strftime(month.month_on, '%Y-%m')
WHERE coalesce(station.station_status_code, 'open') IN ('open', 'closed')
    AND coalesce(station.opened_on, first_report.first_on) <= month.month_on
    AND (station.closed_on IS NULL OR station.closed_on > last_day(month.month_on))
