-- The classes of a provider on a day, what they add up to, and the filing in force on that day: one row a class line.
SELECT
    line.source_sha256,
    line.source_sheet,
    line.source_row,
    filed.site_type_code,
    line.class_type_code,
    filed.place_count AS filed_places,
    filed.age_min_months,
    filed.age_max_months,
    filed.floor_max,
    stated.class_types,
    stated.places,
    stated.children,
    stated.carers
FROM (
    SELECT
        area_code,
        provider_id,
        event_on,
        list_sort(list(DISTINCT class_type_code)) AS class_types,
        sum(place_count) AS places,
        sum(enrolled_count) AS children,
        sum(carer_count) AS carers
    FROM filing_class
    GROUP BY area_code, provider_id, event_on
) AS stated
INNER JOIN filing_period AS filed
    ON filed.area_code = stated.area_code
    AND filed.provider_id = stated.provider_id
    AND filed.event_on <= stated.event_on
    AND (filed.until_on IS NULL OR filed.until_on > stated.event_on)
INNER JOIN filing_class AS line
    ON line.area_code = stated.area_code
    AND line.provider_id = stated.provider_id
    AND line.event_on = stated.event_on
