-- One line of the register as one filing as of the snapshot's date.
--
-- The number of a centre is the name of its file in `_path`; the later snapshots repeat it as `id`, always equal.
--
-- Centres listed twice. The copies under the folder of a city as a whole (新北市/) are byte for byte the same in
-- all three snapshots, while those under the folders of its districts (新北市板橋區/) move on: the former are
-- leftovers of an earlier way of collecting. So one line stands for a centre: the one whose folder the address
-- agrees with, of these the one in the most specific folder, of these the first by path (decides one centre of
-- 1,848, which is listed under two districts with an address in each). The others wait as `source-listed-twice`.
--
-- What the register does not say stays empty: nature, profit, filing number and date. The year of the last
-- evaluation is known, its day is not. The name of the person in charge is not read.
WITH listing AS (
    SELECT
        *,
        regexp_extract(_path, '([^/]+)/[^/]+$', 1) AS folder,
        regexp_extract(_path, '([^/]+)\.json$', 1) AS centre,
        substr("所在地", 4) AS place
    FROM source
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY centre ORDER BY starts_with(place, folder) DESC, length(folder) DESC, _path
        ) AS listing_no,
        nullif(regexp_replace("總面積", ' *平方公尺$', ''), '') AS gross,
        nullif(regexp_replace("室內面積", ' *平方公尺$', ''), '') AS indoor,
        nullif(regexp_replace("室外面積", ' *平方公尺$', ''), '') AS outdoor,
        "機構名稱" SIMILAR TO '.*(公設民營|公辦民營|公私協力|政府委[託托].*辦理).*' AS is_entrusted,
        CASE WHEN json_type("收費情形") = 'OBJECT' THEN json_keys("收費情形") ELSE [] END AS modes
    FROM listing
)
SELECT
    _row,
    CASE WHEN listing_no > 1 THEN 'source-listed-twice' END AS _finding_code,
    area.code AS area_code,
    centre AS provider_id,
    'snapshot' AS filing_event_code,
    snapshot_on() AS event_on,
    'filed' AS filing_status_code,
    "機構名稱" AS provider_name,
    CASE
        WHEN is_entrusted AND "機構名稱" NOT LIKE '%私立%' THEN 'public_private'
        WHEN "機構名稱" LIKE '%私立%' AND "機構名稱" NOT LIKE '%委託%' AND NOT is_entrusted THEN 'private'
    END AS operator_code,
    CASE
        WHEN "機構名稱" LIKE '%公共托育家園%' THEN 'community_public_home' ELSE 'infant_care_centre'
    END AS site_type_code,
    'unclassified' AS service_form_code,
    coalesce(
        nullif(concat_ws(';',
            CASE WHEN list_contains(modes, '日間托育') THEN 'full_day' END,
            CASE WHEN list_contains(modes, '半日托育') THEN 'half_day' END,
            CASE WHEN list_contains(modes, '臨時托育') THEN 'temporary' END), ''),
        'not_stated'
    ) AS service_modes,
    -- 0 stands for a centre that has no approval for a number yet (one line of all)
    nullif("核定收托", '0') AS place_count,
    "實際收托" AS enrolled_count,
    area.code || '-' || left("所在地", 3) AS subdistrict_code,
    "所在地" AS address,
    -- a floor area of 0 says nothing; an outdoor area of 0 says that there is none (where unknown it is left out)
    -- some have a third or fourth decimal; the contract has two, as certificates do
    nullif(coalesce(CAST(try_cast(gross AS DECIMAL(18, 2)) AS VARCHAR), gross), '0.00') AS gross_area_m2,
    nullif(coalesce(CAST(try_cast(indoor AS DECIMAL(18, 2)) AS VARCHAR), indoor), '0.00') AS indoor_area_m2,
    coalesce(CAST(try_cast(outdoor AS DECIMAL(18, 2)) AS VARCHAR), outdoor) AS outdoor_area_m2,
    CASE "準公共化資格" WHEN '是' THEN 'true' WHEN '否' THEN 'false' ELSE "準公共化資格" END AS is_inclusive,
    CASE WHEN regexp_matches("聯絡電話", '[0-9]') THEN "聯絡電話" END AS contact_phone,
    CASE WHEN "評鑑等級" <> '' THEN 'tw_infant_care' END AS quality_scheme_code,
    CASE "評鑑等級"
        WHEN '優等' THEN 'tw_excellent' WHEN '甲等' THEN 'tw_a' WHEN '乙等' THEN 'tw_b'
        WHEN '丙等' THEN 'tw_c' WHEN '丁等' THEN 'tw_d' ELSE nullif("評鑑等級", '')
    END AS quality_grade_code,
    -- the source gives up to fifteen decimals of an address's point; a metre is the sixth
    coalesce(CAST(try_cast(longitude AS DECIMAL(9, 6)) AS VARCHAR), longitude) AS longitude,
    coalesce(CAST(try_cast(latitude AS DECIMAL(9, 6)) AS VARCHAR), latitude) AS latitude,
    'wgs84' AS crs_code
FROM ranked
LEFT JOIN profile_codelist AS area ON area.list_name = 'area' AND area.title_zh = left(place, 3)
ORDER BY _row
