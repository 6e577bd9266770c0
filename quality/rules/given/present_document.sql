-- The latest certificate of each type that a provider had on the as-of date. Of two of one day there is only one.
SELECT * EXCLUDE (from_last)
FROM (
    SELECT
        document.*,
        row_number() OVER (
            PARTITION BY document.area_code, document.provider_id, document.document_type_code
            ORDER BY document.issued_on DESC
        ) AS from_last
    FROM filing_document AS document
    CROSS JOIN profile_run AS run
    WHERE document.issued_on <= run.as_of_on
) AS issued
WHERE from_last = 1
