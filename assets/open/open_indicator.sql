-- The values of all indicators as their definitions give them (compiled_indicator), without those that would give a
-- protected count back: where its cell is withheld the value is left out and the status is `c`. What cannot be
-- computed is `m` with the input that is missing (said once where it is missing for the whole area), or `n` where there
-- is nothing to divide by.
SELECT
    computed.indicator_code,
    computed.area_code,
    computed.subdistrict_code,
    computed.service_form_code,
    computed.period,
    CASE WHEN withheld.period IS NULL THEN computed.indicator_value END AS indicator_value,
    computed.unit_code,
    CASE
        WHEN withheld.period IS NOT NULL AND computed.indicator_value IS NOT NULL THEN 'c'
        ELSE computed.obs_status_code
    END AS obs_status_code,
    computed.missing_input_code,
    computed.definition_version
FROM compiled_indicator AS computed
LEFT JOIN measure_withheld AS withheld
    ON withheld.protected_measure_code = computed.protected_measure_code
    AND withheld.area_code = computed.area_code
    AND withheld.subdistrict_code = computed.subdistrict_code
    AND withheld.service_form_code = computed.service_form_code
    AND withheld.member_code = computed.member_code
    AND withheld.period = computed.period
