-- code: class-enrolment-above-filing
-- severity: warning
-- table: filing_class
-- column: enrolled_count
-- says_zh: 各班型在托人数之和多于机构备案的托位数
-- says_en: The children of all classes are more than the places the provider filed
-- advice_zh: 半日托、临时托可以多于托位；否则请核对在托人数和托位数
-- advice_en: Half-day and temporary care may exceed the places; otherwise check children and places
-- source: project
-- dq: 0402
-- implements: R-CAP-02
SELECT source_sha256, source_sheet, source_row, concat(children, ' / ', filed_places) AS value
FROM stated_classes
WHERE children > filed_places
