-- code: fee-periods-overlap
-- severity: warning
-- table: fee_quote
-- column: valid_from_on
-- says_zh: 同一收费项目的两段有效期重叠
-- says_en: Two prices of the same item hold at the same time
-- advice_zh: 请核对两个价格的有效期，把前一个价格的有效期止改为新价格执行的前一日
-- advice_en: Let the earlier price end on the day before the new one begins
-- source: project
-- dq: 0503
-- implements: R-FEE-06
-- Prices of one item that were seen on different days: a new price takes over from an old one without end, but not
-- from one that says it still runs. A price seen again is not another one.
WITH price AS (
    SELECT
        area_code, provider_id, fee_item_code, class_type_code, service_mode_code, fee_line_no, collection_basis_code,
        valid_from_on, fee_amount, max(valid_to_on) AS valid_to_on
    FROM fee_quote
    WHERE valid_from_on IS NOT NULL
    GROUP BY ALL
),
followed AS (
    SELECT
        price.*,
        max(valid_to_on) OVER (
            PARTITION BY area_code, provider_id, fee_item_code, class_type_code, service_mode_code, fee_line_no,
                collection_basis_code
            ORDER BY valid_from_on
            RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING
        ) AS running_until_on
    FROM price
)
SELECT fee.source_sha256, fee.source_sheet, fee.source_row, followed.running_until_on AS value
FROM fee_quote AS fee
INNER JOIN followed
    ON followed.area_code = fee.area_code
    AND followed.provider_id = fee.provider_id
    AND followed.fee_item_code = fee.fee_item_code
    AND followed.class_type_code = fee.class_type_code
    AND followed.service_mode_code = fee.service_mode_code
    AND followed.fee_line_no = fee.fee_line_no
    AND followed.collection_basis_code = fee.collection_basis_code
    AND followed.valid_from_on = fee.valid_from_on
    AND followed.fee_amount = fee.fee_amount
WHERE followed.running_until_on >= followed.valid_from_on
