-- code: filing-transition
-- severity: warning
-- table: filing
-- column: filing_status_code
-- says_zh: 备案状态的变化不合程序（例如已备案又回到已提交）
-- says_en: The status cannot follow from the one before (such as submitted after filed)
-- advice_zh: 请核对备案状态和事项日期，看是否漏报了中间的事项或写错了年份
-- advice_en: Check status and date: an event in between may be missing, or a year may be wrong
-- source: 国卫办人口发〔2019〕25号 Arts. 8-10
-- dq: 0503
-- implements: R-FIL-06, R-FIL-04
-- parameters: filing_transitions
WITH step AS (
    SELECT
        filing.*,
        lag(filing_status_code) OVER history AS status_before,
        lag(filing_event_code) OVER history AS event_before,
        lag(event_on) OVER history AS event_on_before
    FROM filing
    WINDOW history AS (
        PARTITION BY area_code, provider_id
        ORDER BY
            event_on,
            CASE filing_event_code WHEN 'new' THEN 1 WHEN 'change' THEN 2 WHEN 'snapshot' THEN 3 ELSE 4 END,
            filing_event_code
    )
)
SELECT source_sha256, source_sheet, source_row, concat(status_before, ' > ', filing_status_code) AS value
FROM step
WHERE status_before <> filing_status_code
    AND NOT (status_before = 'deregistered' AND filing_event_code IN ('new', 'change'))
    AND NOT list_contains(
        string_split($filing_transitions, ';'), concat(status_before, '>', filing_status_code)
    )
