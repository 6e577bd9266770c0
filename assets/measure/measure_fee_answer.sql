-- What each provider asked for in a month of survey, normalised to a month: the one row with which it counts in the
-- statistics, the mean of its quotes of that cell. Quotes without a monthly amount (by the hour, by the visit) are not
-- in it. The subdistrict, the form and whether it is recognised as inclusive are those of the day of the survey; a fee
-- seen before the first filing is put to where the provider first was.
WITH provider AS (
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
        service_form_code,
        is_inclusive,
        COALESCE(inclusive_from_on, DATE '1900-01-01') AS inclusive_from_on,
        COALESCE(inclusive_to_on, DATE '9999-12-31') AS inclusive_to_on
    FROM core_provider
),
quoted AS (
    SELECT
        quote.area_code,
        quote.provider_id,
        provider.subdistrict_code,
        provider.service_form_code,
        CASE
            WHEN provider.is_inclusive IS NULL THEN 'unknown'
            WHEN provider.is_inclusive
                AND quote.observed_on BETWEEN provider.inclusive_from_on AND provider.inclusive_to_on THEN 'yes'
            ELSE 'no'
        END AS inclusive_code,
        quote.class_type_code,
        quote.service_mode_code,
        quote.fee_item_code,
        quote.collection_basis_code,
        SUBSTRING(CAST(quote.observed_on AS STRING), 1, 7) AS survey_month,
        quote.currency_code,
        quote.monthly_amount,
        CASE WHEN quote.is_derived THEN 1 ELSE 0 END AS derived_no
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
)
SELECT
    area_code,
    provider_id,
    MIN(subdistrict_code) AS subdistrict_code,
    MIN(service_form_code) AS service_form_code,
    MIN(inclusive_code) AS inclusive_code,
    class_type_code,
    service_mode_code,
    fee_item_code,
    collection_basis_code,
    survey_month,
    MIN(currency_code) AS currency_code,
    ROUND(CAST(SUM(monthly_amount) / COUNT(*) AS DECIMAL(18, 6)), 2) AS monthly_amount,
    MAX(derived_no) = 1 AS is_derived
FROM quoted
GROUP BY
    area_code, provider_id, class_type_code, service_mode_code, fee_item_code, collection_basis_code, survey_month
