-- code: family-point-carers-few
-- severity: error
-- table: filing_class
-- column: carer_count
-- says_zh: 家庭托育点每名照护人员照护的婴幼儿超过 {family_point_carer_ratio} 人
-- says_en: A carer of the family childcare point has more than {family_point_carer_ratio} children
-- advice_zh: 每名照护人员最多照护 {family_point_carer_ratio} 名婴幼儿；请核对人数，确属不足的应当整改
-- advice_en: A carer may look after {family_point_carer_ratio} children at most; check the numbers
-- source: 国卫人口发〔2023〕28号
-- dq: 0104
-- implements: R-CAP-01
-- parameters: family_point_carer_ratio
WITH stated AS (
    SELECT area_code, provider_id, event_on, sum(carer_count) AS carers, sum(enrolled_count) AS children
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
)
SELECT line.source_sha256, line.source_sheet, line.source_row,
    concat(stated.carers, ' / ', stated.children) AS value
FROM stated
INNER JOIN filing_period AS filed
    ON filed.area_code = stated.area_code
    AND filed.provider_id = stated.provider_id
    AND filed.event_on <= stated.event_on
    AND (filed.until_on IS NULL OR filed.until_on > stated.event_on)
INNER JOIN filing_class AS line
    ON line.area_code = stated.area_code
    AND line.provider_id = stated.provider_id
    AND line.event_on = stated.event_on
WHERE filed.site_type_code = 'family_point' AND stated.carers * $family_point_carer_ratio < stated.children
