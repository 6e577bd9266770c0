-- Only what a provider posts itself or files as its catalogue: an answer to a statistical survey must not be
-- published per provider (Statistics Law Art. 28). Of two bases for one item the latest seen counts, the posted one
-- on the same day.
WITH current_quote AS (
    SELECT
        quote.*,
        ROW_NUMBER() OVER (
            PARTITION BY
                quote.area_code, quote.provider_id, quote.fee_item_code, quote.class_type_code,
                quote.service_mode_code, quote.fee_line_no
            ORDER BY quote.observed_on DESC, quote.collection_basis_code DESC
        ) AS nth
    FROM core_fee_quote AS quote
    CROSS JOIN profile_run AS run
    INNER JOIN core_provider AS provider
        ON provider.area_code = quote.area_code
        AND provider.provider_id = quote.provider_id
        AND provider.valid_to_on IS NULL
        AND provider.is_on_file
    WHERE quote.collection_basis_code IN ('posted_price', 'catalogue_list')
        AND quote.observed_on <= run.as_of_on
        AND quote.valid_from_on <= run.as_of_on
        AND (quote.valid_to_on IS NULL OR quote.valid_to_on > run.as_of_on)
)
SELECT
    area_code,
    provider_id,
    fee_item_code,
    class_type_code,
    service_mode_code,
    fee_line_no,
    fee_amount,
    fee_unit_code,
    months_basis,
    currency_code,
    includes_meals,
    monthly_amount,
    monthly_factor,
    is_derived,
    price_regime_code,
    prepay_months_max,
    collection_basis_code,
    observed_on,
    valid_from_on
FROM current_quote
WHERE nth = 1
