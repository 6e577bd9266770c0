-- Who is listed today. The first six columns are those of the national public register, in its order.
-- A family point is somebody's home: its address is not published.
-- `last_verified_on` is the latest day on which a filing was made or reported or a certificate was verified; never
-- the day of the run, so that a run on another day with the same facts publishes the same bytes.
WITH listed AS (
    SELECT area_code, provider_id, MIN(valid_from_on) AS first_listed_on
    FROM core_whitelist_period
    WHERE is_listed
    GROUP BY area_code, provider_id
),
verified AS (
    SELECT fact.area_code, fact.provider_id, MAX(fact.fact_on) AS last_verified_on
    FROM (
        SELECT area_code, provider_id, event_on AS fact_on FROM core_filing
        UNION ALL
        SELECT area_code, provider_id, reported_on FROM core_filing
        UNION ALL
        SELECT area_code, provider_id, verified_on FROM core_filing_document
    ) AS fact
    CROSS JOIN profile_run AS run
    WHERE fact.fact_on <= run.as_of_on
    GROUP BY fact.area_code, fact.provider_id
)
SELECT
    provider.provider_name,
    sub.area_name,
    CASE WHEN provider.site_type_code <> 'family_point' THEN provider.address END AS address,
    provider.provider_nature_code,
    provider.filed_on,
    provider.credit_code,
    provider.area_code,
    provider.provider_id,
    provider.subdistrict_code,
    sub.subdistrict_name,
    provider.site_type_code,
    provider.service_form_code,
    provider.service_modes,
    provider.place_count,
    provider.is_inclusive,
    provider.filing_status_code,
    provider.authorization_regime_code,
    listed.first_listed_on,
    verified.last_verified_on,
    provider.inclusive_to_on
FROM core_whitelist_period AS period
INNER JOIN core_provider AS provider
    ON provider.area_code = period.area_code
    AND provider.provider_id = period.provider_id
    AND provider.valid_to_on IS NULL
INNER JOIN listed ON listed.area_code = period.area_code AND listed.provider_id = period.provider_id
INNER JOIN verified ON verified.area_code = period.area_code AND verified.provider_id = period.provider_id
LEFT JOIN core_subdistrict AS sub
    ON sub.area_code = provider.area_code AND sub.subdistrict_code = provider.subdistrict_code
WHERE period.valid_to_on IS NULL AND period.is_listed
