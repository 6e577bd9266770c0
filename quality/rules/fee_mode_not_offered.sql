-- code: fee-mode-not-offered
-- severity: warning
-- table: fee_quote
-- column: service_mode_code
-- says_zh: 收费对应的服务形式不在机构备案的服务形式之中
-- says_en: The fee is for a service mode that the provider has not filed
-- advice_zh: 请核对服务形式；确已开展的，请先办理变更备案
-- advice_en: Correct the service mode, or file the change first
-- source: 发改价格〔2024〕1477号
-- dq: 0402
-- implements: R-FEE-02
SELECT source_sha256, source_sheet, source_row, service_mode_code AS value
FROM quoted_fee
WHERE service_mode_code <> 'any'
    AND NOT list_contains(string_split(filed_service_modes, ';'), service_mode_code)
