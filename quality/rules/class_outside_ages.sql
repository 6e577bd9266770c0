-- code: class-outside-ages
-- severity: warning
-- table: filing_class
-- column: class_type_code
-- says_zh: 该班型的月龄不在机构备案的收托月龄之内
-- says_en: The ages of this class type lie outside the ages the provider takes
-- advice_zh: 请核对班型，或更正机构的收托月龄
-- advice_en: Correct the class type, or the ages of the provider
-- source: 国卫人口发〔2019〕58号 标准 Art. 19
-- dq: 0402
-- implements: R-CLS-05
-- parameters: class_age_min_infant, class_age_max_infant, class_age_min_small, class_age_max_small, class_age_min_big, class_age_max_big, class_age_min_mixed, class_age_max_mixed
WITH age AS (
    SELECT * FROM (VALUES
        ('infant', $class_age_min_infant, $class_age_max_infant),
        ('small', $class_age_min_small, $class_age_max_small),
        ('big', $class_age_min_big, $class_age_max_big),
        ('mixed', $class_age_min_mixed, $class_age_max_mixed)
    ) AS given(class_type_code, age_from, age_to)
)
SELECT line.source_sha256, line.source_sheet, line.source_row,
    concat(filed.age_min_months, '-', filed.age_max_months, ' 个月') AS value
FROM filing_class AS line
INNER JOIN age ON age.class_type_code = line.class_type_code
INNER JOIN filing_period AS filed
    ON filed.area_code = line.area_code
    AND filed.provider_id = line.provider_id
    AND filed.event_on <= line.event_on
    AND (filed.until_on IS NULL OR filed.until_on > line.event_on)
WHERE filed.site_type_code <> 'family_point'
    AND (age.age_to <= filed.age_min_months OR age.age_from >= filed.age_max_months)
