-- code: fee-above-cap
-- severity: warning
-- table: fee_quote
-- column: fee_amount
-- says_zh: 普惠托育机构的收费高于当时的收费上限
-- says_en: An inclusive provider charges more than the cap of that time
-- advice_zh: 请核对金额和计费单位；确属超过上限的，可能影响普惠认定
-- advice_en: Check the amount and its unit; a fee above the cap may end the recognition as inclusive
-- source: 发改价格〔2024〕1477号; 杭州市普惠性托育机构认定及补助管理办法
-- dq: 0104
-- implements: R-FEE-04
-- The filing says who is inclusive on the day the price begins; a cap for one class or mode goes before one for any.
WITH compared AS (
    SELECT
        fee.source_sha256,
        fee.source_sheet,
        fee.source_row,
        fee.fee_amount,
        cap.cap_amount,
        row_number() OVER (
            PARTITION BY fee.source_sha256, fee.source_sheet, fee.source_row
            ORDER BY
                CASE WHEN cap.class_type_code = 'any' THEN 1 ELSE 0 END,
                CASE WHEN cap.service_mode_code = 'any' THEN 1 ELSE 0 END,
                cap.valid_from_on DESC
        ) AS nth
    FROM quoted_fee AS fee
    INNER JOIN price_cap AS cap
        ON cap.area_code = fee.area_code
        AND cap.fee_item_code = fee.fee_item_code
        AND cap.fee_unit_code = fee.fee_unit_code
        AND cap.currency_code = fee.currency_code
        AND cap.class_type_code IN (fee.class_type_code, 'any')
        AND cap.service_mode_code IN (fee.service_mode_code, 'any')
        AND cap.valid_from_on <= coalesce(fee.valid_from_on, fee.observed_on)
        AND (cap.valid_to_on IS NULL OR cap.valid_to_on >= coalesce(fee.valid_from_on, fee.observed_on))
    WHERE fee.filed_is_inclusive
)
SELECT source_sha256, source_sheet, source_row, concat(fee_amount, ' / ', cap_amount) AS value
FROM compared
WHERE nth = 1 AND fee_amount > cap_amount
