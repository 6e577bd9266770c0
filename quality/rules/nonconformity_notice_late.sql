-- code: nonconformity-notice-late
-- severity: warning
-- table: filing
-- column: event_on
-- says_zh: 收到备案到告知并公示不符合，超过 {nonconformity_notice_workdays_max} 个工作日
-- says_en: More than {nonconformity_notice_workdays_max} working days passed between the receipt and the notice of nonconformity
-- advice_zh: 请核对回执日期和事项日期（告知并公示之日）
-- advice_en: Check the date of the receipt and that of the event (the day of the notice)
-- source: 国卫办人口发〔2019〕25号 Art. 9
-- dq: 0502
-- implements: R-FIL-03
-- parameters: nonconformity_notice_workdays_max
SELECT filing.source_sha256, filing.source_sheet, filing.source_row,
    concat(noticed.working_day_no - received.working_day_no, ' 个工作日') AS value
FROM filing
INNER JOIN working_day AS received ON received.day_on = filing.receipted_on
INNER JOIN working_day AS noticed ON noticed.day_on = filing.event_on
WHERE filing.filing_status_code = 'noncompliant'
    AND noticed.working_day_no - received.working_day_no > $nonconformity_notice_workdays_max
