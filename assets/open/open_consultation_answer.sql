-- The questions of the consultation, each by the indicators that answer it: stocks of the latest month, the running one
-- included, flows of the latest month that is over. The target is that of the district's own plan for the place (of the
-- stations of an area, the sum of its streets' plans), else for the whole area that of the definition: what a country
-- or province aims at is no target of a street. It is reached or not when its day has come, and reached when it is so
-- before. What has no answer says what is missing.
WITH latest AS (
    SELECT
        area_code,
        MAX(period) AS last_month,
        MAX(CASE WHEN obs_status_code = 'a' THEN period END) AS full_month
    FROM measure_cell
    WHERE LENGTH(period) = 7
    GROUP BY area_code
),
asked AS (
    SELECT question.code AS question_code, definition.*
    FROM profile_codelist AS question
    INNER JOIN profile_indicator AS definition
        ON CONCAT(';', definition.answers, ';') LIKE CONCAT('%;', question.code, ';%')
    WHERE question.list_name = 'consultation_question'
),
given AS (
    SELECT
        asked.question_code,
        asked.target_value,
        asked.target_on,
        asked.direction,
        cell.indicator_code,
        cell.area_code,
        cell.subdistrict_code,
        cell.period,
        cell.indicator_value,
        cell.unit_code,
        cell.obs_status_code,
        cell.missing_input_code
    FROM open_indicator AS cell
    INNER JOIN latest ON latest.area_code = cell.area_code
    INNER JOIN asked ON asked.code = cell.indicator_code
    WHERE cell.service_form_code = '_T'
        AND cell.period = CASE WHEN asked.kind = 'flow' THEN latest.full_month ELSE latest.last_month END
),
planned AS (
    SELECT
        given.indicator_code,
        given.area_code,
        given.subdistrict_code,
        SUM(plan.target_value) AS target_value,
        MAX(plan.due_on) AS due_on
    FROM (SELECT DISTINCT indicator_code, area_code, subdistrict_code FROM given) AS given
    INNER JOIN open_plan_progress AS plan
        ON plan.area_code = given.area_code
        AND (
            given.indicator_code = 'IND-20.stations'
            AND plan.indicator_code IN ('IND-20', 'IND-20.stations')
            AND (plan.subdistrict_code = given.subdistrict_code OR given.subdistrict_code = '_T')
            OR given.indicator_code NOT IN ('IND-20', 'IND-20.stations')
            AND plan.indicator_code = given.indicator_code
            AND plan.subdistrict_code = given.subdistrict_code
        )
    GROUP BY given.indicator_code, given.area_code, given.subdistrict_code
),
aimed AS (
    SELECT
        given.*,
        run.as_of_on,
        COALESCE(
            planned.target_value, CASE WHEN given.subdistrict_code = '_T' THEN given.target_value END
        ) AS aim_value,
        CASE
            WHEN planned.target_value IS NOT NULL THEN planned.due_on
            WHEN given.subdistrict_code = '_T' THEN given.target_on
        END AS due_on
    FROM given
    CROSS JOIN profile_run AS run
    LEFT JOIN planned
        ON planned.indicator_code = given.indicator_code
        AND planned.area_code = given.area_code
        AND planned.subdistrict_code = given.subdistrict_code
)
SELECT
    question_code,
    indicator_code,
    area_code,
    subdistrict_code,
    period,
    indicator_value,
    unit_code,
    aim_value AS target_value,
    due_on,
    CASE
        WHEN direction = 'higher' AND indicator_value >= aim_value THEN TRUE
        WHEN direction = 'lower' AND indicator_value <= aim_value THEN TRUE
        WHEN direction IN ('higher', 'lower')
            AND indicator_value IS NOT NULL
            AND aim_value IS NOT NULL
            AND due_on <= as_of_on THEN FALSE
    END AS is_reached,
    obs_status_code,
    missing_input_code
FROM aimed
