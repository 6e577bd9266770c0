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
SELECT source_sha256, source_sheet, source_row, concat(age_min_months, ' 个月') AS value
FROM stated_classes
WHERE class_types = ['mixed'] AND site_type_code <> 'family_point' AND age_min_months < $class_age_min_mixed
