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
SELECT source_sha256, source_sheet, source_row, concat(places, ' / ', filed_places) AS value
FROM stated_classes
WHERE places > filed_places + $class_places_tolerance
