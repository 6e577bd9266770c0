-- What one month costs, where that can be said: by the month as it is, by the term or year over its months, by the
-- day times the working days of a month as the profile sets them for the day of the survey. By the hour or by the
-- visit there is no such number, and by the day only for care that fills the days.
-- `valid_from_on` is the day the provider gives (else the day it was seen). `valid_to_on` is exclusive: the day after
-- its last, the day the next survey of the same item replaces it, or the next full register of the same source.
WITH workday AS (
    SELECT
        day.observed_on,
        parameter.value_number,
        ROW_NUMBER() OVER (
            PARTITION BY day.observed_on
            ORDER BY COALESCE(parameter.valid_from_on, DATE '1900-01-01') DESC, parameter.source, parameter.value_text
        ) AS nth
    FROM (SELECT DISTINCT observed_on FROM fee_quote) AS day
    INNER JOIN profile_parameter AS parameter
        ON parameter.code = 'workdays_per_month'
        AND COALESCE(parameter.valid_from_on, DATE '1900-01-01') <= day.observed_on
        AND COALESCE(parameter.valid_to_on, DATE '9999-12-31') >= day.observed_on
),
snapshot_day AS (
    SELECT DISTINCT source_code, event_on FROM filing WHERE filing_event_code = 'snapshot'
),
source_day AS (
    SELECT DISTINCT source_code, observed_on FROM fee_quote
),
outdated AS (
    SELECT day.source_code, day.observed_on, MIN(snapshot_day.event_on) AS next_on
    FROM source_day AS day
    INNER JOIN snapshot_day ON snapshot_day.source_code = day.source_code AND snapshot_day.event_on > day.observed_on
    GROUP BY day.source_code, day.observed_on
),
factored AS (
    SELECT
        quote.*,
        CASE
            WHEN quote.fee_unit_code = 'per_month' THEN CAST(1 AS DECIMAL(18, 6))
            WHEN quote.fee_unit_code = 'per_term' AND quote.months_basis > 0
                THEN CAST(1.0 / quote.months_basis AS DECIMAL(18, 6))
            WHEN quote.fee_unit_code = 'per_year'
                THEN CAST(1.0 / COALESCE(NULLIF(quote.months_basis, 0), 12) AS DECIMAL(18, 6))
            WHEN quote.fee_unit_code = 'per_day' AND quote.service_mode_code IN ('full_day', 'half_day', 'any')
                THEN CAST(workday.value_number AS DECIMAL(18, 6))
        END AS monthly_factor,
        LEAD(GREATEST(COALESCE(quote.valid_from_on, quote.observed_on), quote.observed_on)) OVER (
            PARTITION BY
                quote.area_code, quote.provider_id, quote.fee_item_code, quote.class_type_code,
                quote.service_mode_code, quote.fee_line_no, quote.collection_basis_code
            ORDER BY quote.observed_on
        ) AS next_on
    FROM known_fee_quote AS quote
    LEFT JOIN workday ON workday.observed_on = quote.observed_on AND workday.nth = 1
)
SELECT
    quote.area_code,
    quote.provider_id,
    quote.fee_item_code,
    quote.class_type_code,
    quote.service_mode_code,
    quote.fee_line_no,
    quote.collection_basis_code,
    quote.observed_on,
    quote.fee_amount,
    quote.fee_unit_code,
    quote.months_basis,
    quote.currency_code,
    quote.includes_meals,
    quote.price_regime_code,
    quote.prepay_months_max,
    COALESCE(quote.valid_from_on, quote.observed_on) AS valid_from_on,
    LEAST(DATE_ADD(quote.valid_to_on, 1), quote.next_on, outdated.next_on) AS valid_to_on,
    quote.reported_on,
    -- a term or year is divided itself: its rounded factor would cost a cent
    CASE
        WHEN quote.monthly_factor IS NULL THEN NULL
        WHEN quote.fee_unit_code IN ('per_term', 'per_year')
            THEN ROUND(CAST(quote.fee_amount / COALESCE(NULLIF(quote.months_basis, 0), 12) AS DECIMAL(18, 6)), 2)
        ELSE ROUND(CAST(quote.fee_amount * quote.monthly_factor AS DECIMAL(18, 6)), 2)
    END AS monthly_amount,
    quote.monthly_factor,
    quote.monthly_factor <> 1 AS is_derived,
    quote.source_code,
    quote.source_sha256,
    quote.source_sheet,
    quote.source_row,
    quote.received_on
FROM factored AS quote
LEFT JOIN outdated ON outdated.source_code = quote.source_code AND outdated.observed_on = quote.observed_on
