-- Which provider a source id stands for, from which day. What is decided filing by filing (assets/raw/identity.py,
-- which says by what rules) holds from the day of one filing to that of the next; of several on one day the last
-- counts. The first period holds for earlier days too: a certificate may be older than the filing.
WITH last_of_day AS (
    SELECT
        identity.*,
        ROW_NUMBER() OVER (
            PARTITION BY area_code, source_provider_id, event_on
            ORDER BY
                CASE filing_event_code WHEN 'deregister' THEN 1 WHEN 'new' THEN 2 WHEN 'change' THEN 3 ELSE 4 END DESC,
                filing_event_code DESC
        ) AS from_last
    FROM filing_identity AS identity
),
stepped AS (
    SELECT
        last_of_day.*,
        LAG(use_no) OVER (PARTITION BY area_code, source_provider_id ORDER BY event_on) AS use_before
    FROM last_of_day
    WHERE from_last = 1
),
begun AS (
    SELECT * FROM stepped WHERE use_before IS NULL OR use_before <> use_no
)
SELECT
    area_code,
    source_provider_id,
    event_on AS valid_from_on,
    LEAD(event_on) OVER (PARTITION BY area_code, source_provider_id ORDER BY event_on) AS valid_to_on,
    ROW_NUMBER() OVER (PARTITION BY area_code, source_provider_id ORDER BY event_on) AS period_no,
    provider_id,
    minted_provider_id,
    identity_relation_code,
    identity_basis_code,
    related_provider_id,
    merged_into_id,
    merged_on,
    merged_basis_code,
    merged_recorded_on,
    source_code,
    source_sha256,
    source_sheet,
    source_row,
    received_on
FROM begun
