-- code: class-places-sum
-- severity: warning
-- table: filing_class
-- column: place_count
-- says_zh: 各班型托位数之和与机构备案的托位数不一致
-- says_en: The places of the class types do not add up to the places the provider filed
-- advice_zh: 请核对各班型托位数，或办理托位数变更备案，使两处一致
-- advice_en: Correct the places of the class types, or file a change of places, so that both agree
-- source: domain R-CLS-04
-- dq: 0402
-- A class row is compared with the latest filing known on its date; filings without places are not compared.
WITH stated AS (
    SELECT area_code, provider_id, event_on, sum(place_count) AS class_places
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
),
filed AS (
    SELECT s.area_code, s.provider_id, s.event_on, s.class_places, f.place_count,
        row_number() OVER (
            PARTITION BY s.area_code, s.provider_id, s.event_on
            ORDER BY f.event_on DESC, f.filing_event_code, f.source_sha256, f.source_row
        ) AS recency
    FROM stated s
    JOIN filing f ON f.area_code = s.area_code AND f.provider_id = s.provider_id AND f.event_on <= s.event_on
)
SELECT c.source_sha256, c.source_sheet, c.source_row, concat(d.class_places, ' / ', d.place_count) AS value
FROM filed d
JOIN filing_class c
    ON c.area_code = d.area_code AND c.provider_id = d.provider_id AND c.event_on = d.event_on
WHERE d.recency = 1 AND d.place_count IS NOT NULL AND d.class_places <> d.place_count
