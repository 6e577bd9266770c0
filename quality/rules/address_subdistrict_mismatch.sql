-- code: address-subdistrict-mismatch
-- severity: warning
-- table: filing
-- column: address
-- says_zh: 住所写的是另一个街道
-- says_en: The address names another subdistrict
-- advice_zh: 请核对街道和机构住所
-- advice_en: Correct the subdistrict or the address
-- source: project
-- dq: 0402
-- implements: R-GEO-03
-- Roads and communities of a subdistrict are not known: that another subdistrict is named, and not the own, is.
WITH street AS (
    SELECT code AS subdistrict_code, title_zh AS name, coalesce(parent, left(code, 6)) AS area
    FROM profile_codelist
    WHERE list_name = 'subdistrict' AND code <> '_T' AND length(title_zh) >= 3
)
SELECT place.source_sha256, place.source_sheet, place.source_row, min(other.name) AS value
FROM filing AS place
INNER JOIN street AS own ON own.subdistrict_code = place.subdistrict_code
INNER JOIN street AS other
    ON other.area = own.area
    AND other.subdistrict_code <> own.subdistrict_code
    AND contains(place.address, other.name)
WHERE NOT contains(place.address, own.name)
GROUP BY place.source_sha256, place.source_sheet, place.source_row
