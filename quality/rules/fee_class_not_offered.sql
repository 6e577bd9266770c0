-- code: fee-class-not-offered
-- severity: warning
-- table: fee_quote
-- column: class_type_code
-- says_zh: 收费对应的班型不在机构填报的班级之中
-- says_en: The fee is for a class type of which the provider has no class
-- advice_zh: 请核对班型；确有该班型的，请补报班级
-- advice_en: Correct the class type, or report the class
-- source: 发改价格〔2024〕1477号
-- dq: 0402
-- implements: R-FEE-02
-- Providers that state no classes are not judged.
WITH line AS (
    SELECT DISTINCT area_code, provider_id, class_type_code FROM filing_class
),
has_classes AS (
    SELECT DISTINCT area_code, provider_id FROM line
)
SELECT fee.source_sha256, fee.source_sheet, fee.source_row, fee.class_type_code AS value
FROM quoted_fee AS fee
INNER JOIN has_classes ON has_classes.area_code = fee.area_code AND has_classes.provider_id = fee.provider_id
LEFT JOIN line
    ON line.area_code = fee.area_code
    AND line.provider_id = fee.provider_id
    AND line.class_type_code = fee.class_type_code
WHERE fee.class_type_code <> 'any' AND line.provider_id IS NULL
