-- code: mixed-class-too-young
-- severity: error
-- table: filing_class
-- column: class_type_code
-- says_zh: 只有混合编班，而机构收托的最小月龄小于 {class_age_min_mixed} 个月
-- says_en: All classes are mixed, but the provider takes children younger than {class_age_min_mixed} months
-- advice_zh: 混合编班只收 {class_age_min_mixed} 个月以上的婴幼儿；请核对班型，或更正机构的收托月龄下限
-- advice_en: Mixed classes are for children from {class_age_min_mixed} months; correct the class types or the youngest age
-- source: 国卫人口发〔2019〕58号 标准 Art. 19
-- dq: 0104
-- implements: R-CLS-03
-- parameters: class_age_min_mixed
-- Only where every class is mixed: elsewhere the younger children may be in another class. Family points have no
-- class types in law.
WITH kinds AS (
    SELECT area_code, provider_id, event_on, min(class_type_code) AS first_type, max(class_type_code) AS last_type
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
)
SELECT line.source_sha256, line.source_sheet, line.source_row, concat(filed.age_min_months, ' 个月') AS value
FROM kinds
INNER JOIN filing_period AS filed
    ON filed.area_code = kinds.area_code
    AND filed.provider_id = kinds.provider_id
    AND filed.event_on <= kinds.event_on
    AND (filed.until_on IS NULL OR filed.until_on > kinds.event_on)
INNER JOIN filing_class AS line
    ON line.area_code = kinds.area_code AND line.provider_id = kinds.provider_id AND line.event_on = kinds.event_on
WHERE kinds.first_type = 'mixed'
    AND kinds.last_type = 'mixed'
    AND filed.site_type_code <> 'family_point'
    AND filed.age_min_months < $class_age_min_mixed
