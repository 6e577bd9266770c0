-- How each identifier came about and what became of it: no identifier is ever given to a second provider.
-- `valid_to_on` is the day on which another source id took over, or the source id became somebody else's.
-- An identifier that people found to be another one's keeps its row as merged. `recorded_on` is the day of reception.
WITH filed AS (
    SELECT DISTINCT area_code, provider_id FROM core_provider
),
period AS (
    SELECT
        ids.*,
        LEAD(ids.valid_from_on) OVER (
            PARTITION BY ids.area_code, ids.provider_id ORDER BY ids.valid_from_on, ids.source_provider_id
        ) AS next_on
    FROM core_provider_id AS ids
    CROSS JOIN profile_run AS run
    INNER JOIN filed ON filed.area_code = ids.area_code AND filed.provider_id = ids.provider_id
    WHERE ids.valid_from_on <= run.as_of_on
),
coded AS (
    SELECT
        area_code,
        provider_id,
        valid_from_on,
        received_on,
        credit_code,
        LAG(credit_code) OVER (PARTITION BY area_code, provider_id ORDER BY valid_from_on) AS code_before
    FROM core_provider
    WHERE credit_code IS NOT NULL
),
recoded AS (
    SELECT
        coded.*,
        period.source_provider_id,
        ROW_NUMBER() OVER (
            PARTITION BY coded.area_code, coded.provider_id, coded.valid_from_on
            ORDER BY period.valid_from_on DESC, period.source_provider_id
        ) AS nth
    FROM coded
    INNER JOIN period
        ON period.area_code = coded.area_code
        AND period.provider_id = coded.provider_id
        AND period.valid_from_on <= coded.valid_from_on
    WHERE coded.credit_code <> coded.code_before
),
step AS (
    SELECT
        area_code,
        provider_id,
        source_provider_id,
        valid_from_on,
        LEAST(valid_to_on, next_on) AS valid_to_on,
        identity_relation_code,
        CASE WHEN minted_provider_id <> provider_id THEN minted_provider_id ELSE related_provider_id END
            AS related_provider_id,
        identity_basis_code,
        CASE WHEN minted_provider_id <> provider_id THEN merged_recorded_on ELSE received_on END AS recorded_on
    FROM period
    UNION ALL
    SELECT
        area_code,
        minted_provider_id,
        source_provider_id,
        MAX(COALESCE(merged_on, valid_from_on)),
        CAST(NULL AS DATE),
        'merged-into',
        MAX(merged_into_id),
        MAX(merged_basis_code),
        MAX(merged_recorded_on)
    FROM period
    WHERE merged_into_id IS NOT NULL
    GROUP BY area_code, minted_provider_id, source_provider_id
    UNION ALL
    SELECT
        area_code,
        provider_id,
        source_provider_id,
        valid_from_on,
        CAST(NULL AS DATE),
        'new-credit-code',
        CAST(NULL AS STRING),
        'same-id',
        received_on
    FROM recoded
    WHERE nth = 1
)
SELECT * FROM step
