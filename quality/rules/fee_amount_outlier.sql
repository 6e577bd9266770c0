-- code: fee-amount-outlier
-- severity: warning
-- table: fee_quote
-- column: fee_amount
-- says_zh: 收费远高于其他机构的同类收费
-- says_en: The fee is far above what others charge for the same
-- advice_zh: 请核对金额和计费单位；无误的不必处理
-- advice_en: Check the amount and its unit; nothing to do if they are right
-- source: project
-- dq: 0305
-- implements: R-FEE-01
-- parameters: fee_quartile_min_providers, fee_outlier_iqr_factor
WITH spread AS (
    SELECT
        area_code, fee_item_code, class_type_code, service_mode_code, fee_unit_code, currency_code,
        count(DISTINCT provider_id) AS providers,
        quantile_cont(fee_amount, 0.25) AS p25,
        quantile_cont(fee_amount, 0.75) AS p75
    FROM fee_quote
    GROUP BY ALL
)
SELECT fee.source_sha256, fee.source_sheet, fee.source_row, fee.fee_amount AS value
FROM fee_quote AS fee
INNER JOIN spread
    ON spread.area_code = fee.area_code
    AND spread.fee_item_code = fee.fee_item_code
    AND spread.class_type_code = fee.class_type_code
    AND spread.service_mode_code = fee.service_mode_code
    AND spread.fee_unit_code = fee.fee_unit_code
    AND spread.currency_code = fee.currency_code
WHERE spread.providers >= $fee_quartile_min_providers
    AND fee.fee_amount > spread.p75 + $fee_outlier_iqr_factor * (spread.p75 - spread.p25)
