-- code: fee-boarding-not-offered
-- severity: error
-- table: fee_quote
-- column: fee_item_code
-- says_zh: 收取住宿费，但备案的服务形式不提供住宿
-- says_en: A boarding fee is charged, but no service mode that was filed can include boarding
-- advice_zh: 住宿费只在提供住宿时收取；请核对收费项目，或更正备案的服务形式
-- advice_en: Boarding is charged only where it is offered; correct the item, or the service modes of the filing
-- source: 发改价格〔2024〕1477号
-- dq: 0104
-- implements: R-FEE-03
-- parameters: boarding_service_modes
SELECT fee.source_sha256, fee.source_sheet, fee.source_row, filed.service_modes AS value
FROM fee_quote AS fee
INNER JOIN filing_period AS filed
    ON filed.area_code = fee.area_code
    AND filed.provider_id = fee.provider_id
    AND filed.event_on <= fee.observed_on
    AND (filed.until_on IS NULL OR filed.until_on > fee.observed_on)
WHERE fee.fee_item_code = 'boarding'
    AND NOT list_has_any(string_split(filed.service_modes, ';'), string_split($boarding_service_modes, ';'))
