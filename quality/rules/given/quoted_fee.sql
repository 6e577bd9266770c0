-- Each fee beside the filing that was in force on the day it was observed.
SELECT
    fee.*,
    filed.service_modes AS filed_service_modes,
    filed.is_inclusive AS filed_is_inclusive
FROM fee_quote AS fee
INNER JOIN filing_period AS filed
    ON filed.area_code = fee.area_code
    AND filed.provider_id = fee.provider_id
    AND filed.event_on <= fee.observed_on
    AND (filed.until_on IS NULL OR filed.until_on > fee.observed_on)
