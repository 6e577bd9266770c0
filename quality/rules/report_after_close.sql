-- code: report-after-close
-- severity: warning
-- table: station_report
-- column: report_month
-- says_zh: 驿站停用之后仍有月报
-- says_en: The station was closed before the month of the report
-- advice_zh: 请核对月报月份；如驿站仍在服务，请更正停用日期
-- advice_en: Correct the month of the report, or the closing date of the station
-- source: project
-- dq: 0503
-- implements: R-STN-02
SELECT r.source_sha256, r.source_sheet, r.source_row, r.report_month AS value
FROM station_report r
JOIN station s ON s.area_code = r.area_code AND s.station_id = r.station_id
WHERE r.report_month > substr(CAST(s.closed_on AS VARCHAR), 1, 7)
