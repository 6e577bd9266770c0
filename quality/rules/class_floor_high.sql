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
SELECT source_sha256, source_sheet, source_row, concat(floor_max, ' 层') AS value
FROM stated_classes
WHERE NOT list_has_any(class_types, ['big', 'mixed']) AND floor_max > $floor_max_young
