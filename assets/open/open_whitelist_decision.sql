-- Every provider a filing was ever received of, listed or not, so that nobody is left out without a reason.
-- `rule_version` counts up when the conditions in core_whitelist_period change their meaning.
SELECT
    period.area_code,
    period.provider_id,
    provider.provider_name,
    period.is_listed,
    period.reason_codes,
    period.not_evaluated_codes,
    '1' AS rule_version,
    period.valid_from_on AS since_on
FROM core_whitelist_period AS period
INNER JOIN core_provider AS provider
    ON provider.area_code = period.area_code
    AND provider.provider_id = period.provider_id
    AND provider.valid_to_on IS NULL
WHERE period.valid_to_on IS NULL
