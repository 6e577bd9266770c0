-- code: community-in-two-subdistricts
-- severity: warning
-- table: filing
-- column: community_name
-- says_zh: 这个社区在其他机构或驿站那里属于另一个街道
-- says_en: Other providers or stations put this community into another subdistrict
-- advice_zh: 请核对社区和街道
-- advice_en: Correct the community or the subdistrict
-- source: 国家统计局统计用区划代码
-- dq: 0402
-- implements: R-GEO-02
-- A district gives no codes of communities, so that their names are held against each other: who states another
-- subdistrict for a community than most do is asked.
WITH stated AS (
    SELECT area_code, community_name, subdistrict_code, provider_id AS stated_by FROM present_filing
    UNION ALL
    SELECT area_code, community_name, subdistrict_code, station_id FROM station
),
counted AS (
    SELECT area_code, community_name, subdistrict_code, count(DISTINCT stated_by) AS times
    FROM stated
    WHERE community_name IS NOT NULL
    GROUP BY area_code, community_name, subdistrict_code
),
ranked AS (
    SELECT
        counted.*,
        max(times) OVER (PARTITION BY area_code, community_name) AS most,
        count(*) OVER (PARTITION BY area_code, community_name, times) AS equals,
        count(*) OVER (PARTITION BY area_code, community_name) AS subdistricts
    FROM counted
)
SELECT present.source_sha256, present.source_sheet, present.source_row, present.community_name AS value
FROM present_filing AS present
INNER JOIN ranked
    ON ranked.area_code = present.area_code
    AND ranked.community_name = present.community_name
    AND ranked.subdistrict_code = present.subdistrict_code
WHERE ranked.subdistricts > 1 AND (ranked.times < ranked.most OR ranked.equals > 1)
