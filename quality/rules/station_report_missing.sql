-- code: station-report-missing
-- severity: warning
-- table: station
-- column: station_id
-- says_zh: 该驿站有的月份没有月报
-- says_en: Some months of this station were not reported
-- advice_zh: 请补报所缺月份的月报；停用的驿站请填写关闭日期
-- advice_en: Report the months that are missing; give the closing date of a station that has closed
-- source: project
-- dq: 0202
-- implements: R-STN-05
-- parameters: station_report_due_day
-- From the first month reported to the last one due, but not after the station closed.
WITH due AS (
    SELECT CASE
        WHEN extract(DAY FROM as_of_on) > $station_report_due_day
            THEN extract(YEAR FROM as_of_on) * 12 + extract(MONTH FROM as_of_on) - 1
        ELSE extract(YEAR FROM as_of_on) * 12 + extract(MONTH FROM as_of_on) - 2
    END AS month_no
    FROM profile_run
),
reported AS (
    SELECT area_code, station_id, CAST(left(report_month, 4) AS INTEGER) * 12 + CAST(right(report_month, 2) AS INTEGER) AS month_no
    FROM station_report
),
expected AS (
    SELECT
        station.*,
        least(due.month_no, coalesce(extract(YEAR FROM closed_on) * 12 + extract(MONTH FROM closed_on), due.month_no))
            AS last_no
    FROM station
    CROSS JOIN due
    WHERE coalesce(station_status_code, 'open') IN ('open', 'closed')
)
SELECT expected.source_sha256, expected.source_sheet, expected.source_row,
    concat('缺 ', max(expected.last_no) - min(reported.month_no) + 1 - count(DISTINCT reported.month_no), ' 个月') AS value
FROM expected
INNER JOIN reported
    ON reported.area_code = expected.area_code
    AND reported.station_id = expected.station_id
    AND reported.month_no <= expected.last_no
GROUP BY expected.source_sha256, expected.source_sheet, expected.source_row
HAVING max(expected.last_no) - min(reported.month_no) + 1 > count(DISTINCT reported.month_no)
