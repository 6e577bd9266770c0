-- code: open-days-above-schedule
-- severity: warning
-- table: station_report
-- column: open_day_count
-- says_zh: 当月开放天数多于驿站每周开放天数所能达到的天数
-- says_en: The station was open on more days than its open days per week allow
-- advice_zh: 请核对开放天数；驿站的每周开放天数有变的，请更新驿站信息
-- advice_en: Check the days; update the station if its open days per week have changed
-- source: project
-- dq: 0402
-- implements: R-STN-02
SELECT report.source_sha256, report.source_sheet, report.source_row,
    concat(report.open_day_count, ' / ', station.open_days_per_week) AS value
FROM station_report AS report
INNER JOIN station ON station.area_code = report.area_code AND station.station_id = report.station_id
WHERE report.open_day_count > 5 * station.open_days_per_week
