-- Guidance of families as it is, by subdistrict and month: what a station did with its few families shows in no total
-- of one station. Stations report the families they guided without the mode: their number stands with the home visits.
WITH guided AS (
    SELECT
        area_code,
        subdistrict_code,
        report_month,
        'home_visit' AS guidance_mode_code,
        home_visit_count AS session_count,
        household_count
    FROM core_station_report
    UNION ALL
    SELECT
        area_code, subdistrict_code, report_month, 'practice_exchange', practice_exchange_count, CAST(NULL AS BIGINT)
    FROM core_station_report
    UNION ALL
    SELECT area_code, subdistrict_code, report_month, 'online_sharing', online_sharing_count, CAST(NULL AS BIGINT)
    FROM core_station_report
    UNION ALL
    SELECT
        area_code, subdistrict_code, report_month, 'information_guidance', information_guidance_count,
        CAST(NULL AS BIGINT)
    FROM core_station_report
    UNION ALL
    SELECT area_code, subdistrict_code, report_month, 'parenting_class', parenting_class_count, CAST(NULL AS BIGINT)
    FROM core_station_report
)
SELECT
    area_code,
    subdistrict_code,
    report_month,
    guidance_mode_code,
    SUM(session_count) AS session_total,
    SUM(household_count) AS household_total
FROM guided
GROUP BY area_code, subdistrict_code, report_month, guidance_mode_code
HAVING SUM(session_count) IS NOT NULL OR SUM(household_count) IS NOT NULL
