-- A provider states its classes as a whole list: the next list replaces every row of this one, also the class types
-- it no longer names. A line of a full register holds only until the next register of the same source.
WITH statement AS (
    SELECT DISTINCT area_code, provider_id, event_on FROM known_filing_class
),
replaced AS (
    SELECT
        area_code,
        provider_id,
        event_on,
        LEAD(event_on) OVER (PARTITION BY area_code, provider_id ORDER BY event_on) AS next_on
    FROM statement
),
snapshot_day AS (
    SELECT DISTINCT source_code, event_on FROM filing WHERE filing_event_code = 'snapshot'
),
source_day AS (
    SELECT DISTINCT source_code, event_on FROM filing_class
),
outdated AS (
    SELECT day.source_code, day.event_on, MIN(snapshot_day.event_on) AS next_on
    FROM source_day AS day
    INNER JOIN snapshot_day ON snapshot_day.source_code = day.source_code AND snapshot_day.event_on > day.event_on
    GROUP BY day.source_code, day.event_on
)
SELECT
    class.*,
    class.event_on AS valid_from_on,
    LEAST(replaced.next_on, outdated.next_on) AS valid_to_on
FROM known_filing_class AS class
INNER JOIN replaced
    ON replaced.area_code = class.area_code
    AND replaced.provider_id = class.provider_id
    AND replaced.event_on = class.event_on
LEFT JOIN outdated ON outdated.source_code = class.source_code AND outdated.event_on = class.event_on
