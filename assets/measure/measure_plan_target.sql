-- What was delivered of each plan for growth stations, on the day it was due (if that day has come) and on the day of
-- the run.
SELECT
    target.area_code,
    target.plan_target_id,
    target.subdistrict_code,
    target.target_value,
    target.due_on,
    CASE WHEN target.due_on <= run.as_of_on THEN SUM(CASE
        WHEN station.opened_on <= target.due_on
            AND (station.closed_on IS NULL OR station.closed_on > target.due_on) THEN 1
        ELSE 0
    END) END AS delivered_by_due_value,
    SUM(CASE
        WHEN station.opened_on <= run.as_of_on
            AND (station.closed_on IS NULL OR station.closed_on > run.as_of_on) THEN 1
        ELSE 0
    END) AS delivered_value
FROM core_plan_target AS target
CROSS JOIN profile_run AS run
LEFT JOIN core_station AS station
    ON station.area_code = target.area_code
    AND (station.subdistrict_code = target.subdistrict_code OR target.subdistrict_code = '_T')
WHERE target.indicator_code IN ('IND-20', 'IND-20.stations')
GROUP BY
    target.area_code, target.plan_target_id, target.subdistrict_code, target.target_value, target.due_on, run.as_of_on
