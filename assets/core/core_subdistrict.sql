-- Subdistricts are a code list of the profile, not a file anyone sends: the table lets other SELECTs join their names.
-- `_T` (the whole area) is a code of the list but not a subdistrict.
SELECT
    COALESCE(sub.parent, run.area_code) AS area_code,
    sub.code AS subdistrict_code,
    area.title_zh AS area_name,
    sub.title_zh AS subdistrict_name,
    CASE WHEN sub.since LIKE '____-__-__' THEN CAST(sub.since AS DATE) END AS valid_from_on,
    CAST(NULL AS DATE) AS valid_to_on,
    sub.source AS source_name
FROM profile_codelist AS sub
CROSS JOIN profile_run AS run
LEFT JOIN profile_codelist AS area
    ON area.list_name = 'area' AND area.code = COALESCE(sub.parent, run.area_code)
WHERE sub.list_name = 'subdistrict' AND sub.code <> '_T'
