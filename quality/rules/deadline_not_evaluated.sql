-- code: deadline-not-evaluated
-- severity: info
-- table: filing
-- column: receipted_on
-- says_zh: 该年份的法定节假日安排尚不在日历中，按工作日计算的时限没有判断
-- says_en: The holidays of that year are not in the calendar: limits in working days were not judged
-- advice_zh: 日期无误的不必处理；日历更新后会自动判断
-- advice_en: Nothing to do if the dates are right; it is judged once the calendar is updated
-- source: 国务院办公厅关于部分节假日安排的通知
-- dq: 0502
-- implements: R-FIL-02, R-FIL-03
-- parameters: receipt_workdays_max, nonconformity_notice_workdays_max
-- Fails closed: a limit that reaches into such a year is said to be unjudged, not taken as kept.
SELECT filing.source_sha256, filing.source_sheet, filing.source_row,
    concat(coalesce(filing.submitted_on, filing.receipted_on), ' / ', coalesce(filing.receipted_on, filing.event_on))
        AS value
FROM filing
LEFT JOIN working_day AS submitted ON submitted.day_on = filing.submitted_on
LEFT JOIN working_day AS received ON received.day_on = filing.receipted_on
LEFT JOIN working_day AS noticed ON noticed.day_on = filing.event_on
WHERE (
    filing.submitted_on IS NOT NULL AND filing.receipted_on IS NOT NULL
    AND (submitted.day_on IS NULL OR received.day_on IS NULL)
    AND $receipt_workdays_max IS NOT NULL
) OR (
    filing.filing_status_code = 'noncompliant' AND filing.receipted_on IS NOT NULL
    AND (received.day_on IS NULL OR noticed.day_on IS NULL)
    AND $nonconformity_notice_workdays_max IS NOT NULL
)
