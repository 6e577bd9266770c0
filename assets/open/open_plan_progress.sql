-- Growth stations open on the day a target was due and on the day of the run, against the target. A target whose day
-- has not come is met when it is reached and otherwise undecided; of other indicators nothing is measured here yet.
WITH delivered AS (
    SELECT
        target.area_code,
        target.plan_target_id,
        SUM(CASE
            WHEN station.opened_on <= target.due_on
                AND (station.closed_on IS NULL OR station.closed_on > target.due_on) THEN 1
            ELSE 0
        END) AS by_due,
        SUM(CASE
            WHEN station.opened_on <= run.as_of_on
                AND (station.closed_on IS NULL OR station.closed_on > run.as_of_on) THEN 1
            ELSE 0
        END) AS by_now
    FROM core_plan_target AS target
    CROSS JOIN profile_run AS run
    LEFT JOIN core_station AS station
        ON station.area_code = target.area_code
        AND (station.subdistrict_code = target.subdistrict_code OR target.subdistrict_code = '_T')
    WHERE target.indicator_code IN ('IND-20', 'IND-20.stations')
    GROUP BY target.area_code, target.plan_target_id
),
measured AS (
    SELECT
        target.*,
        CASE WHEN target.due_on <= run.as_of_on THEN delivered.by_due END AS by_due,
        delivered.by_now,
        CASE WHEN target.due_on <= run.as_of_on THEN delivered.by_due ELSE delivered.by_now END AS counted
    FROM core_plan_target AS target
    CROSS JOIN profile_run AS run
    LEFT JOIN delivered
        ON delivered.area_code = target.area_code AND delivered.plan_target_id = target.plan_target_id
)
SELECT
    area_code,
    plan_target_id,
    subdistrict_code,
    indicator_code,
    target_value,
    unit_code,
    due_on,
    by_due AS delivered_by_due_value,
    by_now AS delivered_value,
    CASE WHEN target_value > 0 THEN ROUND(CAST(counted / target_value AS DECIMAL(18, 6)), 4) END AS completion_share,
    CASE WHEN by_due IS NOT NULL OR by_now >= target_value THEN counted >= target_value END AS is_met
FROM measured
