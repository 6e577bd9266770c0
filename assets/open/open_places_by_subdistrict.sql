-- Providers on file, as IND-01, IND-02 and IND-04 count them.
-- `_T` is all subdistricts or all forms; a subdistrict without any provider has its row of zeros.
WITH provider AS (
    SELECT
        area_code,
        subdistrict_code,
        service_form_code,
        COALESCE(place_count, 0) AS place_count,
        CASE WHEN is_inclusive THEN COALESCE(place_count, 0) ELSE 0 END AS inclusive_place_count
    FROM core_provider
    WHERE valid_to_on IS NULL AND is_on_file
),
counted AS (
    SELECT area_code, subdistrict_code, service_form_code, 1 AS provider_count, place_count, inclusive_place_count
    FROM provider
    UNION ALL
    SELECT area_code, '_T', service_form_code, 1, place_count, inclusive_place_count FROM provider
    UNION ALL
    SELECT area_code, subdistrict_code, '_T', 1, place_count, inclusive_place_count FROM provider
    UNION ALL
    SELECT area_code, '_T', '_T', 1, place_count, inclusive_place_count FROM provider
    UNION ALL
    SELECT area_code, subdistrict_code, '_T', 0, 0, 0 FROM core_subdistrict
)
SELECT
    area_code,
    subdistrict_code,
    service_form_code,
    SUM(provider_count) AS provider_count,
    SUM(place_count) AS place_total,
    SUM(inclusive_place_count) AS inclusive_place_total
FROM counted
GROUP BY area_code, subdistrict_code, service_form_code
