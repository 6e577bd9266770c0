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
SELECT source_sha256, source_sheet, source_row, filed_service_modes AS value
FROM quoted_fee
WHERE fee_item_code = 'boarding'
    AND NOT list_has_any(string_split(filed_service_modes, ';'), string_split($boarding_service_modes, ';'))
