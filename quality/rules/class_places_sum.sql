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
SELECT source_sha256, source_sheet, source_row, concat(places, ' / ', filed_places) AS value
FROM stated_classes
WHERE places <> filed_places AND places <= filed_places + $class_places_tolerance
