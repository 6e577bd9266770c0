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
SELECT source_sha256, source_sheet, source_row, concat(carers, ' / ', children) AS value
FROM stated_classes
WHERE site_type_code = 'family_point' AND carers * $family_point_carer_ratio < children
