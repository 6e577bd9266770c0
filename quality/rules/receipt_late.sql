-- code: receipt-late
-- severity: warning
-- table: filing
-- column: receipted_on
-- says_zh: 提交备案到出具回执超过 {receipt_workdays_max} 个工作日
-- says_en: More than {receipt_workdays_max} working days passed between the submission and the receipt
-- advice_zh: 请核对提交日期（指材料齐全之日）和回执日期；确属超期的请注意办理时限
-- advice_en: Check both dates (a submission counts from the day it was complete); otherwise mind the time limit
-- source: 国卫办人口发〔2019〕25号 Art. 9
-- dq: 0502
-- implements: R-FIL-02
-- parameters: receipt_workdays_max
-- Submission and receipt are stated again with later events: they are judged once.
WITH stated AS (
    SELECT
        filing.*,
        row_number() OVER (
            PARTITION BY area_code, provider_id, submitted_on, receipted_on
            ORDER BY event_on, source_sha256, source_row
        ) AS nth
    FROM filing
)
SELECT stated.source_sha256, stated.source_sheet, stated.source_row,
    concat(received.working_day_no - submitted.working_day_no, ' 个工作日') AS value
FROM stated
INNER JOIN working_day AS submitted ON submitted.day_on = stated.submitted_on
INNER JOIN working_day AS received ON received.day_on = stated.receipted_on
WHERE stated.nth = 1 AND received.working_day_no - submitted.working_day_no > $receipt_workdays_max
