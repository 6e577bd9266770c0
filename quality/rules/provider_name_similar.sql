-- code: provider-name-similar
-- severity: info
-- table: filing
-- column: provider_name
-- says_zh: 同一街道另有一家名称十分相近、统一社会信用代码不同的机构
-- says_en: Another provider of the same subdistrict has a very similar name and another credit code
-- advice_zh: 请核对是否重复备案或名称写错；确为两家的不必处理
-- advice_en: Check whether it was filed twice or a name is misspelt; nothing to do if they are two
-- source: project
-- dq: 0303
-- implements: R-ID-08
-- parameters: name_similarity_min
-- Names are compared with their neighbours in alphabetical order, read from the front and from the back, and not with
-- all others, so that the work grows with the number of providers and not with its square. The engine counts an edit
-- distance in bytes, of which a Chinese character has three; so the length is counted in bytes too.
WITH named AS (
    SELECT area_code, provider_id, subdistrict_code, credit_code, source_sha256, source_sheet, source_row,
        regexp_replace(provider_name, '\s', '', 'g') AS name
    FROM present_filing
    WHERE filing_status_code IN ('filed', 'changed', 'suspended')
),
neighbour AS (
    SELECT
        named.*,
        nth.n,
        CASE nth.n
            WHEN 1 THEN lag(name, 1) OVER forward
            WHEN 2 THEN lag(name, 2) OVER forward
            WHEN 3 THEN lag(name, 1) OVER backward
            ELSE lag(name, 2) OVER backward
        END AS other_name,
        CASE nth.n
            WHEN 1 THEN lag(credit_code, 1) OVER forward
            WHEN 2 THEN lag(credit_code, 2) OVER forward
            WHEN 3 THEN lag(credit_code, 1) OVER backward
            ELSE lag(credit_code, 2) OVER backward
        END AS other_code
    FROM named
    CROSS JOIN (SELECT unnest([1, 2, 3, 4]) AS n) AS nth
    WINDOW
        forward AS (PARTITION BY nth.n, area_code, subdistrict_code ORDER BY name, provider_id),
        backward AS (PARTITION BY nth.n, area_code, subdistrict_code ORDER BY reverse(name), provider_id)
)
SELECT source_sha256, source_sheet, source_row, min(concat(name, ' / ', other_name)) AS value
FROM neighbour
WHERE credit_code <> other_code
    AND 1 - levenshtein(name, other_name) / greatest(strlen(name), strlen(other_name)) >= $name_similarity_min
GROUP BY source_sha256, source_sheet, source_row
