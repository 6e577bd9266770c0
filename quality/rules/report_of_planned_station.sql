-- code: report-of-planned-station
-- severity: warning
-- table: station_report
-- column: report_month
-- says_zh: 驿站的状态还是筹建，却已有开放的月报
-- says_en: The station is still planned, yet it reports open days
-- advice_zh: 请更新驿站状态和开放日期，或核对驿站编号
-- advice_en: Update the status and the opening date of the station, or check its identifier
-- source: project
-- dq: 0402
-- implements: R-STN-02
SELECT report.source_sha256, report.source_sheet, report.source_row, station.station_status_code AS value
FROM station_report AS report
INNER JOIN station ON station.area_code = report.area_code AND station.station_id = report.station_id
WHERE station.station_status_code = 'planned' AND report.open_day_count > 0
