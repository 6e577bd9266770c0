-- code: class-places-above-filing
-- severity: error
-- table: filing_class
-- column: place_count
-- says_zh: 各班型托位数之和比机构备案的托位数多出 {class_places_tolerance} 个以上
-- says_en: The places of the class types are more than the places filed, by more than {class_places_tolerance}
-- advice_zh: 请核对各班型托位数；确已增加托位的，请先报送变更备案
-- advice_en: Correct the places of the class types, or send the filing of the change first
-- source: project
-- dq: 0402
-- implements: R-CLS-04
-- parameters: class_places_tolerance
-- More than filed cannot come from a line that is missing: the rows wait until they or the filing are corrected.
WITH stated AS (
    SELECT area_code, provider_id, event_on, sum(place_count) AS class_places, sum(enrolled_count) AS class_children
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
)
SELECT line.source_sha256, line.source_sheet, line.source_row, concat(stated.class_places, ' / ', filed.place_count) AS value
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
WHERE stated.class_places > filed.place_count + $class_places_tolerance
