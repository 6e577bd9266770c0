-- Every provider a filing was ever received of, listed or not, so that nobody is left out without a reason. Who has left
-- keeps its row: the tombstone says why, since when, and from when until when it was listed.
-- `rule_version` counts up when the conditions in core_whitelist_period change their meaning; a reason code is the code
-- of the rule that gave it, and what it rests on stands with the code in its list. An aggregate with ORDER BY is not
-- portable, so the sources are numbered and put side by side; there are fewer than nine.
WITH decision AS (
    SELECT * FROM core_whitelist_period WHERE valid_to_on IS NULL
),
listing AS (
    SELECT
        area_code,
        provider_id,
        MIN(valid_from_on) AS first_listed_on,
        MAX(COALESCE(valid_to_on, DATE '9999-12-31')) AS listed_until_on
    FROM core_whitelist_period
    WHERE is_listed
    GROUP BY area_code, provider_id
),
source AS (
    SELECT DISTINCT decision.area_code, decision.provider_id, reason.source
    FROM decision
    INNER JOIN profile_codelist AS reason
        ON reason.list_name = 'whitelist_reason'
        AND CONCAT(';', decision.reason_codes, ';') LIKE CONCAT('%;', reason.code, ';%')
    WHERE decision.reason_codes IS NOT NULL
),
numbered AS (
    SELECT source.*, ROW_NUMBER() OVER (PARTITION BY area_code, provider_id ORDER BY source) AS nth
    FROM source
),
basis AS (
    SELECT
        area_code,
        provider_id,
        CONCAT_WS(
            '; ',
            MAX(CASE WHEN nth = 1 THEN source END),
            MAX(CASE WHEN nth = 2 THEN source END),
            MAX(CASE WHEN nth = 3 THEN source END),
            MAX(CASE WHEN nth = 4 THEN source END),
            MAX(CASE WHEN nth = 5 THEN source END),
            MAX(CASE WHEN nth = 6 THEN source END),
            MAX(CASE WHEN nth = 7 THEN source END),
            MAX(CASE WHEN nth = 8 THEN source END)
        ) AS legal_sources
    FROM numbered
    GROUP BY area_code, provider_id
)
SELECT
    decision.area_code,
    decision.provider_id,
    provider.provider_name,
    decision.is_listed,
    decision.reason_codes,
    basis.legal_sources,
    decision.not_evaluated_codes,
    '1' AS rule_version,
    decision.valid_from_on AS since_on,
    listing.first_listed_on,
    CASE WHEN NOT decision.is_listed THEN listing.listed_until_on END AS delisted_on
FROM decision
INNER JOIN core_provider AS provider
    ON provider.area_code = decision.area_code
    AND provider.provider_id = decision.provider_id
    AND provider.valid_to_on IS NULL
LEFT JOIN listing ON listing.area_code = decision.area_code AND listing.provider_id = decision.provider_id
LEFT JOIN basis ON basis.area_code = decision.area_code AND basis.provider_id = decision.provider_id
