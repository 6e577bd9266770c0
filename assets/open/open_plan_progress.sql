-- Each target against what was delivered by the day it was due and by now. Growth stations are counted on these very
-- days; any other indicator is taken from open_indicator, in the same unit, at the end of the last month that was over
-- by the due day, and of the latest month. A target whose day has not come is met when it is reached and otherwise
-- undecided; what is not known is not measured.
WITH target AS (
    SELECT
        plan.area_code,
        plan.plan_target_id,
        plan.subdistrict_code,
        plan.indicator_code,
        plan.target_value,
        plan.unit_code,
        plan.due_on,
        run.as_of_on,
        definition.direction,
        SUBSTRING(CAST(CASE
            WHEN LAST_DAY(plan.due_on) = plan.due_on THEN plan.due_on
            ELSE DATE_ADD(MAKE_DATE(YEAR(plan.due_on), MONTH(plan.due_on), 1), -1)
        END AS STRING), 1, 7) AS due_month
    FROM core_plan_target AS plan
    CROSS JOIN profile_run AS run
    LEFT JOIN profile_indicator AS definition ON definition.code = plan.indicator_code
),
latest AS (
    SELECT area_code, MAX(period) AS month FROM open_indicator WHERE LENGTH(period) = 7 GROUP BY area_code
),
measured AS (
    SELECT
        target.*,
        CASE WHEN target.due_on <= target.as_of_on THEN COALESCE(station.delivered_by_due_value, due.indicator_value) END
            AS by_due,
        COALESCE(station.delivered_value, present.indicator_value) AS by_now
    FROM target
    LEFT JOIN latest ON latest.area_code = target.area_code
    LEFT JOIN measure_plan_target AS station
        ON station.area_code = target.area_code AND station.plan_target_id = target.plan_target_id
    LEFT JOIN open_indicator AS due
        ON due.indicator_code = target.indicator_code
        AND due.area_code = target.area_code
        AND due.subdistrict_code = target.subdistrict_code
        AND due.service_form_code = '_T'
        AND due.period = target.due_month
        AND due.unit_code = COALESCE(target.unit_code, due.unit_code)
    LEFT JOIN open_indicator AS present
        ON present.indicator_code = target.indicator_code
        AND present.area_code = target.area_code
        AND present.subdistrict_code = target.subdistrict_code
        AND present.service_form_code = '_T'
        AND present.period = latest.month
        AND present.unit_code = COALESCE(target.unit_code, present.unit_code)
),
judged AS (
    SELECT
        measured.*,
        CASE WHEN due_on <= as_of_on THEN by_due ELSE by_now END AS counted,
        CASE WHEN direction = 'lower' THEN by_now <= target_value ELSE by_now >= target_value END AS is_reached
    FROM measured
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
    CASE
        WHEN target_value > 0 AND direction <> 'lower'
            THEN ROUND(CAST(counted / target_value AS DECIMAL(18, 6)), 4)
    END AS completion_share,
    CASE
        WHEN by_due IS NOT NULL AND direction = 'lower' THEN by_due <= target_value
        WHEN by_due IS NOT NULL THEN by_due >= target_value
        WHEN due_on > as_of_on AND is_reached THEN TRUE
    END AS is_met
FROM judged
