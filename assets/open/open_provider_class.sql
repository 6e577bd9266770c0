-- The class list that holds on the day of the run. Enrolment and carers are not published per provider.
SELECT class.area_code, class.provider_id, class.class_type_code, class.class_count, class.place_count
FROM core_filing_class AS class
CROSS JOIN profile_run AS run
INNER JOIN core_provider AS provider
    ON provider.area_code = class.area_code
    AND provider.provider_id = class.provider_id
    AND provider.valid_to_on IS NULL
    AND provider.is_on_file
WHERE class.valid_from_on <= run.as_of_on AND (class.valid_to_on IS NULL OR class.valid_to_on > run.as_of_on)
