-- code: class-places-sum
-- severity: warning
-- table: filing_class
-- column: place_count
-- says_zh: 各班型托位数之和与机构备案的托位数不一致
-- says_en: The places of the class types do not add up to the places the provider filed
-- advice_zh: 请核对各班型托位数，看是否漏报了班型；或办理托位数变更备案，使两处一致
-- advice_en: Correct the places of the class types (one may be missing), or file a change of places, so that both agree
-- source: project
-- dq: 0402
-- implements: R-CLS-04
-- parameters: class_places_tolerance
-- A class row is compared with the filing in force on its date. Fewer places than filed, or a few more, are only
-- pointed out, because a line of another class may still be missing.
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
WHERE stated.class_places <> filed.place_count
    AND stated.class_places <= filed.place_count + $class_places_tolerance
