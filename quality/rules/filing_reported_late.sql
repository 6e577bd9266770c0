-- code: filing-reported-late
-- severity: warning
-- table: filing
-- column: event_on
-- says_zh: 事项发生到报送超过 {publication_workdays_max} 个工作日，白名单的变化已不能按期公布
-- says_en: More than {publication_workdays_max} working days passed before the event was reported: its publication is late
-- advice_zh: 请核对事项日期和填报日期；今后请在事项办结后及时报送
-- advice_en: Check both dates; report events as soon as they are settled
-- source: 政府信息公开条例 Art. 26
-- dq: 0502
-- implements: R-FIL-08
-- parameters: publication_workdays_max, publication_from_on
-- Events from before the district began to publish are history, and cannot be late.
SELECT filing.source_sha256, filing.source_sheet, filing.source_row,
    concat(told.working_day_no - happened.working_day_no, ' 个工作日') AS value
FROM filing
INNER JOIN working_day AS happened ON happened.day_on = filing.event_on
INNER JOIN working_day AS told ON told.day_on = coalesce(filing.reported_on, filing.received_on)
WHERE filing.filing_event_code <> 'snapshot'
    AND filing.filing_status_code IN ('filed', 'changed', 'noncompliant', 'suspended', 'deregistered', 'removed')
    AND filing.event_on >= CAST($publication_from_on AS DATE)
    AND told.working_day_no - happened.working_day_no > $publication_workdays_max
