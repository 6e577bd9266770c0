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
WITH stated AS (
    SELECT area_code, provider_id, event_on, sum(place_count) AS class_places, sum(enrolled_count) AS class_children
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
)
SELECT line.source_sha256, line.source_sheet, line.source_row, concat(stated.class_children, ' / ', filed.place_count) AS value
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
WHERE stated.class_children > filed.place_count
