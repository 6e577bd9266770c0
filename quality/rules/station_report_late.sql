-- code: station-report-late
-- severity: warning
-- table: station_report
-- column: reported_on
-- says_zh: 月报晚于次月 {station_report_due_day} 日报送
-- says_en: The report came after day {station_report_due_day} of the next month
-- advice_zh: 请核对填报日期；今后请在次月 {station_report_due_day} 日前报送
-- advice_en: Check the date; reports are due by day {station_report_due_day} of the next month
-- source: project
-- dq: 0502
-- implements: R-STN-05
-- parameters: station_report_due_day
SELECT report.source_sha256, report.source_sheet, report.source_row, report.reported_on AS value
FROM station_report AS report
WHERE report.reported_on
    > CAST(report.report_month || '-01' AS DATE) + INTERVAL 1 MONTH + INTERVAL 1 DAY * ($station_report_due_day - 1)
