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
    concat(line.age_min_months, '-', line.age_max_months, ' 个月') AS value
FROM stated_classes AS line
INNER JOIN age ON age.class_type_code = line.class_type_code
WHERE line.site_type_code <> 'family_point'
    AND (age.age_to <= line.age_min_months OR age.age_from >= line.age_max_months)
