-- code: station-activities-few
-- severity: warning
-- table: station_report
-- column: activity_count
-- says_zh: 连续 {station_activity_window_months} 个月没有开展养育活动
-- says_en: There was no activity in {station_activity_window_months} months
-- advice_zh: 驿站每 {station_activity_window_months} 个月至少开展一次养育活动；请核对活动场次
-- advice_en: Stations hold an activity every {station_activity_window_months} months or more often; check the number
-- source: 杭州市婴幼儿成长驿站服务要求 (2024)
-- dq: 0501
-- implements: R-STN-03
-- parameters: station_activity_window_months
-- Months that were not reported are not taken for months without activity.
WITH month AS (
    SELECT report.*, CAST(left(report_month, 4) AS INTEGER) * 12 + CAST(right(report_month, 2) AS INTEGER) AS month_no
    FROM station_report AS report
),
looked_at AS (
    SELECT
        month.*,
        sum(activity_count) OVER recent AS activities,
        count(*) OVER recent AS months
    FROM month
    WINDOW recent AS (
        PARTITION BY area_code, station_id
        ORDER BY month_no
        RANGE BETWEEN $station_activity_window_months - 1 PRECEDING AND CURRENT ROW
    )
)
SELECT source_sha256, source_sheet, source_row, report_month AS value
FROM looked_at
WHERE months = $station_activity_window_months AND activities = 0 AND open_day_count > 0
