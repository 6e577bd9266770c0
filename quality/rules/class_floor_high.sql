-- code: class-floor-high
-- severity: warning
-- table: filing_class
-- column: class_type_code
-- says_zh: 只有乳儿班、托小班，而用房高于 {floor_max_young} 层
-- says_en: There are only infant and toddler classes, but rooms above floor {floor_max_young}
-- advice_zh: 乳儿班、托小班应设在 {floor_max_young} 层；请核对最高楼层或班型
-- advice_en: Infant and toddler classes belong on floor {floor_max_young}; check the floors or the class types
-- source: JGJ 39-2016
-- dq: 0104
-- implements: R-AREA-03
-- parameters: floor_max_young
-- The oldest may be one floor up, so that only providers without their class are judged.
WITH kinds AS (
    SELECT area_code, provider_id, event_on, max(CASE WHEN class_type_code IN ('big', 'mixed') THEN 1 ELSE 0 END) AS older
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
)
SELECT line.source_sha256, line.source_sheet, line.source_row, concat(filed.floor_max, ' 层') AS value
FROM kinds
INNER JOIN filing_period AS filed
    ON filed.area_code = kinds.area_code
    AND filed.provider_id = kinds.provider_id
    AND filed.event_on <= kinds.event_on
    AND (filed.until_on IS NULL OR filed.until_on > kinds.event_on)
INNER JOIN filing_class AS line
    ON line.area_code = kinds.area_code AND line.provider_id = kinds.provider_id AND line.event_on = kinds.event_on
WHERE kinds.older = 0 AND filed.floor_max > $floor_max_young
