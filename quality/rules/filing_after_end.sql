-- code: filing-after-end
-- severity: error
-- table: filing
-- column: event_on
-- says_zh: 该机构此前已注销备案，注销之后不能再办理事项
-- says_en: The filing of this provider had already ended; no event can follow
-- advice_zh: 请核对事项日期和注销日期；注销后重新开办的，应按新备案办理并使用新的机构标识
-- advice_en: Check both dates; a provider that opens again files anew, under a new identifier
-- source: 国卫办人口发〔2019〕25号 Art. 10
-- dq: 0503
-- implements: R-FIL-06
-- A line of a register is no step of a procedure: it may still list who has left (see filing-transition).
WITH history AS (
    SELECT area_code, provider_id, min(event_on) AS ended_on
    FROM filing
    WHERE filing_status_code = 'deregistered'
    GROUP BY area_code, provider_id
)
SELECT filing.source_sha256, filing.source_sheet, filing.source_row, concat('注销 ', history.ended_on) AS value
FROM filing
INNER JOIN history ON history.area_code = filing.area_code AND history.provider_id = filing.provider_id
WHERE filing.event_on > history.ended_on
    AND filing.filing_event_code IN ('new', 'change')
    AND filing.filing_status_code <> 'deregistered'
