-- Penalties a line refers to by an address that ends in their number (1130500001).
--
-- The number seems to begin with the year and month of the Republic's calendar, but whether of the decision or of
-- its entry is not said anywhere, and the page itself is not part of the file: every penalty waits as
-- `penalty-date-unknown`. Which line stands for a centre: see filing.sql.
WITH penalty AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY regexp_extract(_path, '[^/]+$')
            ORDER BY
                starts_with(substr("所在地", 4), regexp_extract(_path, '([^/]+)/[^/]+$', 1)) DESC,
                length(regexp_extract(_path, '([^/]+)/[^/]+$', 1)) DESC,
                _path
        ) AS listing_no,
        unnest(CAST("違反法令紀錄" AS VARCHAR[])) AS link
    FROM source
)
SELECT
    _row,
    CASE WHEN listing_no > 1 THEN 'source-listed-twice' ELSE 'penalty-date-unknown' END AS _finding_code,
    'inspected_on' AS _finding_column,
    link AS _finding_value,
    area.code AS area_code,
    regexp_extract(link, '[0-9]+$') AS inspection_id,
    regexp_extract(_path, '([^/]+)\.json$', 1) AS provider_id,
    'penalty' AS inspection_result_code
FROM penalty
LEFT JOIN profile_codelist AS area ON area.list_name = 'area' AND area.title_zh = substr("所在地", 4, 3)
ORDER BY _row, link
