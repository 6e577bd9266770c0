-- Children enrolled with each provider on file, over time: those of its classes if each class that holds states them,
-- else its own number. No provider may be assumed to have more children than places, unless it says so itself.
-- Family points are left out: homes of at most five places, whose children are always few. In a total they would be the
-- difference to the month before they came, as which of them came when is public.
WITH held AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on,
        valid_to_on,
        subdistrict_code,
        service_form_code,
        place_count,
        enrolled_count
    FROM core_provider
    WHERE is_on_file AND COALESCE(site_type_code, '') <> 'family_point'
),
statement AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on,
        CASE WHEN COUNT(valid_to_on) = COUNT(*) THEN MAX(valid_to_on) END AS valid_to_on,
        CASE WHEN COUNT(enrolled_count) = COUNT(*) THEN SUM(enrolled_count) END AS enrolled_count
    FROM core_filing_class
    GROUP BY area_code, provider_id, valid_from_on
),
point AS (
    SELECT area_code, provider_id, valid_from_on FROM held
    UNION
    SELECT area_code, provider_id, valid_to_on FROM held WHERE valid_to_on IS NOT NULL
    UNION
    SELECT area_code, provider_id, valid_from_on FROM statement
    UNION
    SELECT area_code, provider_id, valid_to_on FROM statement WHERE valid_to_on IS NOT NULL
),
segment AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on,
        LEAD(valid_from_on) OVER (PARTITION BY area_code, provider_id ORDER BY valid_from_on) AS valid_to_on
    FROM point
)
SELECT
    segment.area_code,
    segment.provider_id,
    segment.valid_from_on,
    segment.valid_to_on,
    held.subdistrict_code,
    held.service_form_code,
    COALESCE(statement.enrolled_count, held.enrolled_count) AS enrolled_count,
    CASE WHEN held.place_count > 0
        THEN GREATEST(held.place_count, COALESCE(statement.enrolled_count, held.enrolled_count)) END AS place_count
FROM segment
INNER JOIN held
    ON held.area_code = segment.area_code
    AND held.provider_id = segment.provider_id
    AND held.valid_from_on <= segment.valid_from_on
    AND (held.valid_to_on IS NULL OR held.valid_to_on > segment.valid_from_on)
LEFT JOIN statement
    ON statement.area_code = segment.area_code
    AND statement.provider_id = segment.provider_id
    AND statement.valid_from_on <= segment.valid_from_on
    AND (statement.valid_to_on IS NULL OR statement.valid_to_on > segment.valid_from_on)
WHERE COALESCE(statement.enrolled_count, held.enrolled_count) IS NOT NULL
    AND held.subdistrict_code IS NOT NULL
