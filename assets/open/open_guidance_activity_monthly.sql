-- Guidance of families by subdistrict and month. Where few families are behind a number, it is withheld, and with the
-- families the home visits: visits to few families are so few that their number is the number of families.
SELECT
    guidance.area_code,
    guidance.subdistrict_code,
    guidance.report_month,
    guidance.guidance_mode_code,
    CASE WHEN withheld.period IS NULL THEN guidance.session_total END AS session_total,
    CASE WHEN withheld.period IS NULL THEN guidance.household_total END AS household_total,
    CASE
        WHEN withheld.period IS NOT NULL THEN 'c'
        WHEN guidance.session_total IS NULL THEN 'm'
        ELSE 'a'
    END AS obs_status_code
FROM measure_guidance_total AS guidance
CROSS JOIN profile_run AS run
LEFT JOIN measure_withheld AS withheld
    ON withheld.protected_measure_code = 'guided_households'
    AND withheld.area_code = guidance.area_code
    AND withheld.subdistrict_code = guidance.subdistrict_code
    AND withheld.service_form_code = '_T'
    AND withheld.member_code = guidance.guidance_mode_code
    AND withheld.period = guidance.report_month
WHERE guidance.report_month <= SUBSTRING(CAST(run.as_of_on AS STRING), 1, 7)
