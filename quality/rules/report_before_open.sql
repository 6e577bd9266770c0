-- code: report-before-open
-- severity: error
-- table: station_report
-- column: report_month
-- says_zh: 月报所属月份早于驿站启用月份
-- says_en: The report is for a month before the station opened
-- advice_zh: 请核对月报月份；如驿站启用日期有误，请更正驿站信息
-- advice_en: Correct the month of the report, or the opening date of the station
-- source: project
-- dq: 0503
-- implements: R-STN-02
SELECT r.source_sha256, r.source_sheet, r.source_row, r.report_month AS value
FROM station_report r
JOIN station s ON s.area_code = r.area_code AND s.station_id = r.station_id
WHERE r.report_month < substr(CAST(s.opened_on AS VARCHAR), 1, 7)
