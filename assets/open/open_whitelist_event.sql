-- Each day a provider came onto the whitelist or left it. A change of reasons alone is not an event.
-- `recorded_on` is the later of the day itself and the day the facts that turned it were reported: a certificate that
-- runs out turns it on its day, one reported late is on record only then. No clock is read.
WITH decided AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on AS effective_on,
        LAG(is_listed) OVER (PARTITION BY area_code, provider_id ORDER BY valid_from_on) AS from_listed,
        is_listed AS to_listed,
        reason_codes
    FROM core_whitelist_period
),
fact AS (
    SELECT area_code, provider_id, event_on AS turn_on, reported_on FROM core_filing
    UNION ALL
    SELECT area_code, provider_id, issued_on, reported_on FROM core_filing_document
    UNION ALL
    SELECT area_code, provider_id, inspected_on, reported_on FROM core_inspection
    UNION ALL
    SELECT area_code, provider_id, closed_on, reported_on FROM core_inspection
),
reported AS (
    SELECT area_code, provider_id, turn_on, MAX(reported_on) AS reported_on
    FROM fact
    GROUP BY area_code, provider_id, turn_on
)
SELECT
    decided.area_code,
    decided.provider_id,
    decided.effective_on,
    decided.from_listed,
    decided.to_listed,
    decided.reason_codes,
    GREATEST(decided.effective_on, COALESCE(reported.reported_on, decided.effective_on)) AS recorded_on
FROM decided
LEFT JOIN reported
    ON reported.area_code = decided.area_code
    AND reported.provider_id = decided.provider_id
    AND reported.turn_on = decided.effective_on
WHERE decided.to_listed <> COALESCE(decided.from_listed, FALSE)
