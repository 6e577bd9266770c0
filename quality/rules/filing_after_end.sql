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
-- An id that came back for somebody else has not ended (see provider-id-reused).
-- A line of a register is no step of a procedure: it may still list who has left (see filing-transition).
WITH used AS (
    SELECT filing.*, identity.use_no
    FROM filing
    INNER JOIN filing_identity AS identity
        ON identity.area_code = filing.area_code
        AND identity.source_provider_id = filing.provider_id
        AND identity.filing_event_code = filing.filing_event_code
        AND identity.event_on = filing.event_on
),
history AS (
    SELECT area_code, provider_id, use_no, min(event_on) AS ended_on
    FROM used
    WHERE filing_status_code = 'deregistered'
    GROUP BY area_code, provider_id, use_no
)
SELECT used.source_sha256, used.source_sheet, used.source_row, concat('注销 ', history.ended_on) AS value
FROM used
INNER JOIN history
    ON history.area_code = used.area_code AND history.provider_id = used.provider_id AND history.use_no = used.use_no
WHERE used.event_on > history.ended_on
    AND used.filing_event_code IN ('new', 'change')
    AND used.filing_status_code <> 'deregistered'
