-- The two approvals each line states in prose: 核備文號:<number>(核備日期:<ROC date, yyymmdd>).
--
-- A date of the Republic's calendar is its year + 1911. One that cannot be read, or lies before 1950, waits as
-- `document-date-unreadable`; one after the snapshot (an approval not yet given: mostly the last day it is good
-- for, put in the wrong place) as `document-date-in-future`. Which line stands for a centre: see filing.sql.
WITH ranked AS (
    SELECT
        *,
        regexp_extract(_path, '([^/]+)\.json$', 1) AS centre,
        substr("所在地", 4) AS place,
        row_number() OVER (
            PARTITION BY regexp_extract(_path, '[^/]+$')
            ORDER BY
                starts_with(substr("所在地", 4), regexp_extract(_path, '([^/]+)/[^/]+$', 1)) DESC,
                length(regexp_extract(_path, '([^/]+)/[^/]+$', 1)) DESC,
                _path
        ) AS listing_no
    FROM source
),
stated AS (
    SELECT *, 'building_safety' AS kind, '公共安全說明' AS said_as, "公共安全說明" AS prose FROM ranked
    UNION ALL
    SELECT *, 'fire', '消防安全說明', "消防安全說明" FROM ranked
),
parsed AS (
    SELECT
        *,
        regexp_extract(prose, '^核備文號:(.*)\(核備日期:.*\)$', 1) AS document_no,
        regexp_extract(prose, '^核備文號:.*\(核備日期:(.*)\)$', 1) AS roc_date
    FROM stated
    WHERE prose <> ''
),
dated AS (
    SELECT
        *,
        CASE
            WHEN regexp_full_match(roc_date, '[0-9]{7}') THEN try_strptime(
                CAST(CAST(left(roc_date, 3) AS INTEGER) + 1911 AS VARCHAR) || right(roc_date, 4), '%Y%m%d'
            )::DATE
        END AS issued_on
    FROM parsed
)
SELECT
    _row,
    CASE
        WHEN listing_no > 1 THEN 'source-listed-twice'
        WHEN issued_on IS NULL OR issued_on < DATE '1950-01-01' THEN 'document-date-unreadable'
        WHEN issued_on > snapshot_on() THEN 'document-date-in-future'
    END AS _finding_code,
    'issued_on' AS _finding_column,
    said_as || ': ' || prose AS _finding_value,
    area.code AS area_code,
    centre AS provider_id,
    kind AS document_type_code,
    coalesce(CAST(issued_on AS VARCHAR), roc_date) AS issued_on,
    nullif(trim(document_no, ' 　'), '') AS document_no
FROM dated
LEFT JOIN profile_codelist AS area ON area.list_name = 'area' AND area.title_zh = left(place, 3)
ORDER BY _row, kind
