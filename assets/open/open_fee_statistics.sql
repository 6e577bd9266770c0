-- What providers asked for in a month of survey, normalised to a month; quotes without a monthly amount (by the hour,
-- by the visit) are not in it. A provider counts once a cell, with the mean of its quotes there, and in the subdistrict
-- and form it had on the day of the survey.
-- The median needs `fee_statistics_min_providers` in the cell, the quartiles `fee_quartile_min_providers`; without
-- the parameter nothing but the count is published. Interpolation runs on four decimals, where it is exact.
WITH minimum AS (
    SELECT
        MAX(CASE WHEN code = 'fee_statistics_min_providers' THEN value_number END) AS median_minimum,
        MAX(CASE WHEN code = 'fee_quartile_min_providers' THEN value_number END) AS quartile_minimum
    FROM profile_parameter_in_force
),
-- a fee seen before the first filing is put to where the provider first was
provider AS (
    SELECT
        area_code,
        provider_id,
        CASE
            WHEN LAG(valid_from_on) OVER (PARTITION BY area_code, provider_id ORDER BY valid_from_on) IS NULL
                THEN DATE '1900-01-01'
            ELSE valid_from_on
        END AS valid_from_on,
        valid_to_on,
        is_on_file,
        subdistrict_code,
        service_form_code
    FROM core_provider
),
quoted AS (
    SELECT
        quote.area_code,
        quote.provider_id,
        provider.subdistrict_code,
        provider.service_form_code,
        quote.class_type_code,
        quote.service_mode_code,
        quote.fee_item_code,
        quote.collection_basis_code,
        SUBSTRING(CAST(quote.observed_on AS STRING), 1, 7) AS survey_month,
        quote.currency_code,
        quote.monthly_amount
    FROM core_fee_quote AS quote
    CROSS JOIN profile_run AS run
    INNER JOIN provider
        ON provider.area_code = quote.area_code
        AND provider.provider_id = quote.provider_id
        AND provider.valid_from_on <= quote.observed_on
        AND (provider.valid_to_on IS NULL OR provider.valid_to_on > quote.observed_on)
    WHERE provider.is_on_file
        AND quote.monthly_amount IS NOT NULL
        AND quote.observed_on <= run.as_of_on
        AND quote.currency_code = COALESCE(run.currency_code, quote.currency_code)
),
asked AS (
    SELECT
        area_code,
        provider_id,
        MIN(subdistrict_code) AS subdistrict_code,
        MIN(service_form_code) AS service_form_code,
        class_type_code,
        service_mode_code,
        fee_item_code,
        collection_basis_code,
        survey_month,
        MIN(currency_code) AS currency_code,
        ROUND(CAST(SUM(monthly_amount) / COUNT(*) AS DECIMAL(18, 6)), 2) AS monthly_amount
    FROM quoted
    GROUP BY
        area_code, provider_id, class_type_code, service_mode_code, fee_item_code, collection_basis_code, survey_month
),
grouped AS (
    SELECT asked.*, subdistrict_code AS group_subdistrict, service_form_code AS group_form FROM asked
    UNION ALL
    SELECT asked.*, '_T', service_form_code FROM asked
    UNION ALL
    SELECT asked.*, subdistrict_code, '_T' FROM asked
    UNION ALL
    SELECT asked.*, '_T', '_T' FROM asked
),
measured AS (
    SELECT
        area_code,
        group_subdistrict AS subdistrict_code,
        group_form AS service_form_code,
        class_type_code,
        service_mode_code,
        fee_item_code,
        collection_basis_code,
        survey_month,
        COUNT(*) AS provider_count,
        PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY CAST(monthly_amount AS DECIMAL(18, 4))) AS p25,
        PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(monthly_amount AS DECIMAL(18, 4))) AS median,
        PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY CAST(monthly_amount AS DECIMAL(18, 4))) AS p75,
        MIN(currency_code) AS currency_code
    FROM grouped
    GROUP BY
        area_code, group_subdistrict, group_form, class_type_code, service_mode_code, fee_item_code,
        collection_basis_code, survey_month
)
SELECT
    measured.area_code,
    measured.subdistrict_code,
    measured.service_form_code,
    measured.class_type_code,
    measured.service_mode_code,
    measured.fee_item_code,
    measured.collection_basis_code,
    measured.survey_month,
    measured.provider_count,
    CASE WHEN measured.provider_count >= minimum.quartile_minimum
        AND measured.provider_count >= minimum.median_minimum
        THEN ROUND(CAST(measured.p25 AS DECIMAL(18, 4)), 2) END AS monthly_amount_p25,
    CASE WHEN measured.provider_count >= minimum.median_minimum
        THEN ROUND(CAST(measured.median AS DECIMAL(18, 4)), 2) END AS monthly_amount_median,
    CASE WHEN measured.provider_count >= minimum.quartile_minimum
        AND measured.provider_count >= minimum.median_minimum
        THEN ROUND(CAST(measured.p75 AS DECIMAL(18, 4)), 2) END AS monthly_amount_p75,
    measured.currency_code,
    CASE WHEN measured.provider_count >= minimum.median_minimum THEN 'a' ELSE 'c' END AS obs_status_code
FROM measured
CROSS JOIN minimum
