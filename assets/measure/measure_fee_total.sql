-- What providers on file post for full-day care on the last day of each period: the mean of what one provider posts for
-- its class types, brought to a month, then quartiles over providers. Survey answers are not in it. Each statistic is
-- there from the number of providers that the profile sets for it. Within the cap is who posts nothing above the cap in
-- force for the class type (else for any); a cap that is not by the month is not compared. Means have more decimals than
-- are kept of quartiles: of decimals a quartile between two is cut off, not rounded.
WITH day AS (
    SELECT DISTINCT measured_on FROM measure_cell
),
rule AS (
    SELECT
        day.measured_on,
        parameter.code,
        parameter.value_number,
        ROW_NUMBER() OVER (
            PARTITION BY day.measured_on, parameter.code
            ORDER BY COALESCE(parameter.valid_from_on, DATE '1900-01-01') DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM day
    INNER JOIN profile_parameter AS parameter
        ON parameter.code IN (
            'fee_statistics_min_providers', 'fee_quartile_min_providers', 'disposable_income_per_capita'
        )
        AND COALESCE(parameter.valid_from_on, DATE '1900-01-01') <= day.measured_on
        AND COALESCE(parameter.valid_to_on, DATE '9999-12-31') >= day.measured_on
),
figure AS (
    SELECT
        measured_on,
        MAX(CASE WHEN code = 'fee_statistics_min_providers' THEN value_number END) AS median_minimum,
        MAX(CASE WHEN code = 'fee_quartile_min_providers' THEN value_number END) AS quartile_minimum,
        MAX(CASE WHEN code = 'disposable_income_per_capita' THEN value_number END) AS income_per_capita
    FROM rule
    WHERE nth = 1
    GROUP BY measured_on
),
posted AS (
    SELECT
        quote.area_code,
        quote.provider_id,
        quote.class_type_code,
        quote.currency_code,
        GREATEST(quote.observed_on, quote.valid_from_on) AS from_on,
        COALESCE(quote.valid_to_on, DATE '9999-12-31') AS until_on,
        CASE
            WHEN quote.fee_item_code = 'care'
                AND quote.service_mode_code = 'full_day'
                AND quote.currency_code = COALESCE(run.currency_code, quote.currency_code)
                THEN quote.monthly_amount
        END AS monthly_amount
    FROM core_fee_quote AS quote
    CROSS JOIN profile_run AS run
    WHERE quote.collection_basis_code IN ('posted_price', 'catalogue_list')
),
offer AS (
    SELECT
        area_code,
        provider_id,
        from_on,
        until_on,
        SUM(monthly_amount) AS amount_total,
        COUNT(monthly_amount) AS amount_count
    FROM posted
    GROUP BY area_code, provider_id, from_on, until_on
),
held AS (
    SELECT
        provider.area_code,
        provider.provider_id,
        provider.subdistrict_code,
        provider.service_form_code,
        provider.is_inclusive,
        day.measured_on
    FROM core_provider AS provider
    INNER JOIN day
        ON provider.valid_from_on <= day.measured_on
        AND (provider.valid_to_on IS NULL OR provider.valid_to_on > day.measured_on)
    WHERE provider.is_on_file
),
asking AS (
    SELECT
        held.area_code,
        held.subdistrict_code,
        held.service_form_code,
        held.is_inclusive,
        held.measured_on,
        CAST(SUM(offer.amount_total) / NULLIF(SUM(offer.amount_count), 0) AS DECIMAL(18, 8)) AS monthly_amount
    FROM held
    INNER JOIN offer
        ON offer.area_code = held.area_code
        AND offer.provider_id = held.provider_id
        AND offer.from_on <= held.measured_on
        AND offer.until_on > held.measured_on
    GROUP BY
        held.area_code, held.provider_id, held.subdistrict_code, held.service_form_code, held.is_inclusive,
        held.measured_on
),
compared AS (
    SELECT
        held.area_code,
        held.subdistrict_code,
        held.service_form_code,
        held.measured_on,
        MAX(CASE WHEN posted.monthly_amount > COALESCE(own.cap_amount, general.cap_amount) THEN 1 ELSE 0 END)
            AS is_above
    FROM held
    INNER JOIN posted
        ON posted.area_code = held.area_code
        AND posted.provider_id = held.provider_id
        AND posted.from_on <= held.measured_on
        AND posted.until_on > held.measured_on
    LEFT JOIN core_price_cap AS own
        ON own.area_code = held.area_code
        AND own.fee_item_code = 'care'
        AND own.service_mode_code IN ('full_day', 'any')
        AND own.class_type_code = posted.class_type_code
        AND own.fee_unit_code = 'per_month'
        AND own.currency_code = posted.currency_code
        AND own.valid_from_on <= held.measured_on
        AND (own.valid_to_on IS NULL OR own.valid_to_on >= held.measured_on)
    LEFT JOIN core_price_cap AS general
        ON general.area_code = held.area_code
        AND general.fee_item_code = 'care'
        AND general.service_mode_code IN ('full_day', 'any')
        AND general.class_type_code = 'any'
        AND general.fee_unit_code = 'per_month'
        AND general.currency_code = posted.currency_code
        AND general.valid_from_on <= held.measured_on
        AND (general.valid_to_on IS NULL OR general.valid_to_on >= held.measured_on)
    WHERE held.is_inclusive
        AND posted.monthly_amount IS NOT NULL
        AND COALESCE(own.cap_amount, general.cap_amount) IS NOT NULL
    GROUP BY
        held.area_code, held.provider_id, held.subdistrict_code, held.service_form_code, held.measured_on
),
level AS (
    SELECT place, form
    FROM (VALUES ('all', 'all'), ('all', 'one'), ('one', 'all'), ('one', 'one')) AS pair (place, form)
),
fee AS (
    SELECT
        asking.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE asking.subdistrict_code END AS subdistrict_code,
        CASE WHEN level.form = 'all' THEN '_T' ELSE asking.service_form_code END AS service_form_code,
        asking.measured_on,
        COUNT(*) AS posting_provider_count,
        COUNT(asking.monthly_amount) AS care_fee_provider_count,
        COUNT(CASE WHEN asking.is_inclusive THEN asking.monthly_amount END) AS inclusive_fee_provider_count,
        COUNT(CASE WHEN NOT asking.is_inclusive THEN asking.monthly_amount END) AS other_fee_provider_count,
        CAST(PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY asking.monthly_amount) AS DECIMAL(18, 4)) AS care_fee_p25,
        CAST(PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY asking.monthly_amount) AS DECIMAL(18, 4)) AS care_fee_median,
        CAST(PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY asking.monthly_amount) AS DECIMAL(18, 4)) AS care_fee_p75,
        CAST(PERCENTILE_CONT(0.5) WITHIN GROUP (
            ORDER BY CASE WHEN asking.is_inclusive THEN asking.monthly_amount END
        ) AS DECIMAL(18, 4)) AS inclusive_fee_median,
        CAST(PERCENTILE_CONT(0.5) WITHIN GROUP (
            ORDER BY CASE WHEN NOT asking.is_inclusive THEN asking.monthly_amount END
        ) AS DECIMAL(18, 4)) AS other_fee_median
    FROM asking
    CROSS JOIN level
    WHERE level.place = 'all' OR asking.subdistrict_code IS NOT NULL
    GROUP BY
        asking.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE asking.subdistrict_code END,
        CASE WHEN level.form = 'all' THEN '_T' ELSE asking.service_form_code END,
        asking.measured_on
),
cap AS (
    SELECT
        compared.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE compared.subdistrict_code END AS subdistrict_code,
        CASE WHEN level.form = 'all' THEN '_T' ELSE compared.service_form_code END AS service_form_code,
        compared.measured_on,
        COUNT(*) AS capped_provider_count,
        SUM(1 - compared.is_above) AS within_cap_provider_count
    FROM compared
    CROSS JOIN level
    WHERE level.place = 'all' OR compared.subdistrict_code IS NOT NULL
    GROUP BY
        compared.area_code,
        CASE WHEN level.place = 'all' THEN '_T' ELSE compared.subdistrict_code END,
        CASE WHEN level.form = 'all' THEN '_T' ELSE compared.service_form_code END,
        compared.measured_on
)
SELECT
    provider.area_code,
    provider.subdistrict_code,
    provider.service_form_code,
    provider.period,
    provider.obs_status_code,
    provider.provider_count,
    provider.inclusive_provider_count,
    COALESCE(fee.posting_provider_count, 0) AS posting_provider_count,
    COALESCE(fee.care_fee_provider_count, 0) AS care_fee_provider_count,
    COALESCE(fee.inclusive_fee_provider_count, 0) AS inclusive_fee_provider_count,
    COALESCE(fee.other_fee_provider_count, 0) AS other_fee_provider_count,
    CASE WHEN fee.care_fee_provider_count >= figure.quartile_minimum THEN fee.care_fee_p25 END AS care_fee_p25,
    CASE WHEN fee.care_fee_provider_count >= figure.median_minimum THEN fee.care_fee_median END AS care_fee_median,
    CASE WHEN fee.care_fee_provider_count >= figure.quartile_minimum THEN fee.care_fee_p75 END AS care_fee_p75,
    CASE WHEN fee.inclusive_fee_provider_count >= figure.median_minimum THEN fee.inclusive_fee_median END
        AS inclusive_fee_median,
    CASE WHEN fee.other_fee_provider_count >= figure.median_minimum THEN fee.other_fee_median END
        AS other_fee_median,
    COALESCE(cap.capped_provider_count, 0) AS capped_provider_count,
    COALESCE(cap.within_cap_provider_count, 0) AS within_cap_provider_count,
    figure.income_per_capita
FROM measure_provider_total AS provider
INNER JOIN measure_cell AS cell
    ON cell.area_code = provider.area_code
    AND cell.subdistrict_code = provider.subdistrict_code
    AND cell.period = provider.period
LEFT JOIN figure ON figure.measured_on = cell.measured_on
LEFT JOIN fee
    ON fee.area_code = provider.area_code
    AND fee.subdistrict_code = provider.subdistrict_code
    AND fee.service_form_code = provider.service_form_code
    AND fee.measured_on = cell.measured_on
LEFT JOIN cap
    ON cap.area_code = provider.area_code
    AND cap.subdistrict_code = provider.subdistrict_code
    AND cap.service_form_code = provider.service_form_code
    AND cap.measured_on = cell.measured_on
